// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
)

// maxMembers is how many values one list or object of a notification may have. Alertmanager sends
// all alerts of a group, and a group of so many is one that nobody reads.
const maxMembers = 20_000

// maxDepth is how deep encoding/json goes into a body.
const maxDepth = 10_000

// errTooManyMembers is for a notification that would take many times its length of memory: a list
// of empty alerts takes three bytes for each where it is sent, and a hundred where it is kept.
var errTooManyMembers = errors.New("a notification has too many alerts or labels")

// checkMembers fails for a body with a list or an object that is too long, before anything of it is
// kept. What is no JSON is left to the parser, which says where.
func checkMembers(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // Any number is read.
	var room []int      // for more tokens in each list and object that is open
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil //nolint:nilerr // It is the end, or the parser describes it.
		}
		if token == json.Delim(']') || token == json.Delim('}') {
			room = room[:len(room)-1]
			continue
		}
		if last := len(room) - 1; last >= 0 {
			if room[last]--; room[last] < 0 {
				return errTooManyMembers
			}
		}
		switch token {
		case json.Delim('['):
			room = append(room, maxMembers)
		case json.Delim('{'):
			room = append(room, 2*maxMembers) // A member has a name and a value.
		}
		if len(room) > maxDepth {
			return nil // The parser refuses it, and keeps nothing of it.
		}
	}
}
