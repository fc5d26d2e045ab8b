// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimestamps(t *testing.T) {
	want := time.Date(2026, time.November, 1, 10, 0, 0, 0, time.UTC)
	cases := map[string]time.Time{
		`2026-11-01T10:00:00Z`:            want,
		`2026-11-01t10:00:00z`:            want,
		`2026-11-01T10:00:00.123456789Z`:  want.Add(123456789),
		`2026-11-01T12:30:00+02:30`:       want,
		`2026-11-01T10:00:00.000+0000`:    want,
		`2026-11-01T02:00:00.500-0800`:    want.Add(500 * time.Millisecond),
		`2026-11-01T11:00:00+01`:          want,
		` 2026-11-01T10:00:00Z `:          want,
		``:                                {},
		`yesterday`:                       {},
		`2026-11-01`:                      {},
		`2026-13-01T10:00:00Z`:            {},
		`1793527200`:                      {},
		`99999999999999-11-01T10:00:00Z`:  {},
		`2026-11-01T10:00:00 Europe/Rome`: {},
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			encoded, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			got := Timestamp{Time: time.Unix(1, 0), Raw: "from before"}
			if err := json.Unmarshal(encoded, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Timestamp{Time: want, Raw: text}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.IsZero() != want.IsZero() || got.Location() != time.UTC {
				t.Errorf("IsZero = %t, in %v", got.IsZero(), got.Location())
			}
		})
	}
}

func TestTimestampsOfOtherTypes(t *testing.T) {
	for _, text := range []string{`7`, `true`, `{}`, `[]`} {
		var got Timestamp
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was accepted as %v", text, got)
		}
	}
	got := Timestamp{Raw: "from before"}
	if err := json.Unmarshal([]byte(`null`), &got); err != nil || got != (Timestamp{}) {
		t.Errorf("null gives %v, %v", got, err)
	}
}

func TestTimestampsEncode(t *testing.T) {
	for want, timestamp := range map[string]Timestamp{
		`null`:                        {},
		`"yesterday"`:                 {Raw: "yesterday"},
		`"2026-11-08T12:00:00Z"`:      {Time: now},
		`"2026-11-08T12:00:00+00:00"`: {Time: now, Raw: "2026-11-08T12:00:00+00:00"},
	} {
		if got, err := json.Marshal(timestamp); err != nil || string(got) != want {
			t.Errorf("Marshal(%v) = %s, %v, want %s", timestamp, got, err, want)
		}
	}
}
