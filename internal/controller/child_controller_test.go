// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// What comments, notes and attachments have in common.
var _ = Describe("A comment, a note or an attachment", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	for _, kind := range []struct {
		name   string
		make   func(name, ticket string) client.Object
		byID   func(name, ticketID string) client.Object
		retain func(client.Object)
		count  func(ticketID string) int
		remove func(id string) bool
		create string
		erase  string
		list   string
	}{
		{
			name: "comment",
			make: func(name, ticket string) client.Object { return w.comment(name, ticket) },
			byID: func(name, ticketID string) client.Object {
				comment := w.comment(name, "")
				comment.Spec.ParentReference = v1alpha1.ParentReference{TicketID: ticketID}
				return comment
			},
			retain: func(o client.Object) { o.(*v1alpha1.TicketComment).Spec.DeletionPolicy = v1alpha1.ChildRetain },
			count:  func(ticketID string) int { return len(w.simulator.Comments(ticketID)) },
			remove: func(id string) bool { return w.simulator.DeleteComment(id) },
			create: "CreateComment", erase: "DeleteComment", list: "ListComments",
		},
		{
			name: "note",
			make: func(name, ticket string) client.Object { return w.note(name, ticket) },
			byID: func(name, ticketID string) client.Object {
				note := w.note(name, "")
				note.Spec.ParentReference = v1alpha1.ParentReference{TicketID: ticketID}
				return note
			},
			retain: func(o client.Object) { o.(*v1alpha1.TicketNote).Spec.DeletionPolicy = v1alpha1.ChildRetain },
			count:  func(ticketID string) int { return len(w.simulator.Notes(ticketID)) },
			remove: func(id string) bool { return w.simulator.DeleteNote(id) },
			create: "CreateNote", erase: "DeleteNote", list: "ListNotes",
		},
		{
			name: "attachment",
			make: func(name, ticket string) client.Object { return w.attachment(name, ticket) },
			byID: func(name, ticketID string) client.Object {
				attachment := w.attachment(name, "")
				attachment.Spec.ParentReference = v1alpha1.ParentReference{TicketID: ticketID}
				return attachment
			},
			retain: func(o client.Object) { o.(*v1alpha1.TicketAttachment).Spec.DeletionPolicy = v1alpha1.ChildRetain },
			count:  func(ticketID string) int { return len(w.simulator.Attachments(ticketID)) },
			remove: func(id string) bool { return w.simulator.DeleteAttachment(id) },
			create: "CreateAttachment", erase: "DeleteAttachment", list: "ListAttachments",
		},
	} {
		Describe("(a "+kind.name+")", func() {
			// unconfirmed is one whose remote object exists, and the answer that says so was lost.
			unconfirmed := func() (child client.Object, ticketID string) {
				GinkgoHelper()
				ticketID = w.created(w.ticket("parent")).Status.ID
				w.simulator.Inject(simulator.Fault{Operation: kind.create, Lose: true, AfterCommit: true, Times: 1})
				child = kind.make("child", "parent")
				w.create(child)
				result := w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonCreateUnconfirmed)
				w.clock.Step(result.RequeueAfter)
				return child, ticketID
			}

			It("is created with one request and two writes, and shows its remote object", func() {
				ticket := w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				written := w.writes.count.Load()
				w.reconcile(child)
				expectReady(child)
				Expect(w.sent()).To(Equal([]string{kind.create + " 201"}))
				Expect(w.writes.count.Load() - written).To(BeEquivalentTo(2))
				Expect(kind.count(ticket.Status.ID)).To(Equal(1))
				Expect(child.GetFinalizers()).To(Equal([]string{v1alpha1.RemoteFinalizer}))
				w.expectInSync(child)
			})

			It("waits for its Ticket, and then for the Ticket's remote ticket", func() {
				child := kind.make("child", "parent")
				w.create(child)
				result := w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonWaitingForTicket, `Ticket "parent" does not exist`)
				Expect(result.RequeueAfter).To(Equal(time.Minute), "a watch wakes it; only the Warning needs a timer")

				ticket := w.ticket("parent")
				w.create(ticket)
				w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonWaitingForTicket, "no remote ticket yet")
				w.reconcile(ticket)
				w.reconcile(child)
				expectReady(child)
			})

			It("belongs to a remote ticket directly with ticketID", func() {
				existing := w.simulator.AddTicket(simulator.Ticket{Name: "by a person", Summary: "by a person"})
				child := kind.byID("child", existing.ID)
				w.create(child)
				w.reconcile(child)
				expectReady(child)
				Expect(kind.count(existing.ID)).To(Equal(1))
			})

			It("is deleted remotely, after its Ticket is gone as well", func() {
				ticket := w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				w.delete(ticket)
				w.expectGone(ticket)
				w.simulator.ForgetRequests()
				w.delete(child)
				w.reconcileAway(child)
				w.expectGone(child)
				Expect(kind.count(ticket.Status.ID)).To(BeZero())
				Expect(w.sent()).To(Equal([]string{kind.erase + " 204"}))
			})

			It("stays remotely under Retain, and with the orphan annotation", func() {
				ticket := w.created(w.ticket("parent"))
				retained, orphaned := kind.make("retained", "parent"), kind.make("orphaned", "parent")
				kind.retain(retained)
				w.create(retained, orphaned)
				w.reconcile(retained)
				w.reconcile(orphaned)
				annotate(w, orphaned, v1alpha1.OrphanAnnotation, "true")
				w.simulator.ForgetRequests()
				for _, child := range []client.Object{retained, orphaned} {
					w.delete(child)
					w.reconcileAway(child)
					w.expectGone(child)
				}
				Expect(w.sent()).To(BeEmpty())
				Expect(kind.count(ticket.Status.ID)).To(Equal(2))
			})

			It("does not finish its deletion while it is paused", func() {
				w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				annotate(w, child, v1alpha1.PausedAnnotation, "true")
				w.delete(child)
				w.simulator.ForgetRequests()
				w.reconcile(child)
				Expect(w.sent()).To(BeEmpty())
				Expect(condition(child, "Ready").Reason).To(Equal(v1alpha1.ReasonPaused))
			})

			It("is deleted remotely with the Integration and the Secret that were deleted before it", func() {
				ticket := w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				integration := &v1alpha1.Integration{ObjectMeta: w.named("default")}
				w.delete(w.secret(""))
				w.delete(integration)
				w.reconcile(integration)
				Expect(condition(integration, "Ready").Message).To(ContainSubstring(`"child"`), "it says what it waits for")
				w.delete(child)
				w.reconcileAway(child)
				w.expectGone(child)
				Expect(kind.count(ticket.Status.ID)).To(BeZero())
				Eventually(func(g Gomega) {
					// The watch wakes it when the cache has seen the object go.
					w.reconcileAway(integration)
					g.Expect(testCluster.GetAPIReader().Get(w.ctx, client.ObjectKeyFromObject(integration), integration)).NotTo(Succeed())
				}).Should(Succeed())
			})

			It("is deleted remotely through the open connection when the Integration was taken away by force", func() {
				ticket := w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				w.removeIntegration()
				w.delete(child)
				w.reconcileAway(child)
				w.expectGone(child)
				Expect(kind.count(ticket.Status.ID)).To(BeZero())
			})

			It("says that its deletion is blocked when the credentials are gone, and goes on when they are back", func() {
				w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				w.removeIntegration()
				w.start()
				w.delete(child)
				w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonDeleteBlocked, `Integration "default" does not exist`, v1alpha1.OrphanAnnotation)
				w.create(w.integration())
				w.reconcileIntegration()
				w.reconcileAway(child)
				w.expectGone(child)
			})

			It("is let go in a terminating namespace when the credentials are gone for good, with a Warning that names what is left", func() {
				ticket := w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				w.removeIntegration()
				w.start()
				w.delete(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
				w.delete(child)
				result := w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonDeleteBlocked)
				Expect(result.RequeueAfter).To(BeNumerically("~", 30*time.Second, 10*time.Second))
				w.clock.Step(result.RequeueAfter)
				w.news()
				w.reconcileAway(child)
				w.expectGone(child)
				Expect(kind.count(ticket.Status.ID)).To(Equal(1))
				Expect(w.news()).To(ContainElement(And(HavePrefix("Warning Abandoned"), ContainSubstring("child"), ContainSubstring(child.(remote.Object).RemoteStatus().ID))))
			})

			It("goes at once when nothing was created for it", func() {
				child := kind.make("child", "no-such-ticket")
				w.create(child)
				w.reconcile(child)
				Expect(child.GetFinalizers()).To(BeEmpty())
				w.delete(child)
				w.expectGone(child)
			})

			It("is found again when the answer to its create was lost", func() {
				ticket := w.created(w.ticket("parent"))
				w.simulator.AddComment(ticket.Status.ID, "a person", "Something else.")
				w.simulator.Inject(simulator.Fault{Operation: kind.create, Lose: true, AfterCommit: true, Times: 1})
				before := kind.count(ticket.Status.ID)
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonCreateUnconfirmed)
				w.clock.Step(2 * time.Second)
				w.reconcile(child)
				expectReady(child)
				Expect(kind.count(ticket.Status.ID)).To(Equal(before + 1))
				w.expectInSync(child)
			})

			It("settles an unconfirmed create before it is deleted", func() {
				child, ticketID := unconfirmed()
				w.delete(child)
				w.reconcileAway(child)
				w.expectGone(child)
				Expect(kind.count(ticketID)).To(BeZero())
			})

			It("settles an unconfirmed create whose annotations were removed during the deletion", func() {
				child, ticketID := unconfirmed()
				w.delete(child)
				edit(w, child, func(o client.Object) { o.SetAnnotations(nil) })
				w.reconcileAway(child)
				w.expectGone(child)
				Expect(kind.count(ticketID)).To(BeZero())
			})

			It("is deleted after an unconfirmed create when the remote ticket is gone, and not before the settle period", func() {
				began := w.clock.Now()
				child, ticketID := unconfirmed()
				w.simulator.DeleteTicket(ticketID)
				w.delete(child)
				w.reconcileUntilGone(child)
				Expect(w.clock.Since(began)).To(BeNumerically(">=", 150*time.Second))
			})

			It("is not taken for gone during its deletion because the ticket's list is not there", func() {
				child, ticketID := unconfirmed()
				list := w.simulator.Inject(simulator.Fault{Operation: kind.list, Status: 404})
				w.delete(child)
				for range 10 {
					result := w.reconcile(child)
					expectNotReady(child, v1alpha1.ReasonCreateUnconfirmed)
					w.clock.Step(result.RequeueAfter)
				}
				list()
				w.reconcileUntilGone(child)
				Expect(kind.count(ticketID)).To(BeZero())
			})

			It("is not created again after an unconfirmed create when the remote ticket is gone, which may come back", func() {
				child, ticketID := unconfirmed()
				w.simulator.DeleteTicket(ticketID)
				w.simulator.ForgetRequests()
				for range 10 {
					result := w.reconcile(child)
					expectNotReady(child, v1alpha1.ReasonCreateUnconfirmed, v1alpha1.CreateAgainAnnotation)
					w.clock.Step(result.RequeueAfter)
				}
				Expect(w.sent()).To(HaveEach(kind.list + " 404"))
			})

			It("does not take another one's remote object for its own", func() {
				ticket := w.created(w.ticket("parent"))
				twin := kind.make("twin", "parent")
				w.create(twin)
				w.reconcile(twin)
				w.simulator.Inject(simulator.Fault{Operation: kind.create, Lose: true, Times: 1})
				child := kind.make("child", "parent")
				w.create(child)
				result := w.reconcile(child)
				for range 20 {
					w.clock.Step(max(result.RequeueAfter, time.Second))
					result = w.reconcile(child)
				}
				expectReady(child)
				Expect(child.(remote.Object).RemoteStatus().ID).NotTo(Equal(twin.(remote.Object).RemoteStatus().ID))
				Expect(kind.count(ticket.Status.ID)).To(Equal(2))
			})

			It("is RemoteMissing when a person deleted it, and is not created again", func() {
				ticket := w.created(w.ticket("parent"))
				child := kind.make("child", "parent")
				w.create(child)
				w.reconcile(child)
				kind.remove(child.(remote.Object).RemoteStatus().ID)
				annotate(w, child, v1alpha1.SyncRequestedAnnotation, "look")
				w.simulator.ForgetRequests()
				w.reconcile(child)
				w.reconcile(child)
				expectNotReady(child, v1alpha1.ReasonRemoteMissing)
				Expect(w.sent()).To(Equal([]string{kind.list + " 200"}))
				Expect(kind.count(ticket.Status.ID)).To(BeZero())
			})
		})
	}
})

var _ = Describe("A TicketComment", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	var comment *v1alpha1.TicketComment
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("parent"))
		comment = w.comment("edited", "parent")
		w.create(comment)
		w.reconcile(comment)
		w.simulator.ForgetRequests()
	})

	It("posts a changed content first and then deletes the old comment", func() {
		old := comment.Status.ID
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Mitigated." })
		w.reconcile(comment)
		expectReady(comment)
		Expect(w.sent()).To(Equal([]string{"CreateComment 201", "DeleteComment 204"}))
		Expect(comment.Status.ID).NotTo(Equal(old))
		Expect(comment.Status.ReplacedIDs).To(BeEmpty())
		Expect(w.simulator.Comments(ticket.Status.ID)).To(HaveLen(1))
		Expect(w.simulator.Comments(ticket.Status.ID)[0].Content).To(Equal("Mitigated."))
		w.expectInSync(comment)
	})

	It("deletes the old comment later when that fails, and both when it is deleted meanwhile", func() {
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Mitigated." })
		w.simulator.Inject(simulator.Fault{Operation: "DeleteComment", Status: 503, Times: 1})
		w.reconcile(comment)
		expectNotReady(comment, v1alpha1.ReasonRemoteUnavailable)
		Expect(comment.Status.ReplacedIDs).To(HaveLen(1))
		Expect(w.simulator.Comments(ticket.Status.ID)).To(HaveLen(2))
		w.delete(comment)
		w.clock.Step(time.Minute)
		w.reconcileAway(comment)
		w.expectGone(comment)
		Expect(w.simulator.Comments(ticket.Status.ID)).To(BeEmpty())
	})

	It("keeps the old comment when the new one is refused", func() {
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Mitigated." })
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Status: 400, Times: 1})
		w.reconcile(comment)
		expectNotReady(comment, v1alpha1.ReasonRejected)
		Expect(w.simulator.Comments(ticket.Status.ID)).To(HaveLen(1))
		Expect(comment.Status.ID).NotTo(BeEmpty())
	})

	It("finds the new comment when the answer was lost during an edit", func() {
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Mitigated." })
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 1})
		w.reconcile(comment)
		expectNotReady(comment, v1alpha1.ReasonCreateUnconfirmed)
		w.clock.Step(2 * time.Second)
		w.reconcile(comment)
		expectReady(comment)
		comments := w.simulator.Comments(ticket.Status.ID)
		Expect(comments).To(HaveLen(1))
		Expect(comments[0].Content).To(Equal("Mitigated."))
		w.expectInSync(comment)
	})

	It("has no Synced condition, because it is never updated in place", func() {
		Expect(condition(comment, "Synced")).To(BeNil())
	})
})

var _ = Describe("A TicketNote", func() {
	It("is patched in place, changed fields only", func() {
		w := newWorld()
		ticket := w.created(w.ticket("parent"))
		note := w.note("note", "parent")
		w.create(note)
		w.reconcile(note)
		id := note.Status.ID
		w.simulator.ForgetRequests()
		edit(w, note, func(n *v1alpha1.TicketNote) { n.Spec.Title = "Handover, second shift" })
		w.reconcile(note)
		expectReady(note)
		Expect(w.sent()).To(Equal([]string{"PatchNote 200"}))
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /title "Handover, second shift"`}))
		Expect(note.Status.ID).To(Equal(id))
		Expect(w.simulator.Notes(ticket.Status.ID)[0].Title).To(Equal("Handover, second shift"))
		Expect(condition(note, "Synced").Status).To(Equal(metav1.ConditionTrue))
		w.expectInSync(note)
	})
})
