// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestAdvance(t *testing.T) {
	for name, test := range map[string]struct{ watermark, newest, want time.Duration }{
		"to the newest change":                      {-2 * time.Hour, -time.Hour, -time.Hour},
		"not back":                                  {-time.Hour, -2 * time.Hour, -time.Hour},
		"not beyond the begin of the answer":        {-time.Hour, time.Hour, 0},
		"back where the remote's clock went back":   {time.Hour, -time.Hour, 0},
		"not further behind than a day":             {-48 * time.Hour, -30 * time.Hour, -24 * time.Hour},
		"at most a day behind where nothing is new": {-24 * time.Hour, -24 * time.Hour, -24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			if got := advance(start.Add(test.watermark), start.Add(test.newest), start).Sub(start); got != test.want {
				t.Errorf("the watermark is at %v, want %v", got, test.want)
			}
		})
	}
	if got := advance(time.Time{}, time.Time{}, start).Sub(start); got != -24*time.Hour {
		t.Errorf("without any change, the watermark is at %v, want a day before", got)
	}
}

func TestChangedSince(t *testing.T) {
	watermark := time.Date(2026, 3, 1, 13, 0, 0, 999_999_999, time.FixedZone("", 3600))
	if got, want := changedSince(watermark, 2*time.Minute), time.Date(2026, 3, 1, 11, 58, 0, 0, time.UTC); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("changes are asked for since %v, want %v", got, want)
	}
}

func TestRequest(t *testing.T) {
	at := time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		query query
		want  synqly.TicketQuery
	}{
		"tag":     {query{scope: scope{tag: "k8s-1"}}, synqly.TicketQuery{Filters: []string{"tags[in]k8s-1"}, Limit: 5, Cursor: "c"}},
		"project": {query{scope: scope{project: "OPS"}}, synqly.TicketQuery{Filters: []string{"project[eq]OPS"}, Limit: 5, Cursor: "c"}},
		"changes": {
			query{scope: scope{tag: "k8s-1"}, since: at},
			synqly.TicketQuery{Filters: []string{"tags[in]k8s-1", "updated_at[gte]2026-03-01T12:00:00Z"}, Limit: 5, Cursor: "c"},
		},
		"ordered": {
			query{scope: scope{tag: "k8s-1"}, ordered: true, until: at},
			synqly.TicketQuery{Filters: []string{"tags[in]k8s-1"}, Order: []string{"updated_at[desc]"}, Limit: 5, Cursor: "c"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.query.request(5, "c")); diff != "" {
				t.Errorf("the request (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNextQuery asks for as little as the provider is known to be able to tell apart.
func TestNextQuery(t *testing.T) {
	newest := start.Add(-time.Hour)
	from := newest.Add(-2 * time.Minute)
	all := capabilities{tagFilter: works, updatedAtFilter: works, ordering: works}
	for name, test := range map[string]struct {
		capabilities capabilities
		scope        scopeState
		leftOut      []feature
		want         query
	}{
		"first":                       {want: query{ordered: true}, scope: scopeState{needsListing: true}},
		"first, order known":          {capabilities: capabilities{ordering: refused}, scope: scopeState{needsListing: true}},
		"changes":                     {capabilities: all, want: query{since: from}},
		"changes, filter not tried":   {capabilities: capabilities{ordering: works}, want: query{ordered: true, until: from}},
		"changes, filter refused now": {capabilities: all, leftOut: []feature{updatedAtFilter}, want: query{ordered: true, until: from}},
		"changes, both refused now":   {capabilities: all, leftOut: []feature{updatedAtFilter, ordering}},
		"changes, filter endless":     {capabilities: all, scope: scopeState{endless: [featureCount]bool{updatedAtFilter: true}}, want: query{ordered: true, until: from}},
		"listing":                     {capabilities: all, scope: scopeState{needsListing: true}, want: query{ordered: true}},
		"listing, order endless":      {capabilities: all, scope: scopeState{needsListing: true, endless: [featureCount]bool{ordering: true}}, want: query{ordered: true}},
	} {
		t.Run(name, func(t *testing.T) {
			test.scope.scope, test.scope.watermark, test.want.scope = inOurs, newest, inOurs
			s := &state{capabilities: test.capabilities}
			got := s.nextQuery(&scan{scopeState: &test.scope, leftOut: test.leftOut}, 2*time.Minute)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(query{}, scope{})); diff != "" {
				t.Errorf("the query (-want +got):\n%s", diff)
			}
		})
	}
}
