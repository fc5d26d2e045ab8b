// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"cmp"
	"fmt"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// receiverTopic is about an AlertReceiver.
type receiverTopic struct {
	*subject

	receiver *v1alpha1.AlertReceiver
}

func (t *receiverTopic) ordinaryReason() string { return v1alpha1.ReasonReceiving }

func (t *receiverTopic) readyState() string {
	return "it takes alerts at the path " + t.receiver.Status.URL + " of the operator's Service."
}

func (t *receiverTopic) whenReady() advice {
	return advice{next: []string{"What is sent there becomes Incidents: kubectl get incidents -l " + t.label()}}
}

func (t *receiverTopic) whenNotReady() (advice, bool) {
	reference := t.receiver.Spec.TokenSecretRef
	key := cmp.Or(reference.Key, v1alpha1.DefaultTokenKey)
	letIn := "Until then no sender is let in. The operator looks at the Secret every 10 seconds."
	found, known := map[string]advice{
		v1alpha1.ReasonSecretNotFound: {
			next: []string{letIn},
			actions: []string{
				fmt.Sprintf("Create the Secret, with the token of the senders in a file: kubectl create secret generic %s --from-file=%s=token.txt -n %s", reference.Name, key, t.receiver.Namespace),
			},
		},
		v1alpha1.ReasonInvalidToken: {
			next:    []string{letIn},
			actions: []string{fmt.Sprintf("Put the token of the senders into the Secret %q, key %q.", reference.Name, key)},
		},
		v1alpha1.ReasonInvalidTemplate: {
			next:    []string{"Alerts are received, and tickets are created. The field of the template gets its default."},
			actions: []string{"Correct the template that the message names."},
		},
		v1alpha1.ReasonEndpointDisabled: {
			next: []string{"No alert arrives. The tickets of the Incidents that exist are handled as before."},
			actions: []string{
				"Where the operator was installed with Helm: set alerts.enabled to true in the values of the chart.",
				"Otherwise: start the manager without --alerts-bind-address=0. Its default is the port 9095.",
			},
		},
		v1alpha1.ReasonWaitingForIntegration: {
			next:    []string{"Alerts are kept, and get their tickets when the Integration can be used."},
			actions: t.integrationActions(),
		},
		v1alpha1.ReasonPaused: {
			next:    []string{"Nothing is done for its incidents, while it is paused. Their alerts are kept."},
			actions: []string{"Go on: " + t.annotate(v1alpha1.PausedAnnotation, "")},
		},
	}[t.ready.Reason]
	return found, known
}

func (t *receiverTopic) remarks() []string {
	var remarks []string
	seen := &t.receiver.Status
	if !t.isAwaited() {
		remarks = append(remarks, fmt.Sprintf("It has %d Incidents. Open tickets: %d of at most %d (maxOpenTickets).", seen.Incidents, seen.OpenTickets, t.receiver.Spec.MaxOpenTickets))
	}
	if seen.LastNotification != nil {
		remarks = append(remarks, "Something new was last sent "+age(t.now, seen.LastNotification.Time)+" ago.")
	}
	if seen.LastError != "" {
		remarks = append(remarks, "A template did not work, so the default of its field is used: "+oneLine(seen.LastError))
	}
	return remarks
}

// label selects the objects of the receiver.
func (t *receiverTopic) label() string {
	return v1alpha1.ReceiverLabel + "=" + t.receiver.Name + " -n " + t.receiver.Namespace
}
