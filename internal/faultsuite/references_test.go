// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// otherTicket is the one that a comment should have named.
var otherTicket = reference{"Ticket", "payment-errors"}

// shortly is before a process that was restarted looks at anything: nothing but the annotations
// tells of an attempt that was on its way.
const shortly = 2 * time.Second

// scenariosOfReferences are people who name the wrong Integration or Ticket, and correct it.
func scenariosOfReferences() []scenario {
	return []scenario{
		{name: "integrationRef corrected", primary: theTicket, acts: []func(*world){
			applying(func() client.Object { return ticket(theTicket.name, through("typo")) }),
			func(w *world) {
				w.correct(theTicket, func(object client.Object) { through(integrationName)(&object.(*v1alpha1.Ticket).Spec) })
			},
		}},
		{name: "ticketRef corrected", primary: theComment, setup: applying(aTicket), acts: []func(*world){
			applying(func() client.Object { return comment(theComment.name, "typo", "Mitigation started.") }),
			func(w *world) { w.correct(theComment, on(theTicket)) },
		}},
		{name: "ticketRef corrected while the comment is created", primary: theComment,
			setup: applying(aTicket, func() client.Object { return ticket(otherTicket.name) }),
			acts:  []func(*world){(*world).applyAndCorrect, deleting(theComment)}},
		{name: "ticketRef corrected while the comment is created, which stays", primary: theComment,
			setup: applying(aTicket, func() client.Object { return ticket(otherTicket.name) }),
			acts:  []func(*world){(*world).applyAndCorrect}},
	}
}

func through(name string) func(*v1alpha1.TicketSpec) {
	return func(spec *v1alpha1.TicketSpec) { spec.IntegrationRef.Name = name }
}

func on(parent reference) func(client.Object) {
	return func(object client.Object) {
		object.(*v1alpha1.TicketComment).Spec.TicketRef = &v1alpha1.TicketReference{Name: parent.name}
	}
}

// applyAndCorrect applies a comment on one ticket and names the other one shortly afterwards. A
// comment that is Ready in the end is on the ticket that its spec names.
func (w *world) applyAndCorrect() {
	w.apply(aComment())
	w.inTime(shortly, func() { w.correct(theComment, on(otherTicket)) })
	w.survives = append(w.survives, func() string {
		made, exists := w.get(theComment).(*v1alpha1.TicketComment)
		if !exists || !meta.IsStatusConditionTrue(made.Status.Conditions, v1alpha1.ConditionReady) {
			return ""
		}
		if parent := w.statusID(reference{"Ticket", made.Spec.TicketRef.Name}); made.Status.TicketID != parent {
			return fmt.Sprintf("%s is on the remote ticket %s, and its spec names %s, which is %s", theComment, made.Status.TicketID, made.Spec.TicketRef.Name, parent)
		}
		return ""
	})
}

// correct changes a reference, which the API server refuses once the status tells of a remote
// object or of an attempt to create one.
func (w *world) correct(of reference, change func(client.Object)) {
	object, exists := w.get(of).(remote.Object)
	if !exists || object.RemoteStatus().ID != "" || object.RemoteStatus().OpenAttempt > 0 {
		return
	}
	w.edit(of, change)
}

// saysMisplaced reports whether an object says that its remote object is at another place than the
// one that its spec names now, which is so where the spec was changed while an attempt was open.
func (w *world) saysMisplaced(object remote.Object, live []string) bool {
	made, isComment := object.(*v1alpha1.TicketComment)
	return isComment && len(live) == 1 && live[0] == made.Status.ID && made.Spec.TicketRef != nil && made.Spec.TicketRef.Name == otherTicket.name &&
		readyReason(object.RemoteStatus()) == v1alpha1.ReasonConflict
}
