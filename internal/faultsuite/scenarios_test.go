// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"context"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// scenario is what people do. Its operations are those of what follows from acts; each act waits
// until the world is at rest.
type scenario struct {
	name  string
	setup func(*world)
	acts  []func(*world)
	// primary is the object that interference is about.
	primary reference
	// cold: no Integration is set up before.
	cold bool
	// polled: the managers look for remote changes. A scenario asks for that with sync-requested,
	// because polls of their own come at random times.
	polled bool
	// receiver makes the AlertReceiver of a scenario with alerts.
	receiver func() *v1alpha1.AlertReceiver
	// withoutCredentials: credentials are deleted on purpose, so a manager that has lost them needs
	// them back.
	withoutCredentials bool
}

// faults are those that can strike in the scenario.
func (s scenario) faults() []fault {
	if s.receiver != nil {
		return alertFaults()
	}
	return allFaults()
}

var (
	theTicket  = reference{"Ticket", "checkout-latency"}
	theComment = reference{"TicketComment", "started"}
	theNote    = reference{"TicketNote", "handover"}
	theFile    = reference{"TicketAttachment", "heap-dump"}
	// thePoller looks for the remote changes of the Integration.
	thePoller = reference{"Poller", integrationName}
)

// soon is within the time in which a create can be unconfirmed.
const soon = 10 * time.Second

func scenarios() []scenario {
	return slices.Concat(ticketScenarios(), adoptionScenarios(), scenariosOfRemoteChanges(), commentScenarios(), noteScenarios(), attachmentScenarios(), scenariosOfSeveral(), recognitionScenarios(), scenariosOfEverything(), scenariosOfReferences(), scenariosOfProviders(), scenariosOfClusterIntegrations(), scenariosOfAlerts())
}

func deleting(of ...reference) func(*world) {
	return func(w *world) {
		for _, each := range of {
			w.delete(each)
		}
	}
}

// applying applies objects that are made anew for each run.
func applying(objects ...func() client.Object) func(*world) {
	return func(w *world) {
		for _, object := range objects {
			w.apply(object())
		}
	}
}

// replacing replaces the object by its manifest, which knows nothing of the operator's annotations.
func replacing(of reference) func(*world) {
	return func(w *world) { w.replace(of) }
}

func editing(of reference) func(*world) {
	return func(w *world) { w.edit(of, editSpec("edited")) }
}

func afterwards(first, then func(*world)) func(*world) {
	return func(w *world) {
		first(w)
		w.inTime(soon, func() { then(w) })
	}
}

// later is afterwards, but when a successor's cache has caught up: a process that has never seen an
// attempt's annotations, and looks before what is still on its way arrives, cannot know of it.
func later(first, then func(*world)) func(*world) {
	return func(w *world) {
		first(w)
		w.inTime(2*soon, func() { then(w) })
	}
}

func aTicket() client.Object       { return ticket(theTicket.name) }
func aClosedTicket() client.Object { return ticket(theTicket.name, closing) }
func aComment() client.Object {
	return comment(theComment.name, theTicket.name, "Mitigation started.")
}
func aNote() client.Object { return note(theNote.name, theTicket.name) }

// aPersonsTicket is a remote ticket that was there before.
func aPersonsTicket(name string) func(*world) {
	return func(w *world) {
		w.remote.AddTicket(simulator.Ticket{ID: "4711", Name: name, Summary: "made by a person"})
	}
}

func ticketScenarios() []scenario {
	return []scenario{
		{name: "ticket created", primary: theTicket, acts: []func(*world){applying(aTicket)}},
		{name: "ticket created and retained", primary: theTicket, acts: []func(*world){applying(aTicket), deleting(theTicket)}},
		{name: "ticket created and closed", primary: theTicket, acts: []func(*world){applying(aClosedTicket), deleting(theTicket)}},
		{name: "ticket updated", primary: theTicket, setup: applying(aTicket), acts: []func(*world){
			func(w *world) {
				w.edit(theTicket, func(object client.Object) {
					spec := &object.(*v1alpha1.Ticket).Spec
					spec.Summary, spec.Priority, spec.Status = "p99 above 5s", "HIGH", "In Progress"
					spec.Tags = append(spec.Tags, "severity:2")
				})
			},
		}},
		{name: "ticket edited while it is created", primary: theTicket, acts: []func(*world){afterwards(applying(aTicket), editing(theTicket))}},
		{name: "ticket created with a decision in its manifest", primary: theTicket, acts: []func(*world){func(w *world) {
			decided := ticket(theTicket.name)
			decided.Annotations = map[string]string{v1alpha1.CreateAgainAnnotation: "yes"}
			w.apply(decided)
		}}},
		{name: "ticket replaced while it is created", primary: theTicket, acts: []func(*world){later(applying(aTicket), replacing(theTicket))}},
		{name: "ticket closed while it is created", primary: theTicket, acts: []func(*world){afterwards(applying(aClosedTicket), deleting(theTicket))}},
	}
}

func adoptionScenarios() []scenario {
	return []scenario{
		{name: "ticket adopted", primary: theTicket,
			setup: aPersonsTicket("by hand"),
			acts: []func(*world){func(w *world) {
				w.apply(ticket(theTicket.name, closing, func(spec *v1alpha1.TicketSpec) { spec.TicketID = "4711" }))
			}, deleting(theTicket)}},
		{name: "ticket observed", primary: theTicket,
			setup: aPersonsTicket("by hand"),
			acts: []func(*world){func(w *world) {
				w.apply(ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) {
					spec.TicketID, spec.ManagementPolicy = "4711", v1alpha1.ManagementObserve
				}))
			}}},
		{name: "drift enforced", primary: theTicket,
			setup: applying(func() client.Object {
				return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) {
					spec.ManagementPolicy, spec.Status = v1alpha1.ManagementEnforce, "To Do"
				})
			}),
			acts: []func(*world){func(w *world) {
				elapse(soon) // With a full budget there is a look after the write.
				w.remote.EditTicket(w.remoteIDOf(theTicket), func(t *simulator.Ticket) { t.Status, t.Summary = "Done", "never mind" })
				w.annotate(theTicket, v1alpha1.SyncRequestedAnnotation, "now")
			}}},
	}
}

func scenariosOfRemoteChanges() []scenario {
	lookNow := func(w *world) { w.annotate(theTicket, v1alpha1.SyncRequestedAnnotation, time.Now().String()) }
	return []scenario{
		{name: "remote change polled", primary: theTicket, polled: true,
			setup: applying(func() client.Object {
				return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) {
					spec.ManagementPolicy, spec.Status = v1alpha1.ManagementEnforce, "To Do"
				})
			}),
			acts: []func(*world){func(w *world) {
				w.remote.EditTicket(w.remoteIDOf(theTicket), func(t *simulator.Ticket) { t.Status = "Done" })
				w.annotate(reference{"Integration", integrationName}, v1alpha1.SyncRequestedAnnotation, "now")
			}}},
		{name: "ticket created again", primary: theTicket,
			setup: applying(func() client.Object {
				return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) { spec.OnRemoteMissing = v1alpha1.RemoteMissingRecreate })
			}),
			acts: []func(*world){lookNow, func(w *world) {
				w.personDeletes(theTicket)
				lookNow(w)
			}}},
		{name: "ticket expired", primary: theTicket,
			setup: applying(func() client.Object {
				return ticket(theTicket.name, closing, func(spec *v1alpha1.TicketSpec) { spec.TTLAfterClosed = &metav1.Duration{Duration: time.Minute} })
			}),
			acts: []func(*world){func(w *world) {
				w.personCloses(theTicket)
				elapse(2 * time.Minute)
				lookNow(w)
			}}},
		{name: "ticket expired with its comment and note", primary: theComment,
			setup: applying(func() client.Object {
				return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) { spec.TTLAfterClosed = &metav1.Duration{Duration: time.Minute} })
			}, aComment, aNote),
			acts: []func(*world){func(w *world) {
				w.personCloses(theTicket)
				w.deleted[theComment], w.deleted[theNote] = true, true
				elapse(2 * time.Minute)
				lookNow(w)
			}}},
	}
}

func commentScenarios() []scenario {
	return []scenario{
		{name: "comment", primary: theComment, setup: applying(aTicket), acts: []func(*world){applying(aComment), editing(theComment), deleting(theComment)}},
		{name: "comment edited while it is created", primary: theComment, setup: applying(aTicket),
			acts: []func(*world){afterwards(applying(aComment), editing(theComment))}},
		{name: "comment deleted while it is created", primary: theComment, setup: applying(aTicket),
			acts: []func(*world){afterwards(applying(aComment), deleting(theComment))}},
		{name: "comment replaced while it is created", primary: theComment, setup: applying(aTicket),
			acts: []func(*world){later(applying(aComment), replacing(theComment))}},
		{name: "comment retained", primary: theComment, setup: applying(aTicket), acts: []func(*world){
			applying(func() client.Object {
				retained := comment(theComment.name, theTicket.name, "Mitigation started.")
				retained.Spec.DeletionPolicy = v1alpha1.ChildRetain
				return retained
			}), deleting(theComment),
		}},
		{name: "comment on a remote ticket", primary: theComment,
			setup: aPersonsTicket(theTicket.name),
			acts: []func(*world){func(w *world) {
				direct := comment(theComment.name, "", "Mitigation started.")
				direct.Spec.ParentReference = v1alpha1.ParentReference{TicketID: "4711", IntegrationRef: &v1alpha1.IntegrationReference{Name: integrationName}}
				w.apply(direct)
			}, deleting(theComment)}},
	}
}

func noteScenarios() []scenario {
	return []scenario{
		{name: "note", primary: theNote, setup: applying(aTicket), acts: []func(*world){applying(aNote), editing(theNote), deleting(theNote)}},
		{name: "note edited while it is created", primary: theNote, setup: applying(aTicket),
			acts: []func(*world){afterwards(applying(aNote), editing(theNote))}},
		{name: "note deleted while it is created", primary: theNote, setup: applying(aTicket),
			acts: []func(*world){afterwards(applying(aNote), deleting(theNote))}},
	}
}

func scenariosOfSeveral() []scenario {
	return []scenario{
		{name: "two comments that say the same", primary: theComment, setup: applying(aTicket), acts: []func(*world){
			applying(aComment, func() client.Object { return comment("started-again", theTicket.name, "Mitigation started.") }),
			deleting(reference{"TicketComment", "started-again"}),
		}},
		{name: "a person said the same before", primary: theComment, setup: func(w *world) {
			w.apply(aTicket())
			w.rest()
			w.personComments(w.remoteIDOf(theTicket), "Mitigation started.")
			elapse(time.Minute)
		}, acts: []func(*world){func(w *world) {
			signed := comment(theComment.name, theTicket.name, "Mitigation started.")
			signed.Spec.Creator = botCreator
			w.apply(signed)
		}, deleting(theComment)}},
	}
}

func scenariosOfEverything() []scenario {
	return []scenario{
		{name: "everything at once in the worst order", primary: theComment, cold: true, acts: []func(*world){func(w *world) {
			w.apply(aComment(), aNote(), aTicket(), theIntegration())
			w.applySecret(firstToken)
		}}},
		{name: "restored from a backup", primary: theComment, setup: applying(aClosedTicket, aComment, aNote), acts: []func(*world){
			restoredFromBackup(theTicket, theComment, theNote),
		}},
		{name: "manifests copied", primary: reference{"TicketComment", "started-copy"}, setup: applying(aTicket, aComment, aNote), acts: []func(*world){
			copied(theTicket, theComment, theNote),
		}},
		{name: "objects copied with their status", primary: reference{"TicketComment", "started-copy"}, setup: applying(aClosedTicket, aComment, aNote), acts: []func(*world){
			copiedWithStatus(theTicket, theComment, theNote),
			deleting(reference{"TicketComment", "started-copy"}, reference{"Ticket", theTicket.name + "-copy"}),
		}},
		{name: "originals of copies with their status", primary: theComment, setup: applying(aClosedTicket, aComment, aNote), acts: []func(*world){
			copiedWithStatus(theTicket, theComment, theNote),
			deleting(reference{"TicketComment", "started-copy"}, reference{"Ticket", theTicket.name + "-copy"}),
		}},
		{name: "the status of others restored late", primary: reference{"TicketComment", "started-copy"}, setup: func(w *world) {
			applying(aClosedTicket, aComment, aNote)(w)
			w.rest()
			elapse(time.Minute) // What was made in the same second cannot be told apart by its age.
			copied(theTicket, theComment, theNote)(w)
		}, acts: []func(*world){
			givenTheStatusOf(theTicket, theComment, theNote),
			deleting(reference{"TicketComment", "started-copy"}, reference{"TicketNote", theNote.name + "-copy"}, reference{"Ticket", theTicket.name + "-copy"}),
		}},
		{name: "restored twice from a backup", primary: theComment, setup: applying(aTicket, aComment, aNote), acts: []func(*world){
			func(w *world) {
				copies := manifestsOf(w, theTicket, theComment, theNote)
				restoredFromBackup(theTicket, theComment, theNote)(w)
				w.apply(copies...)
			},
		}},
		{name: "everything deleted with its namespace", primary: theComment, setup: applying(aClosedTicket, aComment, aNote), withoutCredentials: true, acts: []func(*world){func(w *world) {
			w.must(w.people.Delete(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
			w.deleteEverything()
			// An Event about what was left behind names the cause.
			w.survives = append(w.survives, w.toldOf("nothing has changed since"), w.toldOf("waiting for another"))
		}}},
		{name: "everything deleted with its manifests", primary: theComment, setup: applying(aClosedTicket, aComment, aNote), withoutCredentials: true, acts: []func(*world){func(w *world) {
			w.deleteEverything()
		}}},
	}
}

// deleteEverything deletes all objects in the worst order.
func (w *world) deleteEverything() {
	w.deleteSecret()
	w.delete(reference{"Integration", integrationName})
	for _, of := range []reference{theTicket, theComment, theNote} {
		w.delete(of)
	}
}

// restoredFromBackup stops the managers, loses the objects, and applies them again as a backup has
// them: with the annotations, without the status, and with other UIDs.
func restoredFromBackup(lost ...reference) func(*world) {
	return func(w *world) {
		w.managers = nil
		var backup []client.Object
		for _, of := range lost {
			kept := w.get(of)
			w.edit(of, func(object client.Object) { object.SetFinalizers(nil) })
			w.must(w.people.Delete(context.Background(), w.get(of)))
			kept.SetUID("")
			kept.SetResourceVersion("")
			backup = append(backup, kept)
		}
		elapse(time.Hour)
		for _, object := range backup {
			w.apply(object)
		}
		w.managers = []*process{newProcess(w)}
	}
}

// manifestsOf are copies of objects under other names, annotations included, as kubectl get -o yaml
// gives them. Children hang on the copy of the ticket.
func manifestsOf(w *world, originals ...reference) []client.Object {
	var copies []client.Object
	for _, of := range originals {
		original := w.get(of)
		duplicate := of.empty()
		duplicate.SetName(of.name + "-copy")
		duplicate.SetAnnotations(maps.Clone(original.GetAnnotations()))
		duplicate.SetFinalizers(slices.Clone(original.GetFinalizers()))
		switch o := original.(type) {
		case *v1alpha1.Ticket:
			duplicate.(*v1alpha1.Ticket).Spec = *o.Spec.DeepCopy()
		case *v1alpha1.TicketComment:
			duplicate.(*v1alpha1.TicketComment).Spec = *o.Spec.DeepCopy()
		case *v1alpha1.TicketNote:
			duplicate.(*v1alpha1.TicketNote).Spec = *o.Spec.DeepCopy()
		case *v1alpha1.TicketAttachment:
			duplicate.(*v1alpha1.TicketAttachment).Spec = *o.Spec.DeepCopy()
		}
		copies = append(copies, duplicate)
	}
	return copies
}

// copied applies such copies.
func copied(originals ...reference) func(*world) {
	return func(w *world) { w.apply(manifestsOf(w, originals...)...) }
}

// givenTheStatusOf restores the status of the originals over that of such copies, which have remote
// objects of their own.
func givenTheStatusOf(originals ...reference) func(*world) {
	return func(w *world) {
		for _, original := range originals {
			w.editStatus(reference{original.kind, original.name + "-copy"}, w.get(original))
		}
	}
}

// copiedWithStatus applies such copies and restores the status of the originals, as backup tools
// do.
func copiedWithStatus(originals ...reference) func(*world) {
	return func(w *world) {
		for i, duplicate := range manifestsOf(w, originals...) {
			w.apply(duplicate)
			w.editStatus(referenceTo(duplicate), w.get(originals[i]))
		}
	}
}
