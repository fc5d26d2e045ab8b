// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestLinkFromATemplate(t *testing.T) {
	const browse = "https://acme.example.com/browse/{id}"
	for name, test := range map[string]struct{ template, id, want string }{
		"a number":                {browse, "10023", "https://acme.example.com/browse/10023"},
		"a key":                   {browse, "OPS-7", "https://acme.example.com/browse/OPS-7"},
		"a path and a number":     {browse, "acme/shop#7", "https://acme.example.com/browse/acme%2Fshop%237"},
		"what ends a path":        {browse, "7?a=b&c +d", "https://acme.example.com/browse/7%3Fa%3Db%26c%20%2Bd"},
		"what climbs":             {browse, "../../admin", "https://acme.example.com/browse/..%2F..%2Fadmin"},
		"another script":          {browse, "заявка", "https://acme.example.com/browse/%D0%B7%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0"},
		"what looks like a place": {browse, "{id}", "https://acme.example.com/browse/%7Bid%7D"},
		"two places":              {"https://acme.example.com/{id}#{id}", "7", "https://acme.example.com/7#7"},
		"an address too long":     {browse, strings.Repeat("/", 1000), ""},
	} {
		if got := linkFrom(test.template, test.id); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestLinkOfATicket(t *testing.T) {
	sent := &v1alpha1.RemoteTicket{URL: "https://github.example.com/acme/shop/issues/7"}
	for name, test := range map[string]struct {
		status   v1alpha1.TicketStatus
		template string
		want     string
	}{
		"the template":                  {withID("7", &v1alpha1.RemoteTicket{}), "https://acme.example.com/{id}", "https://acme.example.com/7"},
		"what the provider sends":       {withID("7", sent), "", sent.URL},
		"the template before that":      {withID("7", sent), "https://acme.example.com/{id}", "https://acme.example.com/7"},
		"neither":                       {withID("7", &v1alpha1.RemoteTicket{}), "", ""},
		"nothing seen yet":              {withID("7", nil), "", ""},
		"no remote ticket, or no more":  {withID("", sent), "https://acme.example.com/{id}", ""},
		"no remote ticket, no template": {withID("", sent), "", ""},
	} {
		ticket := &v1alpha1.Ticket{Status: test.status}
		ticket.Status.URL = "https://acme.example.com/before"
		integration := &v1alpha1.Integration{Spec: v1alpha1.IntegrationSpec{TicketURLTemplate: test.template}}
		if got := (adapter{}).ShowLink(ticket, integration); got != test.want || ticket.Status.URL != test.want {
			t.Errorf("%s: %q and in the status %q, want %q", name, got, ticket.Status.URL, test.want)
		}
	}
}

func withID(id string, remote *v1alpha1.RemoteTicket) v1alpha1.TicketStatus {
	return v1alpha1.TicketStatus{RemoteObjectStatus: v1alpha1.RemoteObjectStatus{ID: id}, Remote: remote}
}

func TestLinkThatTheProviderSends(t *testing.T) {
	for name, test := range map[string]struct{ unmapped, want string }{
		"none":                     {`{}`, ""},
		"html_url":                 {`{"html_url": "https://github.example.com/acme/shop/issues/7"}`, "https://github.example.com/acme/shop/issues/7"},
		"web_url":                  {`{"web_url": "https://desk.example.com/7"}`, "https://desk.example.com/7"},
		"the address of an API":    {`{"url": "https://api.example.com/7", "self": "https://api.example.com/7"}`, ""},
		"a script":                 {`{"html_url": "javascript:alert(1)"}`, ""},
		"a path":                   {`{"html_url": "/tickets/7"}`, ""},
		"no text":                  {`{"html_url": 7, "web_url": "https://desk.example.com/7"}`, "https://desk.example.com/7"},
		"credentials":              {`{"html_url": "https://jane:secret@desk.example.com/7"}`, ""},
		"a line break":             {`{"html_url": "https://desk.example.com/7\nkubectl"}`, ""},
		"a space, which is quoted": {`{"html_url": "https://desk.example.com/ticket 7"}`, "https://desk.example.com/ticket%207"},
		"one that is too long":     {`{"html_url": "https://desk.example.com/` + strings.Repeat("7", 2048) + `"}`, ""},
	} {
		var unmapped map[string]json.RawMessage
		if err := json.Unmarshal([]byte(test.unmapped), &unmapped); err != nil {
			t.Fatal(err)
		}
		if got := remoteTicket(&synqly.Ticket{ID: "7", Unmapped: unmapped}).URL; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// cachedTickets are Tickets in a cache.
type cachedTickets struct {
	client.Reader // nil: nothing but List may be called
	tickets       []*v1alpha1.Ticket
	err           error
}

func (r *cachedTickets) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	var asked client.ListOptions
	asked.ApplyOptions(options)
	for _, ticket := range r.tickets {
		if ticket.Namespace == asked.Namespace {
			list.(*v1alpha1.TicketList).Items = append(list.(*v1alpha1.TicketList).Items, *ticket)
		}
	}
	return r.err
}

func TestTicketsWhoseAddressHasChangedAreReconciled(t *testing.T) {
	elsewhere := claimant("elsewhere", "3", "")
	elsewhere.Status.Integration = "other"
	cached := []*v1alpha1.Ticket{claimant("one", "1", ""), claimant("two", "2", ""), claimant("without", "", ""), elsewhere, inNamespace("other", claimant("other", "4", ""))}
	changed := &v1alpha1.Integration{}
	changed.Namespace, changed.Name = "shop", "default"
	for _, test := range []struct {
		err  error
		want []string
	}{{nil, []string{"one", "two"}}, {errors.New("no cache"), nil}} {
		linked := enqueueLinked(&cachedTickets{tickets: cached, err: test.err})
		var got []string
		for _, request := range queuedBy(func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			linked.Update(t.Context(), event.UpdateEvent{ObjectOld: changed, ObjectNew: changed}, q)
		}) {
			got = append(got, request.Name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("reconciled (-want +got):\n%s", diff)
		}
	}
}

func TestWhatChangesTheAddressOfTickets(t *testing.T) {
	with := func(template string) *v1alpha1.Integration {
		return &v1alpha1.Integration{Spec: v1alpha1.IntegrationSpec{TicketURLTemplate: template}}
	}
	for _, test := range []struct {
		before, after string
		want          bool
	}{
		{"", "", false}, {"https://a.example.com/{id}", "https://a.example.com/{id}", false},
		{"", "https://a.example.com/{id}", true}, {"https://a.example.com/{id}", "", true}, {"https://a.example.com/{id}", "https://b.example.com/{id}", true},
	} {
		if got := changesOfLinks.Update(event.UpdateEvent{ObjectOld: with(test.before), ObjectNew: with(test.after)}); got != test.want {
			t.Errorf("from %q to %q: %t, want %t", test.before, test.after, got, test.want)
		}
	}
	if changesOfLinks.Create(event.CreateEvent{Object: with("")}) || !changesOfLinks.Create(event.CreateEvent{Object: with("https://a.example.com/{id}")}) {
		t.Error("an Integration that is created gives its Tickets an address where it has a template, and else not")
	}
	if changesOfLinks.Delete(event.DeleteEvent{Object: with("https://a.example.com/{id}")}) {
		t.Error("the address stays when the Integration goes")
	}
}
