// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestLearning(t *testing.T) {
	tags, project := query{scope: inOurs}, query{scope: scope{project: "OPS"}}
	ordered := query{scope: inOurs, ordered: true}
	since := query{scope: inOurs, since: start.Add(-time.Hour)}
	inProject := func(id string) synqly.Ticket { return synqly.Ticket{ID: id, Project: "ops"} }
	for name, test := range map[string]struct {
		before     capabilities
		query      query
		page       synqly.Page[synqly.Ticket]
		unexpected bool // no ticket has to be in the answer
		want       capabilities
		useless    bool
	}{
		"as asked for":           {query: tags, page: pageOf("", shown("1", 0)), want: capabilities{tagFilter: works}},
		"a stranger":             {before: capabilities{tagFilter: works}, query: tags, page: pageOf("", stranger("9")), want: capabilities{tagFilter: ignored}, useless: true},
		"nothing":                {query: tags, page: pageOf(""), want: capabilities{tagFilter: incomplete}, useless: true},
		"nothing yet":            {query: tags, page: pageOf(""), unexpected: true},
		"nothing, and more":      {query: tags, page: pageOf("c")},
		"nothing that was read":  {query: tags, page: synqly.Page[synqly.Ticket]{Skipped: []string{"result[0]"}}},
		"none of the wanted":     {query: tags, page: pageOf("", shown("9", 0)), want: capabilities{tagFilter: incomplete}, useless: true},
		"no changes":             {before: capabilities{tagFilter: works, updatedAtFilter: works}, query: since, page: pageOf(""), want: capabilities{tagFilter: works, updatedAtFilter: works}},
		"project":                {query: project, page: pageOf("", inProject("1")), want: capabilities{projectFilter: works}},
		"empty project":          {query: project, page: pageOf(""), want: capabilities{projectFilter: incomplete}, useless: true},
		"one empty project":      {before: capabilities{projectFilter: works}, query: project, page: pageOf(""), want: capabilities{projectFilter: works}},
		"newest first":           {query: ordered, page: pageOf("", shown("1", 0), shown("2", time.Hour)), want: capabilities{tagFilter: works, ordering: works}},
		"oldest first":           {before: capabilities{ordering: works}, query: ordered, page: pageOf("", shown("1", time.Hour), shown("2", 0)), want: capabilities{tagFilter: works, ordering: ignored}},
		"all at the same time":   {query: ordered, page: pageOf("", shown("1", 0), shown("2", 0)), want: capabilities{tagFilter: works}},
		"newest first by chance": {query: tags, page: pageOf("", shown("1", 0), shown("2", time.Hour)), want: capabilities{tagFilter: works}},
		"an old change":          {before: capabilities{updatedAtFilter: works}, query: since, page: pageOf("", shown("1", 0), shown("2", 2*time.Hour)), want: capabilities{tagFilter: works, updatedAtFilter: ignored}},
		"to the minute":          {before: capabilities{updatedAtFilter: works}, query: since, page: pageOf("", shown("2", time.Hour+59*time.Second)), want: capabilities{tagFilter: works, updatedAtFilter: works}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnswer(test.query, ids("1", "2"), start)
			a.addPage(&test.page, start)
			known := test.before
			known.learn(a, !test.unexpected)
			useful := known.usable(test.query.scope.feature())
			if diff := cmp.Diff(test.want, known); diff != "" {
				t.Errorf("what is known (-want +got):\n%s", diff)
			}
			if useful == test.useless {
				t.Errorf("useful: %v", useful)
			}
		})
	}
}

func TestProbeVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		page synqly.Page[synqly.Ticket]
		want v1alpha1.QueryFeature
	}{
		"it comes":                    {pageOf("", shown("newest", 0)), works},
		"it comes, and there is more": {pageOf("c", shown("newest", 0)), works},
		"it comes, and an older one":  {pageOf("", shown("newest", 0), shown("old", 3*time.Hour)), ignored},
		"an older one, and more":      {pageOf("c", shown("old", 3*time.Hour)), ignored},
		"a stranger":                  {pageOf("", shown("newest", 0), stranger("9")), ignored},
		"another, and more":           {pageOf("c", shown("other", 0)), ""},
		"it does not come":            {pageOf("", shown("other", 0)), incomplete},
		"nothing":                     {pageOf(""), incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnswer(query{scope: inOurs, since: start}, ids("newest"), start)
			a.addPage(&test.page, start)
			if got := probeVerdict(a); got != test.want {
				t.Errorf("verdict %q, want %q", got, test.want)
			}
		})
	}
}
