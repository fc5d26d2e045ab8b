// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package patchtest helps tests to see what a JSON Patch makes of a remote object.
package patchtest

import (
	"encoding/json"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Apply is what a server does with the patch.
func Apply(tb testing.TB, document []byte, patch []synqly.PatchOperation) []byte {
	tb.Helper()
	encoded, err := json.Marshal(patch)
	if err != nil {
		tb.Fatalf("encoding the patch: %v", err)
	}
	decoded, err := jsonpatch.DecodePatch(encoded)
	if err != nil {
		tb.Fatalf("decoding the patch %s: %v", encoded, err)
	}
	patched, err := decoded.Apply(document)
	if err != nil {
		tb.Fatalf("applying %s to %s: %v", encoded, document, err)
	}
	return patched
}

// Members are those of a JSON object.
func Members(tb testing.TB, document []byte) map[string]json.RawMessage {
	tb.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		tb.Fatalf("decoding %s: %v", document, err)
	}
	return members
}

// Text is a text as it is after a way through JSON.
func Text(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
