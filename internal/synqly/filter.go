// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"slices"
	"strings"
)

// Filter is a condition on tickets in the language of the API, field[operator]value. The provider
// applies it. It is read to check what the provider returns, because some ignore a filter without a
// word.
type Filter struct {
	// Text is the filter as it was written.
	Text string
	// Field and Operator are in lower case.
	Field, Operator string
	// Operands are what the operator compares with: the value, or with the operator in the parts of
	// it between commas.
	Operands []string
}

// ParseFilter reads a filter. One of another form has no operator.
func ParseFilter(text string) Filter {
	field, rest, _ := strings.Cut(text, "[")
	operator, value, _ := strings.Cut(rest, "]")
	parsed := Filter{Text: text, Field: strings.ToLower(field), Operator: strings.ToLower(operator), Operands: []string{value}}
	if parsed.Operator == "in" {
		parsed.Operands = strings.Split(value, ",")
	}
	return parsed
}

// TagsField is the field of a filter that is about the tags of a ticket.
const TagsField = "tags"

// HasAny reports whether one of the values is one of the operands.
func (f Filter) HasAny(values []string, same func(value, operand string) bool) bool {
	return slices.ContainsFunc(values, func(value string) bool {
		return slices.ContainsFunc(f.Operands, func(operand string) bool { return same(value, strings.TrimSpace(operand)) })
	})
}
