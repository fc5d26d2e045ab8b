// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// TextField is a managed field that has one text. S is what has the spec of a kind, and R its
// remote object.
type TextField[S, R any] struct {
	// Name in the spec and in status.applied.
	Name string
	// Member of the remote object in the API's JSON.
	Member string
	// Wanted is the spec's value, empty where it is not set.
	Wanted func(S) string
	// Shown is the provider's value.
	Shown func(*R) string
}

// TextFields are the managed fields of a kind that have one text.
type TextFields[S, R any] struct {
	List []TextField[S, R]
	// Readable reports whether members of the remote object could be read.
	Readable func(*R, ...string) bool
}

// Wanted are the texts that the spec sets, with a hash of its value.
func (t TextFields[S, R]) Wanted(spec S) map[string]string {
	fields := map[string]string{}
	for _, field := range t.List {
		if value := field.Wanted(spec); value != "" {
			fields[field.Name] = HashText(value)
		}
	}
	return fields
}

// Shown are the same texts with a hash of what the provider shows, but for those that could not be
// read.
func (t TextFields[S, R]) Shown(spec S, shown *R) map[string]string {
	fields := map[string]string{}
	for _, field := range t.List {
		if field.Wanted(spec) != "" && t.Readable(shown, field.Member) {
			fields[field.Name] = HashText(field.Shown(shown))
		}
	}
	return fields
}

// Shows reports whether the remote object shows a field that has one text with the words of the
// spec.
func (t TextFields[S, R]) Shows(spec S, shown *R, name string) bool {
	i := slices.IndexFunc(t.List, func(field TextField[S, R]) bool { return field.Name == name })
	return i >= 0 && Fingerprint(t.List[i].Wanted(spec)) == Fingerprint(t.List[i].Shown(shown))
}

// Patch sets the named texts of the spec, but for those that the remote object shows as wanted
// already. seen may be nil where that is not known.
func (t TextFields[S, R]) Patch(spec S, names []string, seen *R) ([]synqly.PatchOperation, error) {
	var patch []synqly.PatchOperation
	for _, field := range t.List {
		value := field.Wanted(spec)
		if value == "" || !slices.Contains(names, field.Name) {
			continue
		}
		there := true
		if seen != nil && t.Readable(seen, field.Member) {
			shown := field.Shown(seen)
			if HashText(shown) == HashText(value) {
				continue
			}
			there = shown != ""
		}
		operation, err := SetMember("/"+field.Member, value, there)
		if err != nil {
			return nil, err
		}
		patch = append(patch, operation)
	}
	return patch, nil
}

// SetMember sets a member of a remote object. What is known to have no value may be absent, and
// replace needs what is there (RFC 6902, section 4.3), so it is added. All else is replaced, which
// is what the API's own examples do.
func SetMember(path string, value any, there bool) (synqly.PatchOperation, error) {
	if !there {
		return synqly.Add(path, value)
	}
	return synqly.Replace(path, value)
}

// HashText is the hash of a text however its lines end: a form in a browser sends all its texts
// with CR LF (HTML, "newline normalization"), so that a person who saves a ticket changes the line
// ends of fields that they have not touched.
func HashText(text string) string {
	return Hash(strings.ReplaceAll(text, "\r\n", "\n"))
}
