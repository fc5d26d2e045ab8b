// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"maps"
	"slices"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// byIncident sorts the alerts of a notification by the names of their incidents. Each alert is
// sorted by its own labels, so that an incident is the same one whatever else the sender has put
// into the group.
func (n notification) byIncident(receiver *v1alpha1.AlertReceiver) map[string]notification {
	incidents := map[string]notification{}
	for _, alert := range n.alerts {
		name := incidentName(receiver.Name, identity(receiver.Spec, n.groupLabels, alert.labels))
		part, exists := incidents[name]
		if !exists {
			part = notification{groupLabels: n.groupLabels, externalURL: n.externalURL, truncated: n.truncated}
		}
		part.alerts = append(part.alerts, alert)
		incidents[name] = part
	}
	return incidents
}

// identity is the labels that make the incident of an alert the same one.
func identity(spec v1alpha1.AlertReceiverSpec, groupLabels, labels map[string]string) map[string]string {
	switch {
	case len(spec.IdentityLabels) > 0:
		chosen := map[string]string{}
		for _, name := range spec.IdentityLabels {
			chosen[name] = labels[name]
		}
		return chosen
	case spec.TicketPer == v1alpha1.TicketPerAlert:
		return labels
	default:
		return groupLabels
	}
}

// incidentName is the name of the Incident of a receiver that has the identity.
func incidentName(receiver string, identity map[string]string) string {
	sum := sha256.New()
	writeText(sum, receiver)
	writeLabels(sum, identity)
	return receiver + "-" + hex.EncodeToString(sum.Sum(nil)[:8])
}

// writeLabels writes labels in one way only. A label that is empty is the same as none, as it is
// for Prometheus.
func writeLabels(to io.Writer, labels map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if labels[name] != "" {
			writeText(to, name)
			writeText(to, labels[name])
		}
	}
}

// writeText writes a text with its length, so that no two sequences of texts are the same bytes.
// The writer is a hash, which never fails.
func writeText(to io.Writer, text string) {
	_, _ = to.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
	_, _ = io.WriteString(to, text)
}
