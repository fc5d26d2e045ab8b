// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// subject is the name of the object of each scenario.
const subject = "subject"

// scenario is what happens to one object.
type scenario struct{ action, kind string }

func (s scenario) String() string { return s.action + " a " + s.kind }

// scenarios are all actions on all kinds.
func scenarios() []scenario {
	var all []scenario
	for _, action := range []string{"create", "edit", "delete"} {
		for _, kind := range []string{"ticket", "comment", "note", "attachment"} {
			all = append(all, scenario{action, kind})
		}
	}
	return all
}

// operations are what the manager does in a scenario in which nothing goes wrong.
type operations struct {
	// remote are the names of the requests to the ticketing system.
	remote []string
	// writes is how often the object is written.
	writes int
}

// singleFault is what the ticketing system does to one request.
type singleFault struct {
	name  string
	fault simulator.Fault
}

func singleFaults() []singleFault {
	return []singleFault{
		{"lost before it is carried out", simulator.Fault{Lose: true}},
		{"carried out and the answer lost", simulator.Fault{Lose: true, AfterCommit: true}},
		{"carried out late", simulator.Fault{CommitLate: 500 * time.Millisecond}},
		{"500 before", simulator.Fault{Status: http.StatusInternalServerError}},
		{"500 after", simulator.Fault{Status: http.StatusInternalServerError, AfterCommit: true}},
		{"503 before", simulator.Fault{Status: http.StatusServiceUnavailable}},
		{"503 after", simulator.Fault{Status: http.StatusServiceUnavailable, AfterCommit: true}},
		{"429", simulator.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}},
		{"malformed", simulator.Fault{Body: []byte(`{"result": {"id": `)}},
		{"truncated", simulator.Fault{Truncate: 12}},
		{"without an ID", simulator.Fault{OmitID: true}},
	}
}

// crashPoint is where SIGKILL hits the manager.
type crashPoint struct {
	// write: at a write of the object to the API server, else at a request to the ticketing system.
	write bool
	// number counts from 1.
	number int
	// carriedOut: when it has been carried out and not been answered, else when it is sent and not
	// carried out.
	carriedOut bool
}

func (c crashPoint) String() string {
	when, what := "before", "remote request"
	if c.carriedOut {
		when = "after"
	}
	if c.write {
		what = "Kubernetes write"
	}
	return fmt.Sprintf("SIGKILL %s %s %d", when, what, c.number)
}

// crashPoints are all that there are.
func (o operations) crashPoints() []crashPoint {
	var points []crashPoint
	for _, carriedOut := range []bool{false, true} {
		for i := range o.remote {
			points = append(points, crashPoint{number: i + 1, carriedOut: carriedOut})
		}
		for i := range o.writes {
			points = append(points, crashPoint{write: true, number: i + 1, carriedOut: carriedOut})
		}
	}
	return points
}

// trial is a scenario that is run once, in a namespace and with a ticketing system of its own.
type trial struct {
	*tenant
	scenario

	// Of these two at most one is set.
	fault *simulator.Fault
	point *crashPoint
	// disturbance says in words what goes wrong.
	disturbance string

	// object is what the scenario happens to, parent its Ticket; nil for a ticket.
	object client.Object
	parent *v1alpha1.Ticket
	// manager is the one that is killed; nil without a crash point.
	manager *managerProcess
}

var _ = Describe("One fault", Ordered, func() {
	survey := map[scenario]operations{}

	BeforeAll(func(ctx SpecContext) {
		apiServer, kubeconfig := newAPIServerGate()
		var trials []*trial
		for _, scenario := range scenarios() {
			trials = append(trials, &trial{scenario: scenario, disturbance: "undisturbed"})
		}
		setUp(ctx, trials)
		// All namespaces: with a list of them, the cache's promise that a manager reads what it has
		// written does not hold, and now and then a request is made once more.
		m := trials[0].startManager(ctx, "--watch-namespaces=", "--kubeconfig="+kubeconfig)
		prepare(ctx, trials)
		writes := make([]atomic.Int32, len(trials))
		apiServer.setGuard(func(request *http.Request) (arrived, carriedOut func()) {
			for i, trial := range trials {
				if trial.isWrite(request) {
					writes[i].Add(1)
				}
			}
			return nil, nil
		})
		act(ctx, trials)
		expectDone(ctx, trials)
		m.stop()
		for i, trial := range trials {
			survey[trial.scenario] = operations{remote: trial.remoteOperations(), writes: int(writes[i].Load())}
			if trial.action == "create" {
				Expect(survey[trial.scenario].remote).To(HaveLen(1), "%s: more would mean that it was disturbed", trial)
			}
		}
	})

	It("of the ticketing system, at each request of each scenario, leaves one remote object for each object", func(ctx SpecContext) {
		begun := time.Now()
		var trials []*trial
		for _, scenario := range scenarios() {
			for _, operation := range survey[scenario].remote {
				for _, fault := range singleFaults() {
					fault.fault.Operation, fault.fault.Times = operation, 1
					trials = append(trials, &trial{scenario: scenario, fault: &fault.fault, disturbance: operation + " " + fault.name})
				}
			}
		}
		setUp(ctx, trials)
		startSharedManager(ctx, trials)
		prepare(ctx, trials)

		for _, trial := range trials {
			trial.remote.Inject(*trial.fault)
		}
		act(ctx, trials)
		expectDone(ctx, trials)

		for _, trial := range trials {
			Expect(trial.remote.Faults()).To(BeEmpty(), "%s: the fault should have acted", trial)
		}
		AddReportEntry("figures", fmt.Sprintf("%d faults in %s", len(trials), time.Since(begun).Round(time.Second)))
	})

	It("that is a SIGKILL, before and after each request and write of each scenario, leaves one remote object for each object", func(ctx SpecContext) {
		const managers = 12 // So many run at once.
		begun := time.Now()
		var trials []*trial
		for _, scenario := range scenarios() {
			for _, point := range survey[scenario].crashPoints() {
				trials = append(trials, &trial{scenario: scenario, point: &point, disturbance: point.String()})
			}
		}
		setUp(ctx, trials)
		preparing := startSharedManager(ctx, trials)
		prepare(ctx, trials)
		preparing.stop()

		for batch := range slices.Chunk(trials, managers) {
			for _, trial := range batch {
				trial.launchManagerThatDies(ctx)
			}
			for _, trial := range batch {
				trial.manager.expectReadiness(ctx)
			}
			act(ctx, batch)
			for _, trial := range batch {
				Eventually(trial.manager.Session).Should(gexec.Exit(), "%s: the manager should get there", trial)
			}
		}
		startSharedManager(ctx, trials)
		expectDone(ctx, trials)

		AddReportEntry("figures", fmt.Sprintf("%d crash points in %s", len(trials), time.Since(begun).Round(time.Second)))
	})
})

// setUp makes the namespaces and the objects of the trials, creates the connections, and ends it
// all at the end of the spec.
func setUp(ctx SpecContext, trials []*trial) {
	GinkgoHelper()
	DeferCleanup(func(ctx SpecContext) {
		atOnce(trials, func(r *trial) {
			if r.tenant != nil {
				r.end(ctx)
			}
		})
	})
	atOnce(trials, func(r *trial) {
		r.tenant = makeTenant(ctx)
		r.makeObjects()
		integration := r.integration()
		if r.fault != nil || r.point != nil {
			// A create whose outcome is not known is waited for so long, and settlePeriod.
			integration.Spec.RequestTimeout = &metav1.Duration{Duration: 2 * time.Second}
		}
		create[client.Object](ctx, r.secret(), integration)
	})
}

func (r *trial) makeObjects() {
	r.parent = r.ticket("parent")
	switch r.kind {
	case "ticket":
		ticket := r.ticket(subject)
		ticket.Spec.DeletionPolicy = v1alpha1.TicketClose
		ticket.Spec.Close = &v1alpha1.TicketCloseSpec{Status: "Done", Comment: "Closed."}
		r.object, r.parent = ticket, nil
	case "comment":
		r.object = r.comment(subject, r.parent.Name)
	case "note":
		r.object = r.note(subject, r.parent.Name)
	case "attachment":
		r.object = r.attachment(subject, r.parent.Name)
	}
}

func (r *trial) String() string { return fmt.Sprintf("%s, %s", r.scenario, r.disturbance) }

// startSharedManager starts a manager that works in the namespaces of all trials.
func startSharedManager(ctx context.Context, trials []*trial) *managerProcess {
	GinkgoHelper()
	var namespaces []string
	for _, trial := range trials {
		namespaces = append(namespaces, trial.namespace)
	}
	return trials[0].startManager(ctx, "--watch-namespaces="+strings.Join(namespaces, ","))
}

// prepare brings about what the scenarios begin with.
func prepare(ctx SpecContext, trials []*trial) {
	GinkgoHelper()
	atOnce(trials, func(r *trial) {
		if r.parent != nil {
			create(ctx, r.parent)
		}
		if r.action != "create" {
			create(ctx, r.object)
		}
		expectReady(ctx, r.integration())
		if r.parent != nil {
			expectReady(ctx, r.parent)
		}
		if r.action != "create" {
			expectReady(ctx, r.object)
		}
		r.remote.ForgetRequests()
	})
}

// act does what the scenarios are about.
func act(ctx SpecContext, trials []*trial) {
	GinkgoHelper()
	atOnce(trials, func(r *trial) {
		switch r.action {
		case "create":
			create(ctx, r.object)
		case "edit":
			edit(ctx, r.object, func() { rewrite(r.object) })
		case "delete":
			Expect(administrator.Delete(ctx, r.object)).To(Succeed())
		}
	})
}

// rewritten is the text to which a scenario edits the object.
const rewritten = "Rewritten"

func rewrite(object client.Object) {
	switch object := object.(type) {
	case *v1alpha1.Ticket:
		object.Spec.Summary = rewritten
	case *v1alpha1.TicketComment:
		object.Spec.Content = rewritten
	case *v1alpha1.TicketNote:
		object.Spec.Content = rewritten
	case *v1alpha1.TicketAttachment:
		object.Spec.Content = rewritten
	}
}

// expectDone waits until the objects are Ready, or gone, and expects the ticketing systems to have
// what they ask for and nothing else.
func expectDone(ctx SpecContext, trials []*trial) {
	GinkgoHelper()
	atOnce(trials, func(r *trial) {
		if r.action == "delete" {
			expectGone(ctx, r.object)
		} else {
			Eventually(readyCondition).WithContext(ctx).WithArguments(r.object).Should(beReady(), r.String())
			Expect(r.object.(remote.Object).RemoteStatus().ID).To(BeElementOf(r.remoteIDs()), r.String())
		}
		Expect(r.remoteContents()).To(Equal(r.wantedContents()), r.String())
	})
}

// remoteIDs are the IDs of all that the ticketing system holds.
func (r *trial) remoteIDs() []string {
	var ids []string
	for _, ticket := range r.remote.Tickets() {
		ids = append(ids, ticket.ID)
		for _, comment := range r.remote.Comments(ticket.ID) {
			ids = append(ids, comment.ID)
		}
		for _, note := range r.remote.Notes(ticket.ID) {
			ids = append(ids, note.ID)
		}
		for _, attachment := range r.remote.Attachments(ticket.ID) {
			ids = append(ids, attachment.ID)
		}
	}
	return ids
}

// remoteContents are the texts that the ticketing system holds.
func (r *trial) remoteContents() []string {
	var contents []string
	for _, ticket := range r.remote.Tickets() {
		contents = append(contents, fmt.Sprintf("ticket, %s: %s", ticket.Status, ticket.Summary))
		for _, comment := range r.remote.Comments(ticket.ID) {
			contents = append(contents, "comment: "+comment.Content)
		}
		for _, note := range r.remote.Notes(ticket.ID) {
			contents = append(contents, "note: "+note.Content)
		}
		for _, attachment := range r.remote.Attachments(ticket.ID) {
			contents = append(contents, "attachment: "+string(attachment.Content))
		}
	}
	return contents
}

// wantedContents are what remoteContents should be in the end.
func (r *trial) wantedContents() []string {
	of := "The content of " + subject
	switch {
	case r.action == "edit":
		of = rewritten
	case r.kind == "ticket":
		of = "The summary of " + subject
	}
	switch {
	case r.kind == "ticket" && r.action == "delete":
		return []string{"ticket, Done: " + of, "comment: Closed."}
	case r.kind == "ticket":
		return []string{"ticket, To Do: " + of}
	case r.action == "delete":
		return []string{"ticket, To Do: The summary of parent"}
	}
	return []string{"ticket, To Do: The summary of parent", r.kind + ": " + of}
}

// remoteOperations are the requests since prepare, but for those that come by the clock.
func (r *trial) remoteOperations() []string {
	var names []string
	for _, request := range r.remote.Requests() {
		if !isPeriodic(request.Method, request.Path) {
			names = append(names, request.Operation)
		}
	}
	return names
}

// isPeriodic tells whether a request checks the connection, or looks for remote changes, which
// happens at times that no scenario decides on. Where nothing has gone wrong yet no list of tickets
// is read for another reason.
func isPeriodic(method, path string) bool {
	polls := method == http.MethodGet && strings.HasSuffix(path, "/ticketing/tickets")
	return polls || strings.HasSuffix(path, "/projects") || strings.HasSuffix(path, "/remote-fields")
}

// isWrite tells whether a request of the manager writes the object.
func (r *trial) isWrite(request *http.Request) bool {
	resource := map[string]string{"ticket": "tickets", "comment": "ticketcomments", "note": "ticketnotes", "attachment": "ticketattachments"}[r.kind]
	path := fmt.Sprintf("/namespaces/%s/%s/%s", r.namespace, resource, subject)
	return request.Method == http.MethodPatch && strings.HasSuffix(strings.TrimSuffix(request.URL.Path, "/status"), path)
}

// launchManagerThatDies launches a manager of this trial alone. SIGKILL hits it at the crash point.
func (r *trial) launchManagerThatDies(ctx context.Context) {
	GinkgoHelper()
	apiServer, kubeconfig := newAPIServerGate()
	m := launchManager(ctx, "--watch-namespaces="+r.namespace, "--kubeconfig="+kubeconfig)
	r.manager, r.managers = m, append(r.managers, m)
	crash := func() {
		<-m.Kill().Exited
		panic(http.ErrAbortHandler)
	}
	if r.point.write {
		apiServer.setGuard(atRequest(r.point, r.isWrite, crash))
	} else {
		r.entrance.setGuard(atRequest(r.point, func(request *http.Request) bool { return !isPeriodic(request.Method, request.URL.Path) }, crash))
	}
}

// atRequest acts at the request of the crash point's number, of those that match.
func atRequest(point *crashPoint, matches func(*http.Request) bool, act func()) guard {
	var met atomic.Int32
	return func(request *http.Request) (arrived, carriedOut func()) {
		switch {
		case !matches(request) || int(met.Add(1)) != point.number:
			return nil, nil
		case point.carriedOut:
			return nil, act
		}
		return act, nil
	}
}
