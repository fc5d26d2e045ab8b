// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"testing"
)

func TestCommentCount(t *testing.T) {
	const unknown = -1
	for unmapped, want := range map[string]int{
		// As providers say it.
		`{"comments": 3, "locked": false}`: 3,
		`{"comment_count": 0}`:             0,
		`{"fields": {"comment": {"comments": [], "maxResults": 0, "total": 12}}}`: 12,
		`{"comment": {"total": 12}}`:                                       12,
		`{"fields": {"System.CommentCount": 4, "System.Rev": 7}}`:          4,
		`{"System.CommentCount": 4}`:                                       4,
		`{"comment_count": 2147483647}`:                                    2147483647,
		`{"comment_count": 5, "comments": 5, "fields": {"comment": null}}`: 5,
		`{"comment_count": 5, "comments": null, "fields": {"votes": 3}}`:   5,
		`{"comment_count": 5, "fields": "none", "comment": ["a"]}`:         5,
		`{"comment_count": 5, "fields": {"comment": "a"}, "comment": {}}`:  5,

		// Nothing is said.
		`null`:                              unknown,
		`{}`:                                unknown,
		`{"votes": 3, "comments_url": "x"}`: unknown,
		`{"comment": {"count": 3}}`:         unknown,
		`{"fields": {"comment_count": 3}}`:  unknown,
		`{"Comments": 3}`:                   unknown,
		`{"fields": {"System": {"CommentCount": 3}}}`: unknown,

		// What is said is no count.
		`{"comment_count": null}`:                 unknown,
		`{"comment_count": -1}`:                   unknown,
		`{"comment_count": -0}`:                   unknown,
		`{"comment_count": 2147483648}`:           unknown,
		`{"comment_count": 18446744073709551616}`: unknown,
		`{"comment_count": 3.5}`:                  unknown,
		`{"comment_count": 3.0}`:                  unknown,
		`{"comment_count": 1e2}`:                  unknown,
		`{"comment_count": "3"}`:                  unknown,
		`{"comment_count": true}`:                 unknown,
		`{"comment_count": [3]}`:                  unknown,
		`{"comments": [{"id": 1}, {"id": 2}]}`:    unknown,
		`{"comments": ["a"], "comment_count": 1}`: unknown,
		`{"comment": {"total": {}}}`:              unknown,

		// Two things are said.
		`{"comments": 3, "comment_count": 4}`: unknown,
	} {
		var ticket Ticket
		if err := json.Unmarshal([]byte(`{"id": "1", "unmapped": `+unmapped+`}`), &ticket); err != nil || ticket.Unreadable != nil {
			t.Fatalf("%s: %v, unreadable %q", unmapped, err, ticket.Unreadable)
		}
		count, known := ticket.CommentCount()
		if wantKnown := want != unknown; known != wantKnown || count != max(want, 0) {
			t.Errorf("%s: CommentCount = %d, %t, want %d, %t", unmapped, count, known, max(want, 0), wantKnown)
		}
	}
}

func TestCommentCountOfRawJSON(t *testing.T) {
	// White space around a value is part of a json.RawMessage that a program made, and an empty one
	// is none.
	ticket := Ticket{Unmapped: raw(`"comment_count"`, " 3\n", `"comments"`, "")}
	if count, known := ticket.CommentCount(); count != 3 || !known {
		t.Errorf("CommentCount = %d, %t", count, known)
	}
}
