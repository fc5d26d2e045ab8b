// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// What is recognised as ours, and what is not: people who say the same, and providers that show
// texts in their own spelling.

// peopleSpeakFaults lose a request, and let a person say the same at that very moment, or nearly
// the same.
func peopleSpeakFaults() []fault {
	creates := func(o operation) bool { return o.name == "create comment" || o.name == "create note" }
	shouted := func(text string) string { return strings.ToUpper(text) + "!" }
	return []fault{
		{kind: "people who speak", name: "request lost, and a person says the same", applies: creates, answer: lostWhilePersonSays(func(text string) string { return text })},
		{kind: "people who speak", name: "request lost, and a person says it with other signs", applies: creates, doubtful: true, answer: lostWhilePersonSays(shouted)},
		{kind: "people who speak", name: "response lost, and a person says it with other signs", applies: creates,
			answer: func(call *exchange) (*http.Response, error) {
				answered, err := call.send()
				if err != nil {
					return nil, err
				}
				_ = answered.Body.Close()
				return lostWhilePersonSays(shouted)(call)
			}},
	}
}

// lostWhilePersonSays loses a request while a person writes on the same ticket.
func lostWhilePersonSays(change func(string) string) answerer {
	return func(call *exchange) (*http.Response, error) {
		w := call.network.world
		var sent struct{ Title, Content string }
		w.must(json.Unmarshal(call.body, &sent))
		ticketID := strings.Split(call.request.URL.Path, "/")[4]
		if call.by.of.kind != "Ticket" { // whose closing comment a person may have written as well
			var id string
			if call.operation == "create note" {
				id = w.personNotes(ticketID, sent.Title, change(sent.Content))
			} else {
				id = w.personComments(ticketID, change(sent.Content))
			}
			w.saidMeanwhile[id] = change(sent.Content) == sent.Content
		}
		return nil, syscall.ECONNRESET
	}
}

// personNotes writes a note that must stay.
func (w *world) personNotes(ticketID, title, content string) (id string) {
	said, found := w.remote.AddNote(ticketID, person, title, content)
	if !found {
		w.violate("the simulation: there is no ticket %q to write a note on", ticketID)
		return ""
	}
	w.survives = append(w.survives, func() string {
		stays := func(n simulator.Note) bool { return n.ID == said.ID && (w.saidMeanwhile[n.ID] || n.Content == content) }
		if w.ledger.removedByPerson[ticketID] || slices.ContainsFunc(w.remote.Notes(ticketID), stays) {
			return ""
		}
		return fmt.Sprintf("the note %s of a person, %q, is gone", said.ID, content)
	})
	return said.ID
}

// decide does what a person does who is asked whether something was created: it was not, and a
// person says so.
func (w *world) decide() {
	for _, of := range w.declared {
		object, exists := w.get(of).(remote.Object)
		if exists && readyReason(object.RemoteStatus()) == v1alpha1.ReasonCreateUnconfirmed {
			w.annotate(of, v1alpha1.CreateAgainAnnotation, "it was not")
		}
	}
}

// misleadingOrder is a provider that refuses filters and ignores an order, and happens to show the
// tickets of people newest first, and later ones after them.
func misleadingOrder(w *world) {
	for i := range 6 {
		w.remote.AddTicket(simulator.Ticket{Name: fmt.Sprint("by hand ", i), Summary: "old", CreatedAt: time.Now().Add(-time.Duration(i+1) * time.Hour)})
	}
	w.remote.SetBehaviour(simulator.Behaviour{RefuseFilters: []string{"*"}, IgnoreOrder: true, PageSize: 3})
}

const spelledContent = "Tom & Jerry say a < b, Ausfälle 🎉\n\n1. see https://example.com/runbook?a=1&b=2\n1. ask <name>"

// recognitionScenarios have a provider that shows texts in its own spelling.
func recognitionScenarios() []scenario {
	speaks := func(spelling simulator.Spelling) func(*world) {
		return func(w *world) {
			w.remote.SetBehaviour(simulator.Behaviour{Spelling: spelling})
			w.apply(aTicket())
		}
	}
	spelled := func() client.Object { return comment(theComment.name, theTicket.name, spelledContent) }
	spelledNote := func() client.Object {
		made := note(theNote.name, theTicket.name)
		made.Spec.Content = spelledContent
		return made
	}
	markdown := simulator.Spelling{EscapeHTML: true, LinkURLs: true, NumberLists: true, Decompose: true, EmojiShortcodes: true}
	return []scenario{
		{name: "ticket among others whose order misleads", primary: theTicket, setup: misleadingOrder, acts: []func(*world){applying(aTicket)}},
		{name: "comment spelled as markdown", primary: theComment, setup: speaks(markdown), acts: []func(*world){applying(spelled), deleting(theComment)}},
		{name: "note spelled as HTML", primary: theNote, setup: speaks(simulator.Spelling{HTML: true}), acts: []func(*world){applying(spelledNote)}},
		{name: "ticket closed with a comment that is spelled", primary: theTicket, setup: speaks(markdown), acts: []func(*world){
			func(w *world) {
				w.edit(theTicket, func(object client.Object) {
					spec := &object.(*v1alpha1.Ticket).Spec
					closing(spec)
					spec.Close.Comment = spelledContent
				})
			}, deleting(theTicket),
		}},
	}
}
