// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

var _ remote.Drifter[*v1alpha1.Ticket, synqly.Ticket] = ticketAdapter{}

func (ticketAdapter) Drift(ticket *v1alpha1.Ticket) *[]string { return &ticket.Status.Drift }

// longestValue is how much of a value an Event quotes, in characters.
const longestValue = 120

// Change describes how a managed field was changed: from the value that the status has
// recorded, or else from that of the spec, to the one that the provider shows.
func (ticketAdapter) Change(ticket *v1alpha1.Ticket, shown *synqly.Ticket, name string) (description string, changed bool) {
	if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag {
		return changeOfTag(ticket.Status.Remote, shown, tag)
	}
	if key, isCustom := strings.CutPrefix(name, customFieldPrefix); isCustom {
		before, now := string(ticket.Spec.CustomFields[key].Raw), string(shown.CustomFields[key])
		if now == "" {
			now = "null"
		}
		// Custom fields are not recorded, so whether it has changed again is not known.
		return fmt.Sprintf("%s from %s to %s", name, remote.Truncate(before, longestValue), remote.Truncate(now, longestValue)), false
	}
	index := slices.IndexFunc(ticketFields, func(field ticketField) bool { return field.name == name })
	if index < 0 {
		return name, false
	}
	field := ticketFields[index]
	before, isRecorded := recordedField(ticket.Status.Remote, name)
	now := field.shown(shown)
	if !isRecorded {
		before = field.wanted(&ticket.Spec)
		return fmt.Sprintf("%s from %s to %s", name, quoted(before), quoted(now)), false
	}
	return fmt.Sprintf("%s from %s to %s", name, quoted(before), quoted(now)), before != shownField(shown, name)
}

func changeOfTag(seen *v1alpha1.RemoteTicket, shown *synqly.Ticket, tag string) (string, bool) {
	has := synqly.HasTag(shown.Tags, tag)
	changed := seen != nil && synqly.HasTag(seen.Tags, tag) != has
	if has {
		return fmt.Sprintf("tag %s added", quoted(tag)), changed
	}
	return fmt.Sprintf("tag %s removed", quoted(tag)), changed
}

// recordedField is a field as the status has recorded it, in the words of the provider.
func recordedField(seen *v1alpha1.RemoteTicket, name string) (string, bool) {
	if seen == nil {
		return "", false
	}
	switch name {
	case "name":
		return seen.Name, true
	case "summary":
		return seen.Summary, true
	case "priority":
		return seen.Priority, true
	case "status":
		return seen.Status, true
	case "project":
		return seen.Project, true
	case "issueType":
		return seen.IssueType, true
	case "assignee":
		return seen.Assignee, true
	case "creator":
		return seen.Creator, true
	case "dueDate":
		return seen.DueDate, true
	case "completionDate":
		return seen.CompletionDate, true
	}
	return "", false
}

// shownField is a field as the status would record it.
func shownField(shown *synqly.Ticket, name string) string {
	value, _ := recordedField(remoteTicket(shown), name)
	return value
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", remote.Truncate(value, longestValue))
}
