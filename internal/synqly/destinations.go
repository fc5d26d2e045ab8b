// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Destinations are the addresses at which a Transport accepts the API, beside those of the public
// internet. Whoever chooses a base URL must not reach through the operator what only the operator
// can reach: the services of the cluster, its nodes, the metadata of the cloud. The zero value
// accepts public addresses alone.
type Destinations struct {
	networks []netip.Prefix
	hosts    []string
}

// ParseDestinations reads networks such as 10.20.0.0/16 and host names such as api.example.com or
// *.example.com, which stands for all names below example.com.
func ParseDestinations(networks, hosts []string) (Destinations, error) {
	var parsed Destinations
	for _, text := range networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return Destinations{}, fmt.Errorf("%q is not a network in CIDR notation, such as 10.20.0.0/16 or fd00:20::/32", text)
		}
		parsed.networks = append(parsed.networks, network.Masked())
	}
	for _, text := range hosts {
		host := canonicalHost(text)
		name := strings.TrimPrefix(host, "*.")
		if _, err := netip.ParseAddr(name); err == nil {
			return Destinations{}, fmt.Errorf("%q is an address and not a host name; allow its network instead", text)
		}
		if name == "" || strings.ContainsAny(name, "*/:@ ") {
			return Destinations{}, fmt.Errorf("%q is not a host name, such as api.example.com or *.example.com", text)
		}
		parsed.hosts = append(parsed.hosts, host)
	}
	return parsed, nil
}

// canonicalHost writes a host name in the one way in which it is compared.
func canonicalHost(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// allowsHost reports whether a host may be at any address.
func (d Destinations) allowsHost(name string) bool {
	name = canonicalHost(name)
	return slices.ContainsFunc(d.hosts, func(allowed string) bool {
		if domain, wildcard := strings.CutPrefix(allowed, "*"); wildcard {
			return strings.HasSuffix(name, domain) && name != domain
		}
		return name == allowed
	})
}

// check returns a *BlockedAddressError unless the host may be connected to at the address.
func (d Destinations) check(host string, address netip.Addr) error {
	// The zone says through which interface, and an IPv4 address may be written as an IPv6 one.
	address = address.WithZone("").Unmap()
	effective := embeddedIPv4(address)
	allowed := slices.ContainsFunc(d.networks, func(network netip.Prefix) bool {
		return network.Contains(address) || network.Contains(effective)
	})
	if allowed || d.allowsHost(host) {
		return nil
	}
	if kind := specialKind(effective); kind != "" {
		return &BlockedAddressError{Host: host, Address: address, Kind: kind}
	}
	return nil
}

// checkUnresolved checks the host of a request that goes through a proxy: the proxy resolves names,
// so that only addresses can be checked.
func (d Destinations) checkUnresolved(target *url.URL) error {
	host := target.Hostname()
	if address, err := netip.ParseAddr(host); err == nil {
		return d.check(host, address)
	}
	if looksLikeAddress(host) && !d.allowsHost(host) {
		return &BlockedAddressError{Host: host, Kind: "an address in an unusual notation"}
	}
	return nil
}

// looksLikeAddress reports whether a host may be an IPv4 address for a proxy, although it is none
// in the usual notation: 127.1, 0x7f000001. No top-level domain begins with a digit.
func looksLikeAddress(host string) bool {
	host = canonicalHost(host)
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && last[0] >= '0' && last[0] <= '9'
}

// BlockedAddressError says that the operator does not connect to an address, because it is not a
// public one and nobody has allowed it.
type BlockedAddressError struct {
	Host string
	// Address is what the host was resolved to; the zero value where it was not resolved.
	Address netip.Addr
	// Kind says what kind of address it is.
	Kind string
}

func (e *BlockedAddressError) Error() string {
	where := e.Host
	if e.Address.IsValid() && e.Address.String() != e.Host {
		where += " at " + e.Address.String()
	}
	return fmt.Sprintf("the operator does not connect to %s, which is %s: an administrator can allow it with the flags "+
		"--allowed-api-cidrs or --allowed-api-hosts of the manager", where, e.Kind)
}

// NeverSent is true: there was no connection.
func (e *BlockedAddressError) NeverSent() bool { return true }

// special are the networks of the special-purpose address registries of IANA that are not part of
// the public internet, and one address of a cloud provider in the midst of public ones.
var special = []struct {
	network netip.Prefix
	kind    string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private address"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a shared address (carrier-grade NAT)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback address"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a metadata address of a cloud provider"},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private address"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved address"},
	{netip.MustParsePrefix("192.0.2.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a reserved address"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private address"},
	{netip.MustParsePrefix("198.18.0.0/15"), "an address for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address"},

	{netip.MustParsePrefix("::/128"), "an unspecified address"},
	{netip.MustParsePrefix("::1/128"), "a loopback address"},
	{netip.MustParsePrefix("2001::/23"), "a reserved address"}, // With Teredo, whose addresses contain others.
	{netip.MustParsePrefix("2001:db8::/32"), "an address for documentation"},
	{netip.MustParsePrefix("2002::/16"), "a 6to4 address"},
	{netip.MustParsePrefix("3fff::/20"), "an address for documentation"},
	{netip.MustParsePrefix("fc00::/7"), "a private address"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local address"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast address"},
}

// globalUnicast is what IANA gives out of the IPv6 addresses. All else is special, whether it has a
// name yet or not.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// specialKind says what kind of special address it is; empty for a public one.
func specialKind(address netip.Addr) string {
	for _, each := range special {
		if each.network.Contains(address) {
			return each.kind
		}
	}
	if address.Is6() && !globalUnicast.Contains(address) {
		return "a reserved address"
	}
	return ""
}

// nat64 is the well-known prefix under which a cluster that has IPv6 alone reaches IPv4 (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// embeddedIPv4 is the IPv4 address that packets to a NAT64 address end at; any other address is
// itself.
func embeddedIPv4(address netip.Addr) netip.Addr {
	if !nat64.Contains(address) {
		return address
	}
	bytes := address.As16()
	return netip.AddrFrom4([4]byte(bytes[12:]))
}

// checkDial checks what a dialer is about to connect to, after the host was resolved: a name could
// have another address each time that it is looked up.
func (d Destinations) checkDial(host, resolved string) error {
	numeric, _, err := net.SplitHostPort(resolved)
	if err != nil {
		return fmt.Errorf("reading the address of %s: %w", host, err)
	}
	address, err := netip.ParseAddr(numeric)
	if err != nil {
		return fmt.Errorf("reading the address of %s: %w", host, err)
	}
	return d.check(host, address)
}
