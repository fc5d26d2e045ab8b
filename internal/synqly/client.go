// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package synqly is a client of the ticketing part of the Synqly Connector API
// (https://docs.synqly.com).
//
// It does exactly what it is told, once: it never retries, never follows a redirect, and what it
// sends with POST or PATCH cannot be sent again by net/http either, because the API has no
// idempotency key. Whether a create that failed may have happened all the same is what
// [CommitmentOf] says.
package synqly

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// DefaultBaseURL is the API in North America. There is one in Europe, and there are self-hosted
	// ones.
	DefaultBaseURL = "https://api.synqly.com"
	// DefaultRequestTimeout is how long one HTTP request may take, its answer's body included.
	DefaultRequestTimeout = 30 * time.Second

	defaultUserAgent = "synqly-ticketing-operator"
)

// Options say whom a Client talks to, and how.
type Options struct {
	// BaseURL is the API's URL, optionally with a path that all operations are below.
	// DefaultBaseURL when empty.
	BaseURL string
	// Token is the token of one Synqly integration. White space around it is dropped: a Secret made
	// from a file ends in a newline more often than not.
	Token string `json:"-"`
	// RequestTimeout bounds one HTTP request, body included. DefaultRequestTimeout when zero. A
	// context that ends earlier wins.
	RequestTimeout time.Duration
	// Transport sends the requests; one to public addresses alone when nil. An error of it that has
	// a method NeverSent() bool which returns true is a refusal: the request has not left this
	// process.
	Transport http.RoundTripper
	// AllowInsecureHTTP allows a BaseURL with http://, over which everybody on the way can read the
	// token.
	AllowInsecureHTTP bool
	// UserAgent is the header of that name; the product's name when empty.
	UserAgent string
	// Pacer lets each request go out, and learns of each answer. Nil for requests that go out at
	// once.
	Pacer Pacer
	// AdmitLarge is asked before the rest of an answer of more than 512 KiB is read, or one of
	// more than 2,000 objects is decoded, and may wait. It returns what is called when the answer
	// is decoded: an answer takes several times its size of memory until then. Nil where the memory
	// is the caller's own.
	AdmitLarge func(context.Context) (done func(), err error)
}

// String leaves the token out, and the base URL, which has not been looked at for a password yet.
func (o Options) String() string { return "synqly.Options" }

// GoString is String.
func (o Options) GoString() string { return o.String() }

// Client calls the operations of the API with one token. It is safe for concurrent use.
type Client struct {
	baseURL        *url.URL
	token          string
	requestTimeout time.Duration
	transport      http.RoundTripper
	userAgent      string
	redact         redactor
	pacer          Pacer
	admitLarge     func(context.Context) (done func(), err error)
	now            func() time.Time
	maxPages       int
	maxDataBytes   int
	maxListBytes   int
	largeTime      time.Duration
}

// NewClient returns a client, or a *ConfigurationError that names what is wrong with the options.
// It sends nothing.
func NewClient(options Options) (*Client, error) {
	baseURL, err := parseBaseURL(options.BaseURL, options.AllowInsecureHTTP)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(options.Token)
	if err := checkToken(token); err != nil {
		return nil, err
	}
	client := &Client{
		baseURL:        baseURL,
		token:          token,
		requestTimeout: options.RequestTimeout,
		transport:      options.Transport,
		userAgent:      options.UserAgent,
		redact:         newRedactor(token),
		pacer:          options.Pacer,
		admitLarge:     options.AdmitLarge,
		now:            time.Now,
		maxPages:       maxPages,
		maxDataBytes:   maxDataBytes,
		maxListBytes:   maxListBytes,
		largeTime:      largeTime,
	}
	switch {
	case client.requestTimeout == 0:
		client.requestTimeout = DefaultRequestTimeout
	case client.requestTimeout < 0:
		return nil, &ConfigurationError{Option: "request timeout", Reason: "it is negative; use a positive duration such as 30s"}
	}
	if client.transport == nil {
		client.transport = NewTransport(Destinations{})
	}
	if client.admitLarge == nil {
		client.admitLarge = func(context.Context) (func(), error) { return func() {}, nil }
	}
	if client.userAgent == "" {
		client.userAgent = defaultUserAgent
	}
	if !isPrintableASCII(client.userAgent, ' ') {
		return nil, &ConfigurationError{Option: "user agent", Reason: "it contains characters that are not allowed in an HTTP header"}
	}
	return client, nil
}

// String leaves the token out.
func (c *Client) String() string { return fmt.Sprintf("synqly.Client(%s)", c.baseURL) }

// GoString leaves the token out.
func (c *Client) GoString() string { return c.String() }

// CloseIdleConnections closes the connections that the client keeps for later requests. For a
// client that is replaced, after its token was rotated for example; requests under way are not
// disturbed. It concerns every user of a shared Transport.
func (c *Client) CloseIdleConnections() {
	if transport, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		transport.CloseIdleConnections()
	}
}

func parseBaseURL(text string, allowInsecureHTTP bool) (*url.URL, error) {
	if text == "" {
		text = DefaultBaseURL
	}
	refuse := func(reason string) (*url.URL, error) {
		return nil, &ConfigurationError{Option: "base URL", Reason: reason}
	}
	parsed, err := url.Parse(text)
	if err != nil {
		// The parser's message quotes the URL, password included.
		return refuse("it is not a URL; use one such as " + DefaultBaseURL)
	}
	switch {
	case parsed.Scheme != "https" && parsed.Scheme != "http":
		return refuse("its scheme is not https; use a URL such as " + DefaultBaseURL)
	case parsed.User != nil:
		return refuse("it contains a user name or a password; remove them: the token in the Secret is the only credential")
	case parsed.Hostname() == "":
		return refuse("it has no host; use a URL such as " + DefaultBaseURL)
	case parsed.RawQuery != "" || parsed.ForceQuery:
		return refuse("it has a query; remove the question mark and everything after it")
	case strings.Contains(text, "#"):
		return refuse("it has a fragment; remove the number sign (#) and everything after it")
	case parsed.Scheme == "http" && !allowInsecureHTTP:
		return refuse("its scheme is http, which is not encrypted; use https, or start the manager with --allow-insecure-http")
	}
	return parsed, nil
}

func checkToken(token string) error {
	if token == "" {
		return &ConfigurationError{Option: "token", Reason: "it is empty; put the token of a Synqly integration into the Secret"}
	}
	if !isPrintableASCII(token, '!') {
		return &ConfigurationError{
			Option: "token", Reason: "it contains white space or other characters that are not allowed in a token; store only the token in the Secret",
		}
	}
	return nil
}

func isPrintableASCII(text string, lowest rune) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < lowest || r > '~' })
}
