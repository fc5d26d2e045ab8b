// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFilter(t *testing.T) {
	for text, want := range map[string]Filter{
		"status[ne]Done":      {Field: "status", Operator: "ne", Operands: []string{"Done"}},
		"Tags[IN]a, b,c":      {Field: "tags", Operator: "in", Operands: []string{"a", " b", "c"}},
		"summary[eq]a,[b]":    {Field: "summary", Operator: "eq", Operands: []string{"a,[b]"}},
		"none":                {Field: "none", Operands: []string{""}},
		"created_at[gt]2026Z": {Field: "created_at", Operator: "gt", Operands: []string{"2026Z"}},
	} {
		want.Text = text
		if diff := cmp.Diff(want, ParseFilter(text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestHasAny(t *testing.T) {
	filter := ParseFilter("tags[in]a, b")
	for values, want := range map[string]bool{"A": true, "c,B": true, "c": false, "": false} {
		if got := filter.HasAny(strings.Split(values, ","), strings.EqualFold); got != want {
			t.Errorf("%q has any of a and b: %t, want %t", values, got, want)
		}
	}
	if filter.HasAny(nil, strings.EqualFold) {
		t.Error("no value is one of the operands")
	}
}
