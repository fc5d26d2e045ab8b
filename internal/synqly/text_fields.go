// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

// TextFields are the fields of a ticket that are texts and that a filter can be about, by their
// names in the API. A person may be shown by another name than the filter has. It must not be
// changed.
var TextFields = map[string]func(*Ticket) string{
	"id":         func(t *Ticket) string { return t.ID },
	"name":       func(t *Ticket) string { return t.Name },
	"summary":    func(t *Ticket) string { return t.Summary },
	"status":     func(t *Ticket) string { return t.Status },
	"priority":   func(t *Ticket) string { return t.Priority },
	"project":    func(t *Ticket) string { return t.Project },
	"issue_type": func(t *Ticket) string { return t.IssueType },
	"creator":    func(t *Ticket) string { return t.Creator },
	"assignee":   func(t *Ticket) string { return t.Assignee },
	"contact":    func(t *Ticket) string { return t.Contact },
}
