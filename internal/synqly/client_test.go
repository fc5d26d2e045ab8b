// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestNewClientRefusesOptions(t *testing.T) {
	cases := map[string]struct {
		options Options
		want    string // is part of the error
	}{
		"no scheme":           {Options{Token: canary, BaseURL: "api.synqly.com"}, "scheme"},
		"another scheme":      {Options{Token: canary, BaseURL: "ftp://api.synqly.com"}, "scheme"},
		"no host":             {Options{Token: canary, BaseURL: "https:///v1"}, "host"},
		"a port alone":        {Options{Token: canary, BaseURL: "https://:443"}, "host"},
		"no URL":              {Options{Token: canary, BaseURL: "https://user:" + canary + "@api synqly"}, "not a URL"},
		"a user":              {Options{Token: canary, BaseURL: "https://user:canary-4f1d8a@api.synqly.com"}, "password"},
		"a query":             {Options{Token: canary, BaseURL: "https://api.synqly.com?token=" + canary}, "query"},
		"an empty query":      {Options{Token: canary, BaseURL: "https://api.synqly.com?"}, "query"},
		"a fragment":          {Options{Token: canary, BaseURL: "https://api.synqly.com#" + canary}, "fragment"},
		"an empty fragment":   {Options{Token: canary, BaseURL: "https://api.synqly.com#"}, "fragment"},
		"http":                {Options{Token: canary, BaseURL: "http://api.synqly.com"}, "--allow-insecure-http"},
		"no token":            {Options{}, "token"},
		"a token of spaces":   {Options{Token: " \n"}, "token"},
		"a token of two":      {Options{Token: canary + "\n" + canary}, "token"},
		"a token in Cyrillic": {Options{Token: canary + "Ж"}, "token"},
		"a negative timeout":  {Options{Token: canary, RequestTimeout: -time.Second}, "timeout"},
		"a broken user agent": {Options{Token: canary, UserAgent: "a\r\nX-Other: b"}, "user agent"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			client, err := NewClient(test.options)
			var configuration *ConfigurationError
			if client != nil || !errors.As(err, &configuration) {
				t.Fatalf("NewClient = %v, %v, want a *ConfigurationError", client, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not speak of %q", err, test.want)
			}
			if got := CommitmentOf(err); got != NotCommitted {
				t.Errorf("CommitmentOf = %v", got)
			}
			expectNoToken(t, err.Error())
		})
	}
}

func TestNewClientAcceptsBaseURLs(t *testing.T) {
	for baseURL, want := range map[string]string{
		"":                              "https://api.synqly.com/v1/ticketing/tickets/a%2Fb",
		"https://api-eu.synqly.com":     "https://api-eu.synqly.com/v1/ticketing/tickets/a%2Fb",
		"HTTPS://synqly.local:8443/":    "https://synqly.local:8443/v1/ticketing/tickets/a%2Fb",
		"https://example.com/synqly":    "https://example.com/synqly/v1/ticketing/tickets/a%2Fb",
		"https://example.com/a%2Fb/c/":  "https://example.com/a%2Fb/c/v1/ticketing/tickets/a%2Fb",
		"https://[2001:db8::1]:8443/v0": "https://[2001:db8::1]:8443/v0/v1/ticketing/tickets/a%2Fb",
	} {
		t.Run(baseURL, func(t *testing.T) {
			var got string
			client, err := NewClient(Options{BaseURL: baseURL, Token: canary, Transport: roundTripper(
				func(request *http.Request) (*http.Response, error) {
					got = request.URL.String()
					return nil, errors.New("enough seen")
				})})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = client.GetTicket(t.Context(), "a/b")
			if got != want {
				t.Errorf("the URL is %s, want %s", got, want)
			}
		})
	}
}

func TestTokenIsTrimmed(t *testing.T) {
	var got string
	client, err := NewClient(Options{Token: " " + canary + "\r\n", Transport: roundTripper(
		func(request *http.Request) (*http.Response, error) {
			got = request.Header.Get("Authorization")
			return nil, errors.New("enough seen")
		})})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.GetTicket(t.Context(), "1")
	if want := "Bearer " + canary; got != want {
		t.Errorf("Authorization = %q, want %q", got, want)
	}
}

func TestPrintingAClientShowsNoToken(t *testing.T) {
	options := Options{BaseURL: "https://api.synqly.com", Token: canary}
	client, err := NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		expectNoToken(t, fmt.Sprintf(format, client))
		expectNoToken(t, fmt.Sprintf(format, options))
	}
}
