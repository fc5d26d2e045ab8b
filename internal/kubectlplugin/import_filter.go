// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Some providers ignore a filter that they do not know. A ticket that nobody has asked for must not
// come into Git, so what a ticket shows is compared with the filters here once more, as far as they
// are about texts and tags. Whether a filter is well formed the provider says.

// matcher reports whether a ticket matches a filter.
type matcher struct {
	filter  string
	matches func(*synqly.Ticket) bool
}

// parseFilters returns what can be checked of the filters.
func parseFilters(filters []string) []matcher {
	var matchers []matcher
	for _, each := range filters {
		filter := synqly.ParseFilter(each)
		values := valuesOf(filter.Field)
		if values == nil || !slices.Contains([]string{"eq", "ne", "in"}, filter.Operator) || filter.Operands[0] == "" {
			continue
		}
		matchers = append(matchers, matcher{each, func(t *synqly.Ticket) bool {
			return !t.Readable(filter.Field) || filter.HasAny(values(t), strings.EqualFold) != (filter.Operator == "ne")
		}})
	}
	return matchers
}

// valuesOf returns what tickets show in a field; nil where that is neither a text nor the tags.
func valuesOf(field string) func(*synqly.Ticket) []string {
	if text, isText := synqly.TextFields[field]; isText {
		return func(t *synqly.Ticket) []string { return []string{text(t)} }
	}
	if field == synqly.TagsField {
		return func(t *synqly.Ticket) []string { return t.Tags }
	}
	return nil
}
