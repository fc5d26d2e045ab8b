// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestCovers(t *testing.T) {
	at := func(age time.Duration) *synqly.Ticket {
		moment := start.Add(-age)
		return &synqly.Ticket{UpdatedAt: synqly.Timestamp{Time: moment, Raw: moment.Format(time.RFC3339)}}
	}
	for name, test := range map[string]struct {
		handedOver, shown *synqly.Ticket
		want              bool
	}{
		"the same":                   {at(0), at(0), true},
		"an older one":               {at(0), at(time.Hour), true},
		"a newer one":                {at(time.Hour), at(0), false},
		"gone, and gone":             {nil, nil, true},
		"gone, and there again":      {nil, at(0), false},
		"there, and gone":            {at(0), nil, false},
		"a time that cannot be read": {at(0), &synqly.Ticket{UpdatedAt: synqly.Timestamp{Raw: "yesterday"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := covers(test.handedOver, test.shown); got != test.want {
				t.Errorf("covers: %v, want %v", got, test.want)
			}
		})
	}
}
