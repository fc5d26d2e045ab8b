// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"regexp"
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

var filterForm = regexp.MustCompile(`^([A-Za-z_]+)\[(eq|ne|in)\](.+)$`)

// parseFilters returns what can be checked of the filters.
func parseFilters(filters []string) []matcher {
	var matchers []matcher
	for _, filter := range filters {
		parts := filterForm.FindStringSubmatch(filter)
		if parts == nil {
			continue
		}
		field, operator, wanted := parts[1], parts[2], []string{parts[3]}
		if operator == "in" {
			wanted = strings.Split(parts[3], ",")
		}
		is := func(shown string) bool {
			return slices.ContainsFunc(wanted, func(value string) bool { return strings.EqualFold(value, shown) })
		}
		switch text, known := synqly.TextFields[field]; {
		case known:
			matchers = append(matchers, matcher{filter, func(t *synqly.Ticket) bool {
				return !t.Readable(field) || is(text(t)) != (operator == "ne")
			}})
		case field == "tags":
			matchers = append(matchers, matcher{filter, func(t *synqly.Ticket) bool {
				return !t.Readable(field) || slices.ContainsFunc(t.Tags, is) != (operator == "ne")
			}})
		}
	}
	return matchers
}
