// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/json"
	"maps"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type hashes = map[string]string

func TestHash(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{12}$`)
	values := []any{
		nil, true, false, "", "true", "null", "1", 1, 1.5, -1, "a", "A", "a ", []any{}, []any{"a"}, []any{"a", "b"}, []any{"b", "a"},
		map[string]any{}, map[string]any{"a": 1}, map[string]any{"a": "1"}, json.RawMessage("{broken"),
	}
	seen := map[string]any{}
	for _, value := range values {
		hash := Hash(value)
		if !shape.MatchString(hash) {
			t.Errorf("Hash(%#v) = %q, want 12 hexadecimal digits", value, hash)
		}
		if other, taken := seen[hash]; taken {
			t.Errorf("Hash(%#v) and Hash(%#v) are both %q", value, other, hash)
		}
		seen[hash] = value
	}
	for range 10 {
		if one, two := Hash(map[string]any{"a": 1, "b": 2, "c": 3}), Hash(map[string]any{"c": 3, "b": 2, "a": 1}); one != two {
			t.Fatalf("equal maps have the hashes %q and %q", one, two)
		}
	}
	// Statuses out there hold hashes: with others, everything would be written anew.
	if got, want := Hash("To Do"), "77b511b75157"; got != want {
		t.Errorf("Hash = %q, want %q", got, want)
	}
}

func TestChanged(t *testing.T) {
	for name, test := range map[string]struct {
		fields, applied hashes
		want            []string
	}{
		"nothing":               {nil, nil, nil},
		"nothing changed":       {hashes{"name": "1", "status": "2"}, hashes{"name": "1", "status": "2"}, nil},
		"never applied, sorted": {hashes{"summary": "1", "name": "2", "status": "3"}, nil, []string{"name", "status", "summary"}},
		"changed":               {hashes{"name": "1", "status": "3"}, hashes{"name": "1", "status": "2"}, []string{"status"}},
		"added":                 {hashes{"name": "1", "status": "2"}, hashes{"name": "1"}, []string{"status"}},
		"not set any more":      {hashes{"name": "1"}, hashes{"name": "1", "status": "2"}, nil},
	} {
		if diff := cmp.Diff(test.want, Changed(test.fields, test.applied)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDrifted(t *testing.T) {
	for name, test := range map[string]struct {
		returned, shown hashes
		want            []string
	}{
		"nothing":            {nil, nil, nil},
		"as it was":          {hashes{"name": "1"}, hashes{"name": "1"}, nil},
		"changed, sorted":    {hashes{"summary": "1", "name": "1"}, hashes{"summary": "2", "name": "2"}, []string{"name", "summary"}},
		"never applied":      {hashes{"name": "1"}, hashes{"name": "1", "status": "2"}, nil},
		"not managed now":    {hashes{"name": "1", "status": "2"}, hashes{"name": "1"}, nil},
		"nothing known then": {nil, hashes{"name": "1"}, nil},
	} {
		if diff := cmp.Diff(test.want, Drifted(test.returned, test.shown)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAfterWrite(t *testing.T) {
	for name, test := range map[string]struct {
		returned, shown hashes
		written         []string
		want            hashes
		// hidden are managed fields that cannot be read in the answer.
		hidden []string
	}{
		"first write":               {nil, hashes{"name": "1"}, nil, hashes{"name": "1"}, nil},
		"written":                   {hashes{"name": "1"}, hashes{"name": "2"}, []string{"name"}, hashes{"name": "2"}, nil},
		"drift of another stays":    {hashes{"name": "1", "status": "1"}, hashes{"name": "2", "status": "9"}, []string{"name"}, hashes{"name": "2", "status": "1"}, nil},
		"newly managed":             {hashes{"name": "1"}, hashes{"name": "1", "status": "5"}, []string{"status"}, hashes{"name": "1", "status": "5"}, nil},
		"not managed any more":      {hashes{"name": "1", "status": "1"}, hashes{"name": "1"}, nil, hashes{"name": "1"}, nil},
		"taken out":                 {hashes{"tags/a": "1"}, hashes{}, []string{"tags/a"}, hashes{}, nil},
		"nothing managed any more":  {hashes{"name": "1"}, nil, nil, hashes{}, nil},
		"nothing written, no drift": {hashes{"name": "1"}, hashes{"name": "1"}, nil, hashes{"name": "1"}, nil},
		"hidden in this answer":     {hashes{"name": "1"}, hashes{}, nil, hashes{"name": "1"}, []string{"name"}},
		"hidden when it is written": {hashes{"name": "1"}, hashes{}, []string{"name"}, hashes{}, []string{"name"}},
		"never shown":               {nil, hashes{}, nil, hashes{}, []string{"name"}},
	} {
		managed := maps.Clone(test.shown)
		for _, name := range test.hidden {
			managed[name] = "as in the spec"
		}
		if diff := cmp.Diff(test.want, afterWrite(test.returned, test.shown, managed, test.written)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What the provider makes of a value is no drift, what a person makes of it is, and a write of
// another field does not hide it.
func TestDriftOverAWrite(t *testing.T) {
	returned := afterWrite(nil, hashes{"description": "as the provider wrote it", "status": "To Do"}, hashes{"description": "a", "status": "b"}, nil)
	moved := hashes{"description": "as the provider wrote it", "status": "Done"}
	if diff := cmp.Diff([]string{"status"}, Drifted(returned, moved)); diff != "" {
		t.Errorf("after a person moved it (-want +got):\n%s", diff)
	}
	moved["description"] = "another text"
	returned = afterWrite(returned, moved, moved, []string{"description"})
	if diff := cmp.Diff([]string{"status"}, Drifted(returned, moved)); diff != "" {
		t.Errorf("after a write of the description (-want +got):\n%s", diff)
	}
	returned = afterWrite(returned, moved, moved, []string{"status"})
	if got := Drifted(returned, moved); got != nil {
		t.Errorf("after a write of the status: drift %q", got)
	}
}

func TestFieldsHash(t *testing.T) {
	if got := fieldsHash(nil); got != "" {
		t.Errorf("of no fields: %q", got)
	}
	one, same := fieldsHash(hashes{"a": "1", "b": "2"}), fieldsHash(hashes{"b": "2", "a": "1"})
	if one != same || one == "" {
		t.Errorf("of equal fields: %q and %q", one, same)
	}
	for name, other := range map[string]hashes{"value": {"a": "1", "b": "3"}, "fewer": {"a": "1"}, "swapped": {"a": "2", "b": "1"}} {
		if fieldsHash(other) == one {
			t.Errorf("%s: the same hash for other fields", name)
		}
	}
}

func TestUnion(t *testing.T) {
	a := []string{"status", "name"}
	if diff := cmp.Diff([]string{"name", "status", "summary"}, union(a, []string{"summary", "name"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"status", "name"}, a); diff != "" {
		t.Errorf("its argument was changed (-want +got):\n%s", diff)
	}
}
