// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"math"
	"testing"
)

func TestPatchOperationsEncode(t *testing.T) {
	for want, operation := range map[string]PatchOperation{
		`{"op":"replace","path":"/status","value":"Done"}`:        must(Replace("/status", "Done")),
		`{"op":"replace","path":"/assignee","value":null}`:        must(Replace("/assignee", nil)),
		`{"op":"add","path":"/tags","value":["a"]}`:               must(Add("/tags", []string{"a"})),
		`{"op":"add","path":"/custom_fields/a~1b~0c","value":2}`:  must(Add("/custom_fields/"+EscapePointer("a/b~c"), 2)),
		`{"op":"replace","path":"/x","value":{"a":[1]}}`:          must(Replace("/x", json.RawMessage(`{"a": [1]}`))),
		`{"op":"test","path":"/summary","value":""}`:              must(Test("/summary", "")),
		`{"op":"remove","path":"/due_date"}`:                      Remove("/due_date"),
		`{"op":"move","path":"/description","from":"/summary"}`:   {Op: "move", From: "/summary", Path: "/description"},
		`{"op":"replace","path":"/custom_fields/x","value":"~1"}`: must(Replace("/custom_fields/x", "~1")),
	} {
		if got, err := json.Marshal(operation); err != nil || string(got) != want {
			t.Errorf("Marshal = %s, %v, want %s", got, err, want)
		}
	}
}

func TestPatchValuesWithoutJSONAreRefused(t *testing.T) {
	for name, value := range map[string]any{
		"infinity": math.Inf(1), "function": func() {}, "broken": json.RawMessage(`{`),
	} {
		if operation, err := Replace("/custom_fields/x", value); err == nil {
			t.Errorf("%s: Replace = %+v", name, operation)
		}
	}
}

func TestEscapePointer(t *testing.T) {
	for segment, want := range map[string]string{"": "", "a": "a", "a/b": "a~1b", "~": "~0", "~1": "~01", "/~": "~1~0"} {
		if got := EscapePointer(segment); got != want {
			t.Errorf("EscapePointer(%q) = %q, want %q", segment, got, want)
		}
	}
}
