// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"slices"
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/internal/controller/poll"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The filters are the provider's to apply. They are read here to check what it returns, because
// some providers ignore a filter without a word. Only what is certain counts against a ticket.

// verdict is what a ticket shows of a filter.
type verdict int

const (
	// matches: the ticket matches the filter.
	matches verdict = iota
	// differs: it certainly does not.
	differs
	// isEmpty: the filter asks for a value, and the ticket has none. It differs, unless the
	// provider never returns the field.
	isEmpty
	// unknown: the ticket does not tell.
	unknown
)

// filter is a filter of a query, as far as it can be read. One of another form than
// field[operator]value is unknown of every ticket.
type filter struct{ synqly.Filter }

// times are the fields that are times.
var times = map[string]func(*synqly.Ticket) synqly.Timestamp{
	"created_at":      func(t *synqly.Ticket) synqly.Timestamp { return t.CreatedAt },
	"updated_at":      func(t *synqly.Ticket) synqly.Timestamp { return t.UpdatedAt },
	"due_date":        func(t *synqly.Ticket) synqly.Timestamp { return t.DueDate },
	"completion_date": func(t *synqly.Ticket) synqly.Timestamp { return t.CompletionDate },
}

// priorities are those of the API. Providers have words of their own as well, and what these stand
// for is not known.
var priorities = []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}

// check says what a ticket shows of the filter. metadata is what is known of the provider, or nil.
func (f filter) check(ticket *synqly.Ticket, metadata *providermetadata.Metadata) verdict {
	if !ticket.Readable(f.Field) {
		return unknown
	}
	if text, isText := synqly.TextFields[f.Field]; isText {
		return f.checkText(strings.TrimSpace(text(ticket)), metadata)
	}
	if moment, isTime := times[f.Field]; isTime {
		return f.checkTime(moment(ticket))
	}
	if f.Field == synqly.TagsField {
		return f.checkTags(ticket.Tags)
	}
	return unknown
}

// isSet reports whether a ticket has a value in the field of the filter.
func (f filter) isSet(ticket *synqly.Ticket) bool {
	if text, isText := synqly.TextFields[f.Field]; isText {
		return strings.TrimSpace(text(ticket)) != ""
	}
	if moment, isTime := times[f.Field]; isTime {
		return moment(ticket).Raw != ""
	}
	return f.Field == synqly.TagsField && len(ticket.Tags) > 0
}

func (f filter) checkText(value string, metadata *providermetadata.Metadata) verdict {
	switch f.Operator {
	case "eq", "in":
		if value == "" {
			return isEmpty
		}
		found := differs
		for _, operand := range f.Operands {
			same, known := f.sameText(value, strings.TrimSpace(operand), metadata)
			switch {
			case same:
				return matches
			case !known:
				found = unknown
			}
		}
		return found
	case "ne":
		if same, _ := f.sameText(value, strings.TrimSpace(f.Operands[0]), metadata); same && value != "" {
			return differs
		}
		return matches
	case "like":
		switch {
		case value == "":
			return isEmpty
		case isLike(value, f.Operands[0]):
			return matches
		}
		return differs
	}
	return unknown
}

// sameText reports whether a value is the one that the filter names. known is false where the
// provider may mean the same by it.
func (f filter) sameText(value, operand string, metadata *providermetadata.Metadata) (same, known bool) {
	if strings.EqualFold(value, operand) {
		return true, true
	}
	switch f.Field {
	case "project":
		return metadata.SameProject(value, operand)
	case "priority":
		isOfTheAPI := func(word string) bool { return slices.Contains(priorities, strings.ToUpper(word)) }
		return false, isOfTheAPI(value) && isOfTheAPI(operand)
	case "creator", "assignee", "contact":
		// Two e-mail addresses are two persons; a name and an address may be one.
		return false, strings.Contains(value, "@") && strings.Contains(operand, "@")
	}
	return false, true
}

// checkTime compares a time with a tolerance, because some providers compare by the minute.
func (f filter) checkTime(moment synqly.Timestamp) verdict {
	asked, err := time.Parse(time.RFC3339, f.Operands[0])
	switch {
	case err != nil:
		return unknown
	case moment.Raw == "":
		return isEmpty
	case moment.IsZero():
		return unknown
	}
	later := moment.Sub(asked)
	switch {
	case (f.Operator == "gt" || f.Operator == "gte") && later < -poll.TimeTolerance,
		(f.Operator == "lt" || f.Operator == "lte") && later > poll.TimeTolerance,
		f.Operator == "eq" && later.Abs() > poll.TimeTolerance:
		return differs
	case slices.Contains([]string{"gt", "gte", "lt", "lte", "eq"}, f.Operator):
		return matches
	}
	return unknown
}

func (f filter) checkTags(tags []string) verdict {
	var found bool
	switch f.Operator {
	case "ne":
		if f.HasAny(tags, strings.EqualFold) {
			return differs
		}
		return matches
	case "eq", "in":
		found = f.HasAny(tags, strings.EqualFold)
	case "like":
		found = f.HasAny(tags, isLike)
	default:
		return unknown
	}
	switch {
	case found:
		return matches
	case len(tags) == 0:
		return isEmpty
	}
	return differs
}

// isLike reports whether a text has a pattern, in which a % stands for any text, in it. Case does
// not count.
func isLike(text, pattern string) bool {
	text = strings.ToLower(text)
	for piece := range strings.SplitSeq(strings.ToLower(pattern), "%") {
		_, rest, found := strings.Cut(text, piece)
		if !found {
			return false
		}
		text = rest
	}
	return true
}
