// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// parseDestinations fails the test where the destinations are not valid.
func parseDestinations(t *testing.T, networks, hosts []string) Destinations {
	t.Helper()
	parsed, err := ParseDestinations(networks, hosts)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestOnlyPublicAddressesAreAccepted(t *testing.T) {
	for address, kind := range map[string]string{
		"0.0.0.0": "unspecified", "127.0.0.1": "loopback", "127.255.255.254": "loopback", "10.0.0.1": "private",
		"172.16.0.1": "private", "172.31.255.255": "private", "192.168.1.1": "private", "100.64.0.1": "shared",
		"169.254.169.254": "link-local", "168.63.129.16": "metadata", "192.0.0.192": "reserved",
		"192.0.2.1": "documentation", "198.51.100.1": "documentation", "203.0.113.1": "documentation",
		"198.18.0.1": "benchmarks", "224.0.0.1": "multicast", "240.0.0.1": "reserved", "255.255.255.255": "reserved",
		"::": "unspecified", "::1": "loopback", "fd00:ec2::254": "private", "fe80::1": "link-local", "fe80::1%eth0": "link-local",
		"ff02::1": "multicast", "2001:db8::1": "documentation", "3fff::1": "documentation", "2001::1": "reserved",
		"fec0::1": "reserved", "4000::1": "reserved",
		// IPv4 addresses inside IPv6 ones.
		"::ffff:127.0.0.1": "loopback", "::ffff:10.0.0.1": "private", "::127.0.0.1": "reserved", "2002:7f00:1::1": "6to4",
		"64:ff9b::10.0.0.1": "private", "64:ff9b::169.254.169.254": "link-local", "64:ff9b:1::10.0.0.1": "reserved",
	} {
		err := Destinations{}.check("api.example.com", netip.MustParseAddr(address))
		var blocked *BlockedAddressError
		if !errors.As(err, &blocked) || !strings.Contains(blocked.Kind, kind) {
			t.Errorf("%s: error = %v, want a *BlockedAddressError that says %q", address, err, kind)
		}
	}
	for _, address := range []string{
		"1.1.1.1", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.167.255.255", "223.255.255.255",
		"2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
	} {
		if err := (Destinations{}).check("api.example.com", netip.MustParseAddr(address)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAcceptedDestinations(t *testing.T) {
	accepted := parseDestinations(t, []string{"10.20.0.0/16", "fd00:20::/32"}, []string{"Synqly.internal.", "*.example.com"})
	for _, test := range []struct {
		host, address string
		want          bool
	}{
		{"any", "10.20.1.2", true},
		{"any", "::ffff:10.20.1.2", true},
		{"any", "64:ff9b::10.20.1.2", true},
		{"any", "10.21.0.1", false},
		{"any", "fd00:20::1", true},
		{"any", "fd00:21::1", false},
		{"synqly.internal", "192.168.0.1", true},
		{"SYNQLY.INTERNAL.", "192.168.0.1", true},
		{"api.synqly.internal", "192.168.0.1", false},
		{"api.example.com", "192.168.0.1", true},
		{"eu.api.example.com", "192.168.0.1", true},
		{"example.com", "192.168.0.1", false},
		{"notexample.com", "192.168.0.1", false},
	} {
		if err := accepted.check(test.host, netip.MustParseAddr(test.address)); (err == nil) != test.want {
			t.Errorf("%s at %s: error = %v, accepted %t", test.host, test.address, err, test.want)
		}
	}
}

func TestDestinationsThatAreNone(t *testing.T) {
	for _, network := range []string{"10.0.0.1", "10.0.0.0/33", "", "example.com"} {
		if _, err := ParseDestinations([]string{network}, nil); err == nil {
			t.Errorf("the network %q is accepted", network)
		}
	}
	for _, host := range []string{"*", "*.", "", "a.*.example.com", "https://example.com", "example.com:443", "10.0.0.1", "::1"} {
		if _, err := ParseDestinations(nil, []string{host}); err == nil {
			t.Errorf("the host %q is accepted", host)
		}
	}
}

// TestBlockedAtTheDial: a name that resolves to an address of the machine itself is not connected
// to, whatever the name is.
func TestBlockedAtTheDial(t *testing.T) {
	requests := 0
	server, _ := newServer(t, func(http.ResponseWriter, *http.Request) { requests++ })
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		client := newClient(t, Options{BaseURL: "http://" + host + ":" + target.Port(), Transport: NewTransport(Destinations{})})
		_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
		if ClassOf(err) != Blocked || CommitmentOf(err) != NotCommitted {
			t.Errorf("%s: error = %v (%v, %v), want a blocked request that was never sent", host, err, ClassOf(err), CommitmentOf(err))
		}
		for _, part := range []string{"CreateTicket: the operator does not connect to ", "loopback", "--allowed-api-cidrs"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error = %v, want one that says %q", host, err, part)
			}
		}
	}
	if requests != 0 {
		t.Errorf("%d requests arrived", requests)
	}
}

// TestProxiedTargets: the proxy may be anywhere, because the administrator has chosen it. It
// resolves names itself, so that only addresses are checked before.
func TestProxiedTargets(t *testing.T) {
	var asked []string
	proxy, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Host)
		respondJSON(http.StatusOK, `{"result": []}`)(w, r)
	})
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := NewTransport(parseDestinations(t, []string{"10.20.0.0/16"}, nil))
	transport.proxy = http.ProxyURL(proxyURL)
	for host, want := range map[string]bool{
		"api.example.com": true, "1.1.1.1": true, "10.20.0.1": true,
		"10.0.0.1": false, "169.254.169.254": false, "[::1]": false, "127.1": false, "0x7f000001": false, "2130706433": false, "127.0.0.1.": false,
	} {
		asked = nil
		_, err := All(newClient(t, Options{BaseURL: "http://" + host, Transport: transport}).ListProjects(t.Context(), PageQuery{}))
		if want != (err == nil) || want != (len(asked) == 1) {
			t.Errorf("%s: error = %v, the proxy was asked for %q, accepted %t", host, err, asked, want)
		}
		if !want && (ClassOf(err) != Blocked || CommitmentOf(err) != NotCommitted) {
			t.Errorf("%s: %v is %v", host, err, ClassOf(err))
		}
	}
}
