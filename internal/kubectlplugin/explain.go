// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// explanation is what the subcommand explain prints.
type explanation struct {
	Object string `json:"object"`
	// State is one line about where the object stands.
	State string `json:"state"`
	// Why is the message of the operator.
	Why string `json:"why,omitempty"`
	// Next says what happens without anybody's doing, and when.
	Next []string `json:"next,omitempty"`
	// Actions are what a person may do.
	Actions []string `json:"actions,omitempty"`
	// Remarks are other things worth knowing.
	Remarks []string `json:"remarks,omitempty"`
}

func (p *plugin) explainCommand() *cobra.Command {
	var output outputFlag
	command := &cobra.Command{
		Use:   "explain TICKET",
		Short: "Tell why a Ticket is not Ready, what happens next, and what to do",
		Long: "Tell why a Ticket, or an object that belongs to a ticket, is not Ready, what happens next and when, and what\n" +
			"you may do. For another kind than Ticket write its type, as in ticketcomment/NAME.",
		Example:           "  kubectl ticketing explain checkout-latency\n  kubectl ticketing explain tcomment/checkout-latency-started",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeOne(remoteKinds()),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := output.check(); err != nil {
				return err
			}
			cluster, namespace, _, err := p.cluster()
			if err != nil {
				return err
			}
			kind, name, err := parseName(arguments[0], remoteKinds())
			if err != nil {
				return err
			}
			object, err := kind.get(command.Context(), cluster, namespace, name)
			if err != nil {
				return err
			}
			explained := p.explain(command.Context(), cluster, kind, object)
			if output.isData() {
				return output.printData(p.Out, explained)
			}
			return explained.print(p.Out)
		},
	}
	output.addTo(command, formatJSON, formatYAML)
	return command
}

// subject is an object that is explained, with what is known around it.
type subject struct {
	kind   kind
	object remoteObject
	status *v1alpha1.RemoteObjectStatus
	ready  *metav1.Condition // nil where there is none
	now    time.Time
	// integration is what the object uses, nil where it could not be read.
	integration     connection.Integration
	integrationName types.NamespacedName
	// waitsFor is the Ticket that the object names, nil where there is none.
	waitsFor *v1alpha1.Ticket
}

func (p *plugin) explain(ctx context.Context, cluster client.Reader, kind kind, object remoteObject) explanation {
	known := object.RemoteStatus()
	s := subject{
		kind: kind, object: object, status: known, now: p.Clock.Now(),
		ready: meta.FindStatusCondition(known.Conditions, v1alpha1.ConditionReady),
	}
	uses := map[types.NamespacedName]types.NamespacedName{}
	if child, isChild := object.(childObject); isChild && child.ParentReference().TicketRef != nil {
		var ticket v1alpha1.Ticket
		name := types.NamespacedName{Namespace: object.GetNamespace(), Name: child.ParentReference().TicketRef.Name}
		// What cannot be read is not told of.
		if cluster.Get(ctx, name, &ticket) == nil {
			s.waitsFor, uses[name] = &ticket, integrationOf(&ticket, nil)
		}
	}
	s.integrationName = integrationOf(object, uses)
	if s.integrationName.Name != "" {
		if integration, err := connection.Read(ctx, cluster, s.integrationName); err == nil {
			s.integration = integration
		}
	}
	return s.explain()
}

func (s *subject) explain() explanation {
	explained := explanation{Object: s.kind.resources[1] + "/" + s.object.GetName(), State: s.state(), Remarks: s.remarks()}
	switch {
	case s.ready == nil || s.status.ObservedGeneration < s.object.GetGeneration():
		explained.Next = []string{"The operator looks at a new or changed object within seconds."}
		explained.Actions = []string{
			"Where it does not: see whether the operator runs and watches this namespace (its flags --watch-namespaces and --watch-label-selector): kubectl get pods -n " + defaultResourceNamespace,
		}
	case s.ready.Status == metav1.ConditionTrue:
		explained.Next = s.whenReady()
	default:
		explained.Why = oneLine(s.ready.Message)
		advice := s.advice()
		explained.Next, explained.Actions = advice.next, advice.actions
	}
	return explained
}

// state is one line about where the object stands.
func (s *subject) state() string {
	switch {
	case s.ready == nil:
		return "The operator has not looked at this object yet."
	case s.status.ObservedGeneration < s.object.GetGeneration():
		return "The spec has changed; the operator has not looked at the change yet."
	case s.ready.Status == metav1.ConditionTrue:
		return "Ready: it is as the spec asks. Its remote ID is " + s.status.ID + "."
	}
	stalled := ""
	if meta.IsStatusConditionTrue(s.status.Conditions, v1alpha1.ConditionStalled) {
		stalled = " No retry helps until somebody changes something (Stalled)."
	}
	return fmt.Sprintf("Not Ready, for %s: %s.%s", age(s.now, s.ready.LastTransitionTime.Time), s.ready.Reason, stalled)
}

// remarks are other things worth knowing.
func (s *subject) remarks() []string {
	var remarks []string
	if ticket, isTicket := s.object.(*v1alpha1.Ticket); isTicket && len(ticket.Status.Drift) > 0 && ticket.Spec.ManagementPolicy != v1alpha1.ManagementEnforce {
		remarks = append(remarks, "People have changed "+strings.Join(ticket.Status.Drift, ", ")+" in the ticketing system. "+
			"That stays as it is; managementPolicy Enforce would restore the values of the spec.")
	}
	for _, kind := range []string{v1alpha1.ConditionValid, v1alpha1.ConditionUnverified} {
		if condition := meta.FindStatusCondition(s.status.Conditions, kind); condition != nil {
			remarks = append(remarks, fmt.Sprintf("%s is %s: %s", kind, condition.Status, oneLine(condition.Message)))
		}
	}
	return remarks
}

// whenReady is what happens to an object that is as it should be.
func (s *subject) whenReady() []string {
	var next []string
	ticket, isTicket := s.object.(*v1alpha1.Ticket)
	if isTicket && s.integration != nil {
		next = append(next, "The operator looks for remote changes every "+connection.PollInterval(s.integration).String()+".")
	}
	if isTicket && ticket.Spec.TTLAfterClosed != nil && ticket.Status.ClosedAt != nil {
		next = append(next, "The remote ticket is closed: this object is deleted at "+
			timeText(ticket.Status.ClosedAt.Add(ticket.Spec.TTLAfterClosed.Duration))+" (ttlAfterClosed).")
	}
	return next
}

// confirmedAt is the earliest time at which a create request whose outcome is not known can be sent
// again; zero where that is not known.
func (s *subject) confirmedAt() time.Time {
	var record struct {
		Started time.Time `json:"started"`
	}
	if s.integration == nil || json.Unmarshal([]byte(s.object.GetAnnotations()[v1alpha1.CreateRecordAnnotation]), &record) != nil || record.Started.IsZero() {
		return time.Time{}
	}
	return record.Started.Add(connection.RequestTimeout(s.integration) + connection.SettlePeriod(s.integration))
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (e explanation) print(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n", e.Object, e.State)
	if e.Why != "" {
		fmt.Fprintf(&text, "\nWhy\n  %s\n", e.Why)
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"What happens next", e.Next}, {"What you can do", e.Actions}, {"Worth knowing", e.Remarks}} {
		if len(part.lines) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s\n", part.title)
		for _, line := range part.lines {
			fmt.Fprintf(&text, "  - %s\n", line)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}
