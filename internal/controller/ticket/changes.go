// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"fmt"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Drift is where the status has the managed fields that were changed remotely.
func (adapter) Drift(ticket *v1alpha1.Ticket) *[]string { return &ticket.Status.Drift }

// longestValue is how much of a value an Event quotes, in characters.
const longestValue = 120

// Change describes how a managed field was changed: from the value that the status has recorded, or
// else from that of the spec, to the one that the provider shows.
func (adapter) Change(ticket *v1alpha1.Ticket, shown *synqly.Ticket, name string) (description string, changed bool) {
	if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag {
		return changeOfTag(ticket.Status.Remote, shown, tag)
	}
	if key, isCustom := strings.CutPrefix(name, customFieldPrefix); isCustom {
		before, now := string(ticket.Spec.CustomFields[key].Raw), string(shown.CustomFields[key])
		if now == "" {
			now = "null"
		}
		// Custom fields are not recorded, so whether it has changed again is not known.
		return fmt.Sprintf("%s from %s to %s", name, status.Truncate(before, longestValue), status.Truncate(now, longestValue)), false
	}
	index := slices.IndexFunc(fields, func(field field) bool { return field.Name == name })
	if index < 0 {
		return name, false
	}
	field := fields[index]
	now := field.Shown(shown)
	if field.status == nil || ticket.Status.Remote == nil {
		return fmt.Sprintf("%s from %s to %s", name, quoted(field.Wanted(&ticket.Spec)), quoted(now)), false
	}
	before := *field.status(ticket.Status.Remote)
	return fmt.Sprintf("%s from %s to %s", name, quoted(before), quoted(now)), before != *field.status(remoteTicket(shown))
}

func changeOfTag(seen *v1alpha1.RemoteTicket, shown *synqly.Ticket, tag string) (string, bool) {
	has := synqly.HasTag(shown.Tags, tag)
	changed := seen != nil && synqly.HasTag(seen.Tags, tag) != has
	if has {
		return fmt.Sprintf("tag %s added", quoted(tag)), changed
	}
	return fmt.Sprintf("tag %s removed", quoted(tag)), changed
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", status.Truncate(value, longestValue))
}
