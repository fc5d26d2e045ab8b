// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
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
		Short: "Tell why an object is not Ready, what happens next, and what to do",
		Long: "Tell why a Ticket, or another object of the operator, is not Ready, what happens next and when, and what you may\n" +
			"do. For another kind than Ticket write its type, as in ticketcomment/NAME, incident/NAME or integration/NAME.",
		Example: "  kubectl ticketing explain checkout-latency\n  kubectl ticketing explain tcomment/checkout-latency-started\n" +
			"  kubectl ticketing explain integration/default",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: p.completeOne(allKinds()),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := output.check(); err != nil {
				return err
			}
			cluster, namespace, _, err := p.cluster()
			if err != nil {
				return err
			}
			kind, name, err := parseName(strings.Join(arguments, "/"), allKinds())
			if err != nil {
				return err
			}
			object, err := kind.get(command.Context(), cluster, namespace, name)
			if err != nil {
				return err
			}
			explained := p.subject(kind, object).explain(command.Context(), cluster)
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
	kind               kind
	object             client.Object
	conditions         []metav1.Condition
	observedGeneration int64
	ready              *metav1.Condition // nil where there is none
	now                time.Time
	// integration is what the object uses, nil where it could not be read.
	integration     connection.Integration
	integrationName types.NamespacedName
	// waitsFor is the Ticket that the object names, nil where there is none.
	waitsFor *v1alpha1.Ticket
}

func (p *plugin) subject(kind kind, object client.Object) *subject {
	s := &subject{kind: kind, object: object, now: p.Clock.Now()}
	s.conditions, s.observedGeneration = conditionsOf(object)
	s.ready = meta.FindStatusCondition(s.conditions, v1alpha1.ConditionReady)
	return s
}

// topic is what there is to tell of the objects of a kind.
type topic interface {
	// ordinaryReason is the reason of Ready of an object about which there is nothing to explain.
	ordinaryReason() string
	// readyState is the line about an object that is Ready.
	readyState() string
	// whenReady is what happens to an object that is Ready, and what a person may do.
	whenReady() advice
	// whenNotReady is the same of one that is not Ready. It reports whether the reason is known.
	whenNotReady() (advice, bool)
	// remarks are other things worth knowing.
	remarks() []string
}

// topic reads what is around the object. What cannot be read is not told of.
func (s *subject) topic(ctx context.Context, cluster client.Reader) topic {
	switch object := s.object.(type) {
	case connection.Integration:
		return &connectionTopic{s, object}
	case *v1alpha1.Incident:
		return newIncidentTopic(ctx, cluster, s, object)
	case *v1alpha1.AlertReceiver:
		s.readIntegration(ctx, cluster, connection.NameOf(object.Namespace, connection.RecordedOf(object.Spec.IntegrationRef)))
		return &receiverTopic{s, object}
	case *v1alpha1.TicketQuery:
		s.readIntegration(ctx, cluster, connection.NameOf(object.Namespace, connection.RecordedOf(object.Spec.IntegrationRef)))
		return &queryTopic{s, object}
	}
	return newRemoteTopic(ctx, cluster, s, s.object.(remoteObject))
}

func (s *subject) readIntegration(ctx context.Context, cluster client.Reader, name types.NamespacedName) {
	s.integrationName = name
	if name.Name == "" {
		return
	}
	if integration, err := connection.Read(ctx, cluster, name); err == nil {
		s.integration = integration
	}
}

func (s *subject) explain(ctx context.Context, cluster client.Reader) explanation {
	topic := s.topic(ctx, cluster)
	explained := explanation{Object: s.kind.resources[1] + "/" + s.object.GetName(), State: s.state(topic), Remarks: topic.remarks()}
	switch {
	case s.isAwaited():
		explained.Next = []string{"The operator looks at a new or changed object within seconds."}
		explained.Actions = []string{
			"Where it does not: see whether the operator runs and watches this namespace (its flags --watch-namespaces and --watch-label-selector): kubectl get pods -n " + defaultResourceNamespace,
		}
		return explained
	case s.ready.Status == metav1.ConditionTrue:
		advice := topic.whenReady()
		explained.Next, explained.Actions = advice.next, advice.actions
	default:
		advice, known := topic.whenNotReady()
		if !known {
			advice.actions = []string{"This version of the plugin does not know the reason " + s.ready.Reason + ". Its message says what happened."}
		}
		explained.Next, explained.Actions = advice.next, advice.actions
	}
	if s.ready.Reason != topic.ordinaryReason() {
		explained.Why = oneLine(s.ready.Message)
	}
	return explained
}

// isAwaited reports whether the operator has yet to look at the object as it is now.
func (s *subject) isAwaited() bool {
	return s.ready == nil || s.observedGeneration < s.object.GetGeneration()
}

// state is one line about where the object stands.
func (s *subject) state(topic topic) string {
	switch {
	case s.ready == nil:
		return "The operator has not looked at this object yet."
	case s.isAwaited():
		return "The spec has changed; the operator has not looked at the change yet."
	case s.ready.Status == metav1.ConditionTrue:
		return "Ready: " + topic.readyState()
	}
	stalled := ""
	if meta.IsStatusConditionTrue(s.conditions, v1alpha1.ConditionStalled) {
		stalled = " No retry helps until somebody changes something (Stalled)."
	}
	return fmt.Sprintf("Not Ready, for %s: %s.%s", age(s.now, s.ready.LastTransitionTime.Time), s.ready.Reason, stalled)
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
