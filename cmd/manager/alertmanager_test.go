// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// resolveAfter is how long a resolution has to hold in these specs.
const resolveAfter = 2 * time.Second

var _ = Describe("The sample of a configuration of Alertmanager", func() {
	It("is accepted by amtool", func(ctx SpecContext) {
		command := exec.CommandContext(ctx, tool("amtool"), "check-config", alertmanagerSample) // #nosec G204 -- built from its module
		output, err := command.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))
	})
})

var _ = Describe("A pair of Alertmanagers", func() {
	It("has one ticket follow the alerts, and another one after the time in which they share it", func(ctx SpecContext) {
		a := startAlerting(ctx)
		first, second := newAlert("DiskFull", "a"), newAlert("DiskFull", "b")

		By("firing")
		a.pair.tell(ctx, first)
		a.expectComments(ctx, "it fires", 0)
		a.expectNothingNew(ctx, "it is repeated", 0)

		By("having a second alert join, and resolve")
		second.fire()
		a.pair.tell(ctx, second)
		a.expectComments(ctx, "a second alert joins", 1)
		second.resolve()
		a.pair.tell(ctx, second)
		a.expectComments(ctx, "the second one resolves", 2)
		Expect(a.ticketStatuses()).To(Equal([]string{"To Do"}))

		By("resolving")
		first.resolve()
		a.pair.tell(ctx, first)
		a.expectComments(ctx, "all are resolved", 3)
		a.expectPhases(ctx, Equal([]v1alpha1.IncidentPhase{v1alpha1.IncidentResolved}))
		Expect(a.ticketStatuses()).To(Equal([]string{"Done"}))
		closed, resolved := a.remote.Tickets()[0].CompletionDate, a.incidents(ctx)[0].Status.ResolvedAt
		Expect(*closed).To(BeTemporally(">=", resolved.Add(resolveAfter)), "the resolution should have held")

		By("firing again, within the time in which the ticket is used again")
		first.fire()
		a.pair.tell(ctx, first)
		a.expectComments(ctx, "it fires again", 4)
		Expect(a.ticketStatuses()).To(Equal([]string{"To Do"}))
		first.resolve()
		a.pair.tell(ctx, first)
		a.expectComments(ctx, "it is resolved again", 5)
		a.expectPhases(ctx, Equal([]v1alpha1.IncidentPhase{v1alpha1.IncidentResolved}))
		Expect(a.ticketStatuses()).To(Equal([]string{"Done"}))

		By("firing again after that time")
		edit(ctx, a.receiver, func() { a.receiver.Spec.Refire.Within = &metav1.Duration{} })
		expectReady(ctx, a.receiver)
		first.fire()
		a.pair.tell(ctx, first)
		a.expectComments(ctx, "it fires again, too late for the ticket", 5, 0)
		a.expectNothingNew(ctx, "that is repeated", 5, 0)
		Expect(a.ticketStatuses()).To(Equal([]string{"Done", "To Do"}))
		Expect(a.incidents(ctx)).To(HaveLen(1))
		a.expectNotificationsAsRecorded()
	})

	It("loses nothing and duplicates nothing while the operator, the ticketing system or one of the two is away", func(ctx SpecContext) {
		a := startAlerting(ctx)
		disk, otherDisk, node, certificate := newAlert("DiskFull", "a"), newAlert("DiskFull", "b"), newAlert("NodeDown", "a"), newAlert("CertificateExpires", "a")
		a.pair.tell(ctx, disk)
		a.expectComments(ctx, "an alert fires", 0)
		a.settle(ctx)

		By("killing the operator for ten seconds")
		killed := time.Now()
		a.manager.crash()
		otherDisk.fire()
		node.fire()
		a.pair.tell(ctx, otherDisk, node)
		Eventually(func() []delivery { return a.sent.with(0, killed.Add(10*time.Second)) }).Should(Not(BeEmpty()), "the Alertmanagers should try again")
		tries := len(a.sent.with(0, killed))
		a.startOperator(ctx)
		a.expectComments(ctx, fmt.Sprintf("the operator is back after %d tries of the Alertmanagers", tries), 1, 0)
		a.settle(ctx)

		By("having no connection to the ticketing system")
		away := time.Now()
		var refused atomic.Int32
		a.entrance.setGuard(func(*http.Request) (arrived, carriedOut func()) {
			return func() {
				refused.Add(1)
				panic(http.ErrAbortHandler)
			}, nil
		})
		certificate.fire()
		node.resolve()
		a.pair.tell(ctx, certificate, node)
		a.expectPhases(ctx, ConsistOf(v1alpha1.IncidentFiring, v1alpha1.IncidentFiring, v1alpha1.IncidentResolved))
		Eventually(refused.Load).Should(BeNumerically(">=", 2))
		Expect(a.sent.with(0, away)).To(BeEmpty(), "a notification does not wait for the ticketing system")
		Expect(a.comments()).To(Equal([]int{1, 0}))
		a.entrance.setGuard(nil)
		a.expectComments(ctx, "the ticketing system is back", 1, 1, 0)
		a.settle(ctx)
		Expect(a.ticketStatuses()).To(Equal([]string{"To Do", "Done", "To Do"}))

		By("starting one Alertmanager again with an empty state, and ending the other one")
		emptied, other := a.pair.members[0], a.pair.members[1]
		emptied.end()
		emptied.forget()
		emptied.start(ctx)
		emptied.expectReadiness(ctx)
		a.pair.tell(ctx, disk, otherDisk, certificate)
		a.expectNothingNew(ctx, "one Alertmanager has started again with an empty state", 1, 1, 0)
		other.end()
		a.expectNothingNew(ctx, "the other one has ended", 1, 1, 0)
		certificate.resolve()
		a.pair.tell(ctx, certificate)
		a.expectComments(ctx, "that one has resolved an alert", 1, 1, 1)
		a.settle(ctx)
		Expect(a.ticketStatuses()).To(Equal([]string{"To Do", "Done", "Done"}))
		Expect(a.expectOneRemoteObjectEach(ctx)).To(Equal(map[string]int{"Ticket": 3, "TicketComment": 3}))
	})
})

// alerting is a tenant with a pair of Alertmanagers, and an operator that makes tickets of what
// they send.
type alerting struct {
	*tenant

	receiver *v1alpha1.AlertReceiver
	pair     *alertmanagerPair
	sent     *deliveries
	manager  *managerProcess

	// reported is the time of the latest report of figures.
	reported time.Time
}

// startAlerting starts everything. Comments are not coalesced, so that their number does not depend
// on how fast the machine is.
func startAlerting(ctx SpecContext) *alerting {
	GinkgoHelper()
	a := &alerting{tenant: newTenant(ctx), reported: time.Now()}
	token := "canary-" + rand.Text()
	a.secrets = append(a.secrets, token)
	a.receiver = &v1alpha1.AlertReceiver{ObjectMeta: a.named("platform"), Spec: v1alpha1.AlertReceiverSpec{
		TokenSecretRef:  v1alpha1.SecretKeyReference{Name: "alertmanager-token"},
		CommentInterval: &metav1.Duration{},
		Resolve:         v1alpha1.ResolveSpec{After: &metav1.Duration{Duration: resolveAfter}, Status: "Done"},
		Refire:          v1alpha1.RefireSpec{Within: &metav1.Duration{Duration: time.Hour}, Status: "To Do"},
	}}
	var url string
	a.sent, url = deliverTo(freeAddress(ctx))
	a.startOperator(ctx)
	integration := a.integration()
	integration.Spec.RequestTimeout = &metav1.Duration{Duration: 2 * time.Second}
	// A poll that has something to tell would be a write that no notification has caused.
	integration.Spec.PollInterval = &metav1.Duration{Duration: time.Hour}
	a.connect(ctx, integration)
	create[client.Object](ctx, a.receiver, &corev1.Secret{ObjectMeta: a.named("alertmanager-token"), StringData: map[string]string{"token": token}})
	expectReady(ctx, a.receiver)
	a.pair = startAlertmanagers(ctx, url+a.receiver.EndpointPath(), token)
	return a
}

func (a *alerting) startOperator(ctx context.Context) {
	GinkgoHelper()
	a.manager = a.startManager(ctx, "--alerts-bind-address="+a.sent.endpoint)
}

// comments are how many comments each remote ticket has, oldest ticket first.
func (a *alerting) comments() []int {
	var counts []int
	for _, ticket := range a.remote.Tickets() {
		counts = append(counts, len(a.remote.Comments(ticket.ID)))
	}
	return counts
}

func (a *alerting) ticketStatuses() []string {
	var statuses []string
	for _, ticket := range a.remote.Tickets() {
		statuses = append(statuses, ticket.Status)
	}
	return statuses
}

func (a *alerting) incidents(ctx context.Context) []v1alpha1.Incident {
	GinkgoHelper()
	var incidents v1alpha1.IncidentList
	Expect(administrator.List(ctx, &incidents, client.InNamespace(a.namespace))).To(Succeed())
	return incidents.Items
}

// expectPhases waits for the phases of the Incidents.
func (a *alerting) expectPhases(ctx context.Context, matcher gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	Eventually(func(ctx context.Context) []v1alpha1.IncidentPhase {
		var phases []v1alpha1.IncidentPhase
		for _, incident := range a.incidents(ctx) {
			phases = append(phases, incident.Status.Phase)
		}
		return phases
	}).WithContext(ctx).Should(matcher)
}

// expectComments waits until the ticketing system has as many tickets as there are counts, oldest
// first, and each has so many comments. It reports that, with the notifications since the last
// time.
func (a *alerting) expectComments(ctx context.Context, step string, counts ...int) {
	GinkgoHelper()
	Eventually(a.comments).WithContext(ctx).Should(Equal(counts), "comments of each ticket when %s", step)
	a.report(step)
}

func (a *alerting) report(step string) {
	since := a.reported
	a.reported = time.Now()
	AddReportEntry("figures", fmt.Sprintf("%s: remote tickets %d, comments of each %v; notifications accepted %d, without an answer %d",
		step, len(a.comments()), a.comments(), len(a.sent.with(http.StatusOK, since)), len(a.sent.with(0, since))))
}

// settle waits until nothing is left to do.
func (a *alerting) settle(ctx SpecContext) {
	GinkgoHelper()
	Eventually(a.unready).WithContext(ctx).Should(BeEmpty())
	for _, incident := range a.incidents(ctx) {
		expectReady(ctx, &incident)
	}
	Eventually(a.manager.metric).WithContext(ctx).WithArguments("workqueue_depth").Should(BeZero())
}

// writtenForAlerts are the objects that are written because of what alerts say.
var writtenForAlerts = regexp.MustCompile(`/(incidents|tickets|ticketcomments)([/?]|$)`)

// expectNothingNew waits for three more notifications, and expects that they cause no write, here
// or remotely.
func (a *alerting) expectNothingNew(ctx SpecContext, step string, counts ...int) {
	GinkgoHelper()
	a.settle(ctx)
	a.remote.ForgetRequests()
	begun := time.Now()
	Eventually(func() int { return len(a.sent.with(http.StatusOK, begun)) }).WithContext(ctx).Should(BeNumerically(">=", 3), step)
	writes := slices.DeleteFunc(operatorRequests.writesSince(begun), func(request auditedRequest) bool {
		return !writtenForAlerts.MatchString(request.URI)
	})
	Expect(writes).To(BeEmpty(), step)
	for _, request := range a.remote.Requests() {
		Expect(request.Method).To(Equal(http.MethodGet), "%s: %s", step, request.Path)
	}
	Expect(a.comments()).To(Equal(counts), step)
	a.report(step)
}

// expectNotificationsAsRecorded expects that the notifications that other tests read are such as
// were sent here.
func (a *alerting) expectNotificationsAsRecorded() {
	GinkgoHelper()
	sent := map[any]map[string]any{} // By reason.
	for _, each := range a.sent.with(http.StatusOK, time.Time{}) {
		message := formOfNotification(each.body)
		if reason := message["notification_reason"]; sent[reason] == nil {
			sent[reason] = message
		}
	}
	for _, path := range []string{"../../internal/source/alerts/testdata/alertmanager-0.35.0.jsonl", "../../internal/alerttemplate/testdata/alertmanager-0.35.0.jsonl"} {
		recorded, err := os.ReadFile(path)
		Expect(err).NotTo(HaveOccurred())
		for line := range bytes.Lines(recorded) {
			message := formOfNotification(line)
			Expect(sent).To(HaveKeyWithValue(message["notification_reason"], message), path)
		}
	}
}

// formOfNotification is a notification without what each alert has of its own: its texts, its
// times, and how often there are such alerts.
func formOfNotification(body []byte) map[string]any {
	GinkgoHelper()
	var message map[string]any
	Expect(json.Unmarshal(body, &message)).To(Succeed())
	withoutTexts(message, "commonLabels", "commonAnnotations")
	var forms []any
	for _, each := range message["alerts"].([]any) {
		alert := each.(map[string]any)
		withoutTexts(alert, "labels", "annotations")
		for _, name := range []string{"startsAt", "endsAt"} {
			moment, err := time.Parse(time.RFC3339, alert[name].(string))
			Expect(err).NotTo(HaveOccurred(), name)
			alert[name] = moment.IsZero()
		}
		Expect(alert["generatorURL"]).To(BeAssignableToTypeOf(""))
		alert["generatorURL"] = ""
		alert["fingerprint"] = len(alert["fingerprint"].(string))
		if !slices.ContainsFunc(forms, func(known any) bool { return reflect.DeepEqual(known, each) }) {
			forms = append(forms, each)
		}
	}
	message["alerts"] = forms
	return message
}

// withoutTexts empties maps of texts.
func withoutTexts(object map[string]any, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		Expect(object[name]).To(BeAssignableToTypeOf(map[string]any{}), name)
		object[name] = map[string]any{}
	}
}
