// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import "encoding/json"

// Entry is what people write below a ticket, as the API returns it: what comments and notes have in
// common. A text that is null or absent is empty. A field of another type than the API documents is
// zero and named in Unreadable; only the ID has to be right.
type Entry struct {
	ID       string `json:"id"`
	TicketID string `json:"ticket_id"`
	Creator  string `json:"creator"`
	// Content is markdown, which providers may have converted.
	Content      string                     `json:"content"`
	CreatedAt    Timestamp                  `json:"created_at"`
	UpdatedAt    Timestamp                  `json:"updated_at"`
	CustomFields map[string]json.RawMessage `json:"custom_fields"`
	Unmapped     map[string]json.RawMessage `json:"unmapped"`
	// Unreadable says which fields could not be read, sorted, such as "creator cannot be read: its
	// JSON type is object".
	Unreadable []string `json:"-"`
}

func (e Entry) remoteID() string { return e.ID }

// hidden are the fields, of those that an entry is recognised by, that could not be read. A note is
// recognised by its title as well, which a comment does not have.
func (e *Entry) hidden() []string {
	return unreadableAmong(e.Unreadable, "title", "content", "created_at")
}
