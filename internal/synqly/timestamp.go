// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"strings"
	"time"
)

// Timestamp is a time as the API returns it. What providers send is not always what RFC 3339 asks
// for, and a time that cannot be read must not cost the ticket it belongs to.
type Timestamp struct {
	// Time is in UTC, and zero when Raw is empty or cannot be read.
	time.Time
	// Raw is the text that was received.
	Raw string
}

// timestampLayouts are RFC 3339, and its relatives with an offset such as +0000 (Jira) or +00. A
// fraction of a second is accepted by time.Parse with each.
var timestampLayouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07"}

// UnmarshalJSON takes any string, and null. It fails for other types alone.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err // As it is: encoding/json adds the name of the field to its own errors only.
	}
	*t = Timestamp{}
	if text != nil {
		*t = parseTimestamp(*text)
	}
	return nil
}

// MarshalJSON returns what was received.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	switch {
	case t.Raw != "":
		return json.Marshal(t.Raw)
	case t.IsZero():
		return []byte("null"), nil
	default:
		return json.Marshal(t.Time)
	}
}

func parseTimestamp(raw string) Timestamp {
	// RFC 3339 allows the letters T and Z in lower case; time.Parse does not.
	text := strings.ToUpper(strings.TrimSpace(raw))
	for _, layout := range timestampLayouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			return Timestamp{Time: parsed.UTC(), Raw: raw}
		}
	}
	return Timestamp{Raw: raw}
}
