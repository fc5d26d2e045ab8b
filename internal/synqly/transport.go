// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// Transport sends requests to destinations that are accepted, and to no others. It keeps
// connections for later requests, and has a timeout for each phase before the answer. Of the
// environment it takes the proxy alone.
type Transport struct {
	accepted Destinations
	// direct connects to the API, and checks each address at the dial. proxied connects to nothing
	// but the proxy, which the administrator of the operator has chosen and which may be anywhere.
	direct, proxied *http.Transport
	// proxy is the proxy for a request, nil for none.
	proxy func(*http.Request) (*url.URL, error)
}

// NewTransport returns a transport that accepts the public internet and these destinations.
func NewTransport(accepted Destinations) *Transport {
	t := &Transport{accepted: accepted, proxy: http.ProxyFromEnvironment}
	t.direct = newHTTPTransport(t.dialChecked)
	t.proxied = newHTTPTransport(newDialer().DialContext)
	t.proxied.Proxy = func(request *http.Request) (*url.URL, error) { return t.proxy(request) }
	return t
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	proxy, err := t.proxy(request)
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		return t.direct.RoundTrip(request)
	}
	if err := t.accepted.checkUnresolved(request.URL); err != nil {
		return nil, err
	}
	return t.proxied.RoundTrip(request)
}

// CloseIdleConnections closes the connections that are kept for later requests.
func (t *Transport) CloseIdleConnections() {
	t.direct.CloseIdleConnections()
	t.proxied.CloseIdleConnections()
}

// dialChecked connects to an address of a host that is accepted. Of several, those that are not are
// passed over.
func (t *Transport) dialChecked(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := newDialer()
	// After the lookup and before the connection: whatever DNS says then is what is connected to.
	dialer.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
		return t.accepted.checkDial(host, resolved)
	}
	return dialer.DialContext(ctx, network, address)
}

func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
}

func newHTTPTransport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true, // A dialer of our own turns HTTP/2 off otherwise.
		MaxIdleConns:        100,
		MaxIdleConnsPerHost: 32, // The default of 2 closes connections as soon as there are some workers.
		// Below the 60 seconds after which common load balancers close theirs. A POST that meets
		// such a close gets no answer, and is then unconfirmed for minutes.
		IdleConnTimeout:        50 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		// Without pings a dead HTTP/2 connection, which all requests share, is noticed only when
		// the kernel gives it up.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 20 * time.Second, PingTimeout: 10 * time.Second},
	}
}
