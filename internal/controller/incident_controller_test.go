// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/alertreceiver"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// alerting is a world with an AlertReceiver named platform and an Incident, whose Tickets and
// TicketComments are reconciled as well.
type alerting struct {
	*world
	receiver *v1alpha1.AlertReceiver
	incident *v1alpha1.Incident
	// reconciled is the object that is being reconciled.
	reconciled client.Object
}

func newAlerting(change ...func(*v1alpha1.AlertReceiverSpec)) *alerting {
	a := &alerting{world: newWorld()}
	a.receiver = &v1alpha1.AlertReceiver{ObjectMeta: a.named("platform"), Spec: v1alpha1.AlertReceiverSpec{
		TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alerts-token"},
		Resolve:        v1alpha1.ResolveSpec{Status: "Done"}, Refire: v1alpha1.RefireSpec{Status: "To Do"},
	}}
	for _, c := range change {
		c(&a.receiver.Spec)
	}
	secret := &corev1.Secret{ObjectMeta: a.named("alerts-token"), StringData: map[string]string{"token": "alerts"}}
	a.incident = a.newIncident("platform-1f0c", "a")
	a.create(secret, a.receiver, a.incident)
	return a
}

// newIncident is an Incident with alerts of these instances that fire.
func (a *alerting) newIncident(name string, instances ...string) *v1alpha1.Incident {
	incident := &v1alpha1.Incident{ObjectMeta: a.named(name), Spec: v1alpha1.IncidentSpec{
		ReceiverRef:  v1alpha1.AlertReceiverReference{Name: "platform"},
		GroupLabels:  map[string]string{"alertname": "DiskFull"},
		CommonLabels: map[string]string{"alertname": "DiskFull", "severity": "critical"},
	}}
	a.set(incident, instances...)
	return incident
}

// set has the alerts of these instances fire, and all others that there were be resolved.
func (a *alerting) set(incident *v1alpha1.Incident, instances ...string) {
	now := metav1.NewMicroTime(a.clock.Now())
	for i := range incident.Spec.Alerts {
		incident.Spec.Alerts[i].Status = v1alpha1.AlertResolved
	}
	for _, instance := range instances {
		alert := v1alpha1.Alert{
			Fingerprint: instance, Status: v1alpha1.AlertFiring, StartsAt: now, ReceivedAt: &now,
			Labels: map[string]string{"alertname": "DiskFull", "instance": instance, "severity": "critical"},
		}
		known := false
		for i := range incident.Spec.Alerts {
			if incident.Spec.Alerts[i].Fingerprint == instance {
				incident.Spec.Alerts[i], known = alert, true
			}
		}
		if !known {
			incident.Spec.Alerts = append(incident.Spec.Alerts, alert)
		}
	}
}

// fire has the alerts of these instances fire and no others, as a notification says, and lets what
// follows happen.
func (a *alerting) fire(instances ...string) {
	GinkgoHelper()
	edit(a.world, a.incident, func(i *v1alpha1.Incident) { a.set(i, instances...) })
	a.settle()
}

// wait lets time pass, and lets what is due happen.
func (a *alerting) wait(d time.Duration) {
	GinkgoHelper()
	a.clock.Step(d)
	a.settle()
}

// endpointIsDisabled says whether the manager was told to serve no endpoint for alerts.
func (a *alerting) endpointIsDisabled(is bool) {
	a.reconcilers["*v1alpha1.AlertReceiver"].(*alertreceiver.Reconciler).EndpointDisabled = is
}

// settle reconciles everything a few times. A process whose write was refused crashes.
func (a *alerting) settle() {
	GinkgoHelper()
	for range 4 {
		if err := a.round(); err != nil {
			Expect(err).To(MatchError(errUnavailable))
			a.restart()
		}
	}
	a.refresh(a.incident)
}

// round reconciles everything once.
func (a *alerting) round() error {
	GinkgoHelper()
	var objects []client.Object
	for _, list := range []client.ObjectList{&v1alpha1.IncidentList{}, &v1alpha1.TicketList{}, &v1alpha1.TicketCommentList{}} {
		Expect(testCluster.GetClient().List(a.ctx, list, client.InNamespace(a.namespace))).To(Succeed())
		objects = append(objects, itemsOf(list)...)
	}
	for _, object := range append(objects, a.receiver) {
		a.reconciled = object
		if _, err := a.tryReconcile(object); err != nil {
			return err
		}
	}
	return nil
}

// refuseWriteOfIncident makes the API server refuse the n-th write of the Incident's controller,
// and reports whether it has come to that.
func (a *alerting) refuseWriteOfIncident(n int) *bool {
	writes, refused := 0, false
	a.writes.before = func(client.Object) error {
		if _, isIncident := a.reconciled.(*v1alpha1.Incident); isIncident {
			if writes++; writes == n {
				refused = true
				return errUnavailable
			}
		}
		return nil
	}
	return &refused
}

func itemsOf(list client.ObjectList) []client.Object {
	var items []client.Object
	switch list := list.(type) {
	case *v1alpha1.IncidentList:
		for i := range list.Items {
			items = append(items, &list.Items[i])
		}
	case *v1alpha1.TicketList:
		for i := range list.Items {
			items = append(items, &list.Items[i])
		}
	case *v1alpha1.TicketCommentList:
		for i := range list.Items {
			items = append(items, &list.Items[i])
		}
	}
	return items
}

// ticket is the Ticket of the incident with the number.
func (a *alerting) ticketNumber(number int) *v1alpha1.Ticket {
	GinkgoHelper()
	ticket := &v1alpha1.Ticket{ObjectMeta: a.named(fmt.Sprintf("%s-%d", a.incident.Name, number))}
	a.refresh(ticket)
	return ticket
}

// remote is the remote ticket of that Ticket.
func (a *alerting) remote(number int) simulator.Ticket {
	GinkgoHelper()
	remote, exists := a.simulator.Ticket(a.ticketNumber(number).Status.ID)
	Expect(exists).To(BeTrue())
	return remote
}

// comments are the first lines of the comments of the remote ticket.
func (a *alerting) comments(number int) []string {
	GinkgoHelper()
	var lines []string
	for _, comment := range a.simulator.Comments(a.ticketNumber(number).Status.ID) {
		lines = append(lines, strings.ReplaceAll(comment.Content, "\n\n", " | "))
	}
	return lines
}

// personSets gives the remote ticket a status, with a completion date where that closes it, and has
// the operator see it.
func (a *alerting) personSets(number int, status string) {
	GinkgoHelper()
	ticket := a.ticketNumber(number)
	a.editRemote(ticket.Status.ID, func(t *simulator.Ticket) {
		t.Status, t.CompletionDate = status, nil
		if status != "In Progress" {
			t.CompletionDate = ptr.To(a.clock.Now())
		}
	})
	a.seen(ticket)
	a.settle()
}

func (a *alerting) phase() v1alpha1.IncidentPhase { return a.incident.Status.Phase }

var _ = Describe("An Incident", func() {
	It("opens a ticket, tells what changes, closes it, reopens it, and has a new one after a day", func() {
		a := newAlerting()
		a.settle()
		ticket := a.ticketNumber(1)
		Expect(ticket.Spec.Summary).To(Equal("[DiskFull]"))
		Expect(ticket.Spec.Priority).To(Equal(v1alpha1.Priority("CRITICAL")))
		Expect(ticket.Spec.DeletionPolicy).To(Equal(v1alpha1.TicketRetain))
		Expect(ticket.Labels).To(Equal(map[string]string{v1alpha1.ReceiverLabel: "platform", v1alpha1.IncidentLabel: a.incident.Name, v1alpha1.AlertNameLabel: "DiskFull"}))
		Expect(metav1.IsControlledBy(ticket, a.incident)).To(BeTrue())
		Expect(ticket.ManagedFields).To(ContainElement(HaveField("Manager", v1alpha1.AlertsFieldManager)))
		Expect(a.incident.Status.TicketID).To(Equal(ticket.Status.ID))
		Expect(a.incident.Status.TicketRef.Name).To(Equal(ticket.Name))
		Expect(a.incident.Status.Firing).To(BeEquivalentTo(1))
		expectCondition(a.incident, "Ready", metav1.ConditionTrue, v1alpha1.ReasonTracked)

		By("two alerts join, and one resolves within five minutes of the first comment")
		a.fire("a", "b")
		a.fire("a", "b", "c")
		a.fire("b", "c")
		Expect(a.comments(1)).To(HaveExactElements("**1 alert firing** | - `instance=b` | 2 alerts are firing now."))
		a.wait(5 * time.Minute)
		Expect(a.comments(1)).To(HaveLen(2))
		Expect(a.comments(1)[1]).To(Equal("**1 alert firing** | - `instance=c` | **1 alert resolved** | - `instance=a` | 2 alerts are firing now."))

		By("all resolve")
		a.fire()
		a.wait(time.Minute)
		Expect(a.remote(1).Status).NotTo(Equal("Done"), "the resolution has not held")
		a.wait(5 * time.Minute)
		Expect(a.remote(1).Status).To(Equal("Done"))
		Expect(a.comments(1)).To(HaveLen(3))
		Expect(a.comments(1)[2]).To(HaveSuffix("All alerts are resolved."))
		Expect(a.phase()).To(Equal(v1alpha1.IncidentResolved))

		By("one fires again within a day")
		a.wait(time.Hour)
		a.fire("a")
		Expect(a.remote(1).Status).To(Equal("To Do"))
		Expect(a.phase()).To(Equal(v1alpha1.IncidentFiring))
		Expect(a.comments(1)).To(HaveLen(4))

		By("it resolves again")
		a.wait(time.Hour)
		a.fire()
		a.wait(time.Hour)
		Expect(a.remote(1).Status).To(Equal("Done"))

		By("it fires again after a day: the first ticket is history")
		a.wait(25 * time.Hour)
		before := a.remote(1)
		a.fire("a")
		a.wait(time.Hour)
		a.fire("a", "b")
		Expect(a.incident.Status.Generation).To(BeEquivalentTo(2))
		Expect(a.incident.Status.TicketID).To(Equal(a.ticketNumber(2).Status.ID))
		Expect(a.remote(1)).To(Equal(before))
		Expect(a.comments(2)).To(HaveLen(1))
		Expect(a.simulator.Tickets()).To(HaveLen(2))
	})

	It("writes and sends nothing while nothing changes", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) {
			spec.Ticket.Summary, spec.Refresh = "{{ now }}", []v1alpha1.RefreshedField{"summary"}
		})
		a.settle()
		written := a.writes.count.Load()
		a.simulator.ForgetRequests()
		a.wait(time.Minute)
		Expect(a.writes.count.Load()).To(Equal(written))
		Expect(a.sent()).To(BeEmpty())
	})

	It("forgets a resolution that does not hold", func() {
		a := newAlerting()
		a.settle()
		a.fire()
		a.wait(time.Minute)
		a.fire("a")
		a.wait(time.Hour)
		Expect(a.incident.Status.ResolvedAt).To(BeNil())
		Expect(a.comments(1)).To(BeEmpty())
		Expect(a.ticketNumber(1).Spec.Status).To(BeEmpty())
	})

	It("makes nothing twice, whichever write fails", func() {
		for n, done := 1, false; !done; n++ {
			Expect(n).To(BeNumerically("<", 60))
			a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) { spec.CommentInterval = &metav1.Duration{} })
			failed := a.refuseWriteOfIncident(n)
			a.settle()
			edit(a.world, a.incident, func(i *v1alpha1.Incident) { a.set(i, "a", "b") })
			a.settle()
			edit(a.world, a.incident, func(i *v1alpha1.Incident) { a.set(i) })
			a.settle()
			a.clock.Step(time.Hour)
			a.settle()
			edit(a.world, a.incident, func(i *v1alpha1.Incident) { a.set(i, "a") })
			a.settle()
			Expect(a.simulator.Tickets()).To(HaveLen(1), "write %d", n)
			Expect(a.comments(1)).To(HaveExactElements(
				"**1 alert firing** | - `instance=b` | 2 alerts are firing now.",
				"**2 alerts resolved** | - `instance=a`\n- `instance=b` | All alerts are resolved.",
				"**1 alert firing** | - `instance=a` | 1 alert is firing now."), "write %d", n)
			Expect(a.remote(1).Status).To(Equal("To Do"), "write %d", n)
			Expect(a.phase()).To(Equal(v1alpha1.IncidentFiring), "write %d", n)
			done = !*failed
		}
	})

	It("tells no more than what a comment has not told that was made before a crash", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) { spec.CommentInterval = &metav1.Duration{} })
		a.settle()
		edit(a.world, a.incident, func(i *v1alpha1.Incident) { a.set(i, "a", "b") })
		commented := false
		a.writes.before = func(object client.Object) error {
			if _, isIncident := object.(*v1alpha1.Incident); isIncident && commented {
				return errUnavailable
			}
			if _, isComment := object.(*v1alpha1.TicketComment); isComment {
				commented = true
			}
			return nil
		}
		_, err := a.tryReconcile(a.incident)
		Expect(err).To(MatchError(errUnavailable))
		a.restart()
		a.fire("a", "b", "c")
		Expect(a.comments(1)).To(HaveExactElements(
			"**1 alert firing** | - `instance=b` | 2 alerts are firing now.",
			"**1 alert firing** | - `instance=c` | 3 alerts are firing now."))
	})

	It("leaves a ticket closed that a person has closed, and goes on when it is reopened", func() {
		a := newAlerting()
		a.settle()
		a.personSets(1, "Closed")
		Expect(a.phase()).To(Equal(v1alpha1.IncidentSuppressed))
		a.fire("a", "b")
		a.wait(time.Hour)
		Expect(a.remote(1).Status).To(Equal("Closed"))
		Expect(a.comments(1)).To(BeEmpty())
		expectCondition(a.incident, "Ready", metav1.ConditionTrue, v1alpha1.ReasonSuppressed)

		a.personSets(1, "In Progress")
		Expect(a.phase()).To(Equal(v1alpha1.IncidentFiring))
		Expect(a.comments(1)).To(HaveLen(1))
		Expect(a.remote(1).Status).To(Equal("In Progress"))
	})

	It("reopens a ticket that a person has closed, each time", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) {
			spec.ClosedWhileFiring, spec.Ticket.Status, spec.SuppressStatuses = v1alpha1.ClosedWhileFiringReopen, "To Do", []string{"won't do"}
		})
		a.settle()
		for range 2 {
			a.personSets(1, "Closed")
			Expect(a.remote(1).Status).To(Equal("To Do"))
			Expect(a.phase()).To(Equal(v1alpha1.IncidentFiring))
			a.wait(time.Minute)
		}
		a.personSets(1, "Won't Do")
		Expect(a.remote(1).Status).To(Equal("Won't Do"))
		Expect(a.phase()).To(Equal(v1alpha1.IncidentSuppressed))
		Expect(a.simulator.Tickets()).To(HaveLen(1))
	})

	It("has another ticket for one that a person has closed", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) { spec.ClosedWhileFiring = v1alpha1.ClosedWhileFiringNewTicket })
		a.settle()
		a.personSets(1, "Closed")
		Expect(a.incident.Status.Generation).To(BeEquivalentTo(2))
		Expect(a.remote(1).Status).To(Equal("Closed"))
		Expect(a.simulator.Tickets()).To(HaveLen(2))
	})

	It("makes no other Ticket for one that a person has deleted, until it resolves and fires again", func() {
		a := newAlerting()
		a.settle()
		a.delete(a.ticketNumber(1))
		a.wait(time.Hour)
		Expect(a.phase()).To(Equal(v1alpha1.IncidentSuppressed))
		Expect(a.simulator.Tickets()).To(HaveLen(1))
		a.fire()
		a.wait(time.Hour)
		Expect(a.phase()).To(Equal(v1alpha1.IncidentResolved))
		a.fire("a")
		Expect(a.incident.Status.Generation).To(BeEquivalentTo(2))
		Expect(a.simulator.Tickets()).To(HaveLen(2))
	})

	It("leaves what people edit, but for the fields that follow the alerts", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) {
			spec.Ticket.Summary, spec.Refresh = "{{ .Incident.Firing }} firing", []v1alpha1.RefreshedField{"summary"}
		})
		a.settle()
		edit(a.world, a.ticketNumber(1), func(t *v1alpha1.Ticket) {
			t.Spec.Description, t.Spec.Assignee = "mine", "jane@example.com"
		})
		a.fire("a", "b")
		a.fire()
		a.wait(time.Hour)
		ticket := a.ticketNumber(1)
		Expect(ticket.Spec.Summary).To(Equal("2 firing"))
		Expect([]string{ticket.Spec.Description, ticket.Spec.Assignee, ticket.Spec.Status}).To(Equal([]string{"mine", "jane@example.com", "Done"}))
	})

	It("creates its ticket with the default of a template that fails, and the receiver says so", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) { spec.Ticket.Summary = "{{ index .Alerts 7 }}" })
		a.settle()
		Expect(a.remote(1).Summary).To(Equal("[DiskFull]"))
		a.refresh(a.receiver)
		Expect(a.receiver.Status.LastError).To(HavePrefix("spec.ticket.summary:1:3: "))
	})

	It("waits for room, which one collecting ticket says", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) { spec.MaxOpenTickets = 1 })
		a.settle()
		second := a.newIncident("platform-2f0c", "x")
		a.create(second, a.newIncident("platform-3f0c", "y"))
		a.settle()
		a.refresh(second)
		Expect(second.Status.Phase).To(Equal(v1alpha1.IncidentWaiting))
		expectNotReady(second, v1alpha1.ReasonHeldBack, "maxOpenTickets (1)")
		Expect(a.simulator.Tickets()).To(HaveLen(2), "the incident's and the collecting one")
		a.refresh(a.receiver)
		Expect([]int32{a.receiver.Status.Incidents, a.receiver.Status.OpenTickets}).To(Equal([]int32{3, 1}))

		By("a person closes the first: one of the two has room, and the collecting ticket stays the only one")
		a.personSets(1, "Closed")
		a.wait(time.Minute)
		Expect(a.simulator.Tickets()).To(HaveLen(3))
	})

	It("is removed after its retention, and its remote ticket stays", func() {
		a := newAlerting()
		a.settle()
		a.fire()
		a.wait(time.Hour)
		a.clock.Step(168 * time.Hour)
		a.reconcileAway(a.incident)
		a.expectGone(a.incident)
		Expect(a.simulator.Tickets()).To(HaveLen(1))
	})

	It("waits for a receiver that was deleted, and touches nothing", func() {
		a := newAlerting()
		a.settle()
		a.delete(a.receiver)
		written := a.remote(1)
		edit(a.world, a.incident, func(i *v1alpha1.Incident) { a.set(i) })
		a.clock.Step(time.Hour)
		a.reconcile(a.incident)
		expectNotReady(a.incident, v1alpha1.ReasonWaitingForReceiver, `"platform" does not exist`)
		Expect(a.remote(1)).To(Equal(written))
	})

	It("goes on with the Ticket that an Incident of its name has left without an owner", func() {
		a := newAlerting()
		a.settle()
		Expect(testCluster.GetClient().Delete(a.ctx, a.incident, client.PropagationPolicy(metav1.DeletePropagationOrphan))).To(Succeed())
		edit(a.world, a.incident, func(i *v1alpha1.Incident) { i.Finalizers = nil })
		edit(a.world, a.ticketNumber(1), func(t *v1alpha1.Ticket) { t.OwnerReferences = nil })
		a.incident = a.newIncident(a.incident.Name, "a")
		a.create(a.incident)
		a.settle()
		Expect(a.incident.Status.TicketID).NotTo(BeEmpty())
		Expect(a.simulator.Tickets()).To(HaveLen(1))
	})

	It("waits while the Ticket of a deleted Incident of its name is there", func() {
		a := newAlerting()
		a.settle()
		a.delete(a.incident) // Nothing collects garbage here.
		a.incident = a.newIncident(a.incident.Name, "a")
		a.create(a.incident)
		a.settle()
		expectNotReady(a.incident, v1alpha1.ReasonWaitingForTicket, "still belongs to the Incident")
		a.delete(a.ticketNumber(1))
		a.settle()
		Expect(a.incident.Status.TicketID).NotTo(BeEmpty())
	})

	It("is paused by its annotation, and by that of its receiver", func() {
		for _, paused := range []func(*alerting) client.Object{
			func(a *alerting) client.Object { return a.incident },
			func(a *alerting) client.Object { return a.receiver },
		} {
			a := newAlerting()
			annotate(a.world, paused(a), v1alpha1.PausedAnnotation, "true")
			a.settle()
			expectCondition(a.incident, "Ready", metav1.ConditionUnknown, v1alpha1.ReasonPaused)
			Expect(a.simulator.Tickets()).To(BeEmpty())
		}
	})
})

var _ = Describe("An AlertReceiver", func() {
	It("says what is missing, until alerts are received, and does not tick", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) {
			spec.Ticket.Summary, spec.IntegrationRef.Name = "first\n{{ nope }}", "other"
			spec.Resolve.Comment = ptr.To(false)
		})
		secret := &corev1.Secret{ObjectMeta: a.named("alerts-token")}
		a.refresh(secret)
		secret.Data = map[string][]byte{}
		Expect(testCluster.GetClient().Update(a.ctx, secret)).To(Succeed())
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonInvalidToken, `no token under the key "token": add it, or correct tokenSecretRef`)

		a.delete(secret)
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonSecretNotFound, `"alerts-token" does not exist: create it`, `in the key "token"`)

		a.create(&corev1.Secret{ObjectMeta: a.named("alerts-token"), StringData: map[string]string{"token": "alerts"}})
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonInvalidTemplate, "spec.ticket.summary:2: ", "nope")
		Expect(condition(a.receiver, "Stalled")).NotTo(BeNil())

		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Spec.Ticket.Summary = "" })
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonWaitingForIntegration, `"other"`)

		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Spec.IntegrationRef.Name = "default" })
		a.reconcile(a.receiver)
		expectReady(a.receiver)
		Expect(a.receiver.Status.URL).To(Equal("/v1/alerts/" + a.namespace + "/platform"))
		Expect(a.receiver.Status.LastNotification.Time).To(BeTemporally("==", a.clock.Now().Truncate(time.Minute)))
		Expect(a.receiver.Status.Incidents).To(BeEquivalentTo(1))

		version := a.receiver.ResourceVersion
		a.clock.Step(10 * time.Minute)
		a.reconcile(a.receiver)
		Expect(a.receiver.ResourceVersion).To(Equal(version))
	})

	It("tells in an Event of each change of its reason, and warns of what lasts", func() {
		a := newAlerting()
		a.reconcile(a.receiver)
		a.news()
		a.delete(&corev1.Secret{ObjectMeta: a.named("alerts-token")})
		a.reconcile(a.receiver)
		a.reconcile(a.receiver)
		Expect(a.news()).To(ConsistOf(HavePrefix("Normal SecretNotFound the Secret \"alerts-token\" does not exist")))
		a.clock.Step(time.Minute)
		a.reconcile(a.receiver)
		a.reconcile(a.receiver)
		Expect(a.news()).To(ConsistOf(And(HavePrefix("Warning SecretNotFound"), HaveSuffix("(for more than a minute)"))))

		a.create(&corev1.Secret{ObjectMeta: a.named("alerts-token"), StringData: map[string]string{"token": "alerts"}})
		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Spec.Ticket.Summary = "{{ nope }}" })
		a.reconcile(a.receiver)
		Expect(a.news()).To(ConsistOf(HavePrefix("Warning InvalidTemplate spec.ticket.summary:1: ")))

		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Spec.Ticket.Summary = "" })
		a.reconcile(a.receiver)
		Expect(a.news()).To(ConsistOf(HavePrefix("Normal Receiving")))
	})

	It("says that no alert arrives where the manager serves no endpoint, after what is wrong with its own spec", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) {
			spec.Ticket.Summary, spec.IntegrationRef.Name = "{{ nope }}", "other"
		})
		a.endpointIsDisabled(true)
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonInvalidTemplate)

		a.news()
		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Spec.Ticket.Summary = "" })
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonEndpointDisabled, "--alerts-bind-address=0", "alerts.enabled to true")
		expectCondition(a.receiver, "Stalled", metav1.ConditionTrue, v1alpha1.ReasonEndpointDisabled)
		Expect(a.news()).To(ConsistOf(HavePrefix("Warning EndpointDisabled no alert arrives")))

		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Spec.IntegrationRef.Name = "default" })
		a.reconcile(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonEndpointDisabled)

		annotate(a.world, a.receiver, v1alpha1.PausedAnnotation, "true")
		a.reconcile(a.receiver)
		expectCondition(a.receiver, "Ready", metav1.ConditionUnknown, v1alpha1.ReasonPaused)

		edit(a.world, a.receiver, func(r *v1alpha1.AlertReceiver) { r.Annotations = nil })
		a.endpointIsDisabled(false)
		a.reconcile(a.receiver)
		expectReady(a.receiver)
		Expect(condition(a.receiver, "Stalled")).To(BeNil())
	})

	It("goes on with the incidents that it has where the manager serves no endpoint", func() {
		a := newAlerting()
		a.endpointIsDisabled(true)
		a.settle()
		a.refresh(a.receiver)
		expectNotReady(a.receiver, v1alpha1.ReasonEndpointDisabled)
		Expect(a.phase()).To(Equal(v1alpha1.IncidentFiring))
		Expect(a.incident.Status.TicketID).NotTo(BeEmpty())

		a.fire()
		a.wait(2 * time.Minute)
		Expect(a.phase()).To(Equal(v1alpha1.IncidentResolved))
		Expect(a.remote(1).Status).To(Equal("Done"))

		a.clock.Step(168 * time.Hour)
		a.reconcileAway(a.incident)
		a.expectGone(a.incident)
	})
})
