// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// What stands between the operator and the API answers too: a proxy, a gateway, a page to sign in.
// Such an answer says nothing about remote objects, whatever its status.

// ForeignBody is the body of an answer that is not the API's own. Nothing of what it says is kept:
// it may be anything, and what is kept is shown to people.
type ForeignBody struct {
	// MediaType is what it claims to be; empty where it does not say, or names no common one.
	MediaType string
	// Size is its size in bytes, as far as it was read.
	Size int
}

func (b ForeignBody) String() string {
	// Pages with a number or a time of their request in them differ by some bytes each time.
	size := "less than 1 KiB"
	switch {
	case b.Size == 0:
		size = "no content"
	case b.Size >= 1<<10:
		size = fmt.Sprintf("about %d KiB", b.Size>>10)
	}
	if b.MediaType == "" {
		return fmt.Sprintf("it is not a response of the Synqly API (%s)", size)
	}
	return fmt.Sprintf("it is not a response of the Synqly API (%s, %s)", b.MediaType, size)
}

// commonMediaTypes are what proxies, gateways and other servers send. Another text is not repeated:
// it may be the token, in the lower case of a media type, in which nobody would know it.
var commonMediaTypes = []string{
	"application/javascript", "application/json", "application/octet-stream", "application/problem+json", "application/soap+xml",
	"application/xhtml+xml", "application/xml", "image/gif", "image/jpeg", "image/png", "image/svg+xml", "text/css", "text/event-stream", "text/html", "text/javascript", "text/json", "text/plain", "text/xml",
}

// foreignBody describes a body that is not the API's.
func foreignBody(header http.Header, body []byte) *ForeignBody {
	foreign := &ForeignBody{Size: len(body)}
	if mediaType := mediaTypeOf(header); slices.Contains(commonMediaTypes, mediaType) {
		foreign.MediaType = mediaType
	}
	return foreign
}

// mediaTypeOf is what the header Content-Type says; empty where it says nothing.
func mediaTypeOf(header http.Header) string {
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mediaType
}

// mayBeJSON reports whether the header allows that the body is JSON. Servers that do not say what
// they send, or say that it is just text or bytes, leave it to the body.
func mayBeJSON(header http.Header) bool {
	switch mediaType := mediaTypeOf(header); mediaType {
	case "", "application/json", "text/json", "text/plain", "application/octet-stream":
		return true
	default:
		return strings.HasSuffix(mediaType, "+json")
	}
}

// isBlank reports whether there is nothing in a body.
func isBlank(body []byte) bool { return len(bytes.TrimSpace(withoutBOM(body))) == 0 }

// withoutBOM drops a byte order mark, which JSON must not begin with and some servers send.
func withoutBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")) }

// confirmsNothing reports whether the body of a success of an operation without content is foreign.
// The API documents that there is none; an envelope without a result does no harm.
func confirmsNothing(header http.Header, body []byte) bool {
	switch {
	case !mayBeJSON(header):
		return true
	case isBlank(body):
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(withoutBOM(body)))
	decoder.DisallowUnknownFields()
	var outer envelope
	return decoder.Decode(&outer) != nil
}
