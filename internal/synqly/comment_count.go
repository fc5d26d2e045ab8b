// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"strconv"
	"strings"
)

// commentCountPaths are where providers say with a ticket how many comments it has. What of that
// comes through as unmapped, and whether as a member or inside the provider's own object, the API
// does not document, so both are looked at.
var commentCountPaths = [][]string{
	// GitHub, REST API "Get an issue": comments is their number.
	{"comments"},
	// Jira Cloud, REST API "Get issue": the field comment is a PageOfComments, whose total counts
	// those not on the page as well.
	{"fields", "comment", "total"},
	{"comment", "total"},
	// Zendesk, Tickets API, with the sideload comment_count.
	{"comment_count"},
	// Azure DevOps, Work Items API: the field with the reference name System.CommentCount.
	{"fields", "System.CommentCount"},
	{"System.CommentCount"},
}

// CommentCount returns how many comments the ticket has, where the provider says so with the ticket
// (Unmapped). It returns false where nothing is known: the provider does not say, it says something
// else than a whole number from 0 to 2^31-1, or it says two things.
func (t *Ticket) CommentCount() (int, bool) {
	count, known := 0, false
	for _, path := range commentCountPaths {
		raw := memberAt(t.Unmapped, path)
		if raw == nil {
			continue
		}
		// Not by way of a float64: a number with a fraction, or with an exponent, is no count.
		said, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 31)
		if err != nil || (known && int(said) != count) {
			return 0, false
		}
		count, known = int(said), true
	}
	return count, known
}

// memberAt returns the member at the path, nil where there is none or a null.
func memberAt(members map[string]json.RawMessage, path []string) json.RawMessage {
	raw := members[path[0]]
	if len(raw) == 0 || jsonType(raw) == "null" {
		return nil
	}
	if len(path) == 1 {
		return raw
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(raw, &inner) != nil {
		return nil
	}
	return memberAt(inner, path[1:])
}
