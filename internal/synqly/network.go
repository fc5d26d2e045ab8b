// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"net/textproto"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
)

// connectionTrace reports whether net/http got as far as to have a connection for a request.
type connectionTrace struct {
	wanted, got atomic.Bool
}

func (t *connectionTrace) attach(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
	})
}

// neverSent says whether a request whose RoundTrip failed with err has certainly not been sent.
func (t *connectionTrace) neverSent(err error) bool {
	var refusal interface{ NeverSent() bool }
	if errors.As(err, &refusal) {
		return refusal.NeverSent()
	}
	// A connection is handed out after its TLS handshake. That it was wanted shows that net/http is
	// at work here, and not a RoundTripper that does without: there, the absence of a connection
	// would prove nothing.
	if t.wanted.Load() {
		return !t.got.Load()
	}
	return isConnectFailure(err)
}

// isConnectFailure recognises the errors of net and crypto/tls that come before a connection is of
// any use.
func isConnectFailure(err error) bool {
	var (
		lookup      *net.DNSError
		operation   *net.OpError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &lookup), errors.As(err, &certificate), errors.As(err, &record):
		return true
	case errors.As(err, &operation):
		return operation.Op == "dial" || operation.Op == "proxyconnect"
	default:
		return false
	}
}

// connecting says whether a request that failed was still waiting for a connection.
func (t *connectionTrace) connecting() bool { return t.wanted.Load() && !t.got.Load() }

// describeNetworkError says what happened to a request, in words that are the same each time: the
// errors of net and crypto name local ports, one address of several and the present time, and which
// of several errors a lost connection gives is chance.
func describeNetworkError(err error, host string, connecting bool, redact redactor) string {
	var (
		lookup      *net.DNSError
		operation   *net.OpError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		refusal     interface{ NeverSent() bool }
		blocked     *BlockedAddressError
	)
	switch {
	case errors.As(err, &blocked):
		return redact.line(blocked.Error()) // The dialer wraps it, with the port.
	case errors.As(err, &refusal):
		return redact.line(err.Error())
	case errors.Is(err, context.Canceled):
		return "the request was canceled before the response was complete"
	case connecting && isTimeout(err):
		// One text for lookup, dial and handshake: which of them a deadline meets, or whether it is
		// the deadline of the request that ends first, is chance too.
		return fmt.Sprintf("timed out connecting to %s", host)
	case errors.As(err, &lookup):
		return fmt.Sprintf("host %s cannot be resolved: %s", host, describeLookup(lookup))
	case errors.As(err, &operation) && operation.Op == "proxyconnect":
		return fmt.Sprintf("cannot connect to the proxy for %s: %s", host, describeConnect(operation.Err, redact))
	case errors.As(err, &operation) && operation.Op == "dial":
		return fmt.Sprintf("cannot connect to %s: %s", host, describeConnect(operation.Err, redact))
	case errors.As(err, &certificate):
		return fmt.Sprintf("the certificate of %s is not trusted: %s", host, describeCertificate(certificate.Err, redact))
	case errors.As(err, &record):
		return fmt.Sprintf("cannot connect to %s: the server does not use TLS", host)
	case isTimeout(err):
		return fmt.Sprintf("timed out waiting for the complete response from %s", host)
	case isConnectionEnd(err):
		return fmt.Sprintf("the connection to %s was closed before the response was complete", host)
	default:
		return fmt.Sprintf("no response from %s: %s", host, withoutQuotes(err, redact))
	}
}

// withoutQuotes leaves out what an error of net/http quotes of an answer that is no HTTP: whoever
// sees the text must not learn what other services say.
func withoutQuotes(err error, redact redactor) string {
	var malformed textproto.ProtocolError
	text := err.Error()
	if errors.As(err, &malformed) || strings.Contains(text, "malformed") {
		return "it is not HTTP"
	}
	text, _, _ = strings.Cut(redact.line(text), `"`)
	return withoutChance(strings.TrimSpace(text))
}

func describeLookup(err *net.DNSError) string {
	switch {
	case err.IsNotFound:
		return "no such host"
	default:
		return "the DNS lookup failed" // Its own text names addresses and ports.
	}
}

func describeConnect(err error, redact redactor) string {
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		return number.Error()
	case isTimeout(err):
		return "timed out"
	default:
		return withoutChance(redact.line(err.Error()))
	}
}

func describeCertificate(err error, redact redactor) string {
	var (
		invalid   x509.CertificateInvalidError
		authority x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not yet valid" // Its own text names the present time.
	case errors.As(err, &authority):
		return "it is signed by an unknown authority"
	default:
		return withoutChance(redact.line(err.Error()))
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}

func isConnectionEnd(err error) bool {
	for _, end := range []error{
		io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, net.ErrClosed,
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	// These have no exported value to compare with.
	for _, text := range []string{
		"server closed idle connection", "client connection lost", "client connection force closed", "GOAWAY", "stream error",
	} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

var addressPair = regexp.MustCompile(`\S+:\d+->\S+:\d+`)

// withoutChance leaves out of a line what differs each time.
func withoutChance(text string) string {
	const limit = 256
	return shorten(addressPair.ReplaceAllString(text, "connection"), limit)
}
