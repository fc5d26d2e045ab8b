// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// PatchOperation is one operation of a JSON Patch (RFC 6902).
type PatchOperation struct {
	// Op is add, copy, move, remove, replace or test.
	Op string `json:"op"`
	// Path is a JSON Pointer (RFC 6901), such as /custom_fields/region.
	Path string `json:"path"`
	// From is a JSON Pointer too, for copy and move.
	From string `json:"from,omitempty"`
	// Value is for add, replace and test. The JSON null is a value; nil is none.
	Value json.RawMessage `json:"value,omitempty"`
}

// Add sets the member at the path, whether it exists or not. A nil value is the JSON null. It fails
// for a value that has no JSON.
func Add(path string, value any) (PatchOperation, error) { return patchValue("add", path, value) }

// Replace sets the member at the path, which must exist. A nil value is the JSON null. It fails for
// a value that has no JSON.
func Replace(path string, value any) (PatchOperation, error) {
	return patchValue("replace", path, value)
}

// Test lets the patch fail unless the member at the path has the value. It fails for a value that
// has no JSON.
func Test(path string, value any) (PatchOperation, error) { return patchValue("test", path, value) }

// Remove removes the member at the path, which must exist.
func Remove(path string) PatchOperation { return PatchOperation{Op: "remove", Path: path} }

// EscapePointer escapes a name for use as one segment of a JSON Pointer (RFC 6901, section 3).
func EscapePointer(segment string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(segment)
}

func patchValue(op, path string, value any) (PatchOperation, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return PatchOperation{}, fmt.Errorf("encoding the value to %s at %s: %w", op, path, err)
	}
	return PatchOperation{Op: op, Path: path, Value: encoded}, nil
}

func checkPatch(operation string, patch []PatchOperation) error {
	if len(patch) == 0 {
		return &InvalidRequestError{Operation: operation, Err: errors.New("the patch has no operations")}
	}
	return nil
}
