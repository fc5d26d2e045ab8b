// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// remoteTopic is about an object that stands for a remote object.
type remoteTopic struct {
	*subject

	status *v1alpha1.RemoteObjectStatus
}

func newRemoteTopic(ctx context.Context, cluster client.Reader, s *subject, object remoteObject) *remoteTopic {
	uses := map[types.NamespacedName]types.NamespacedName{}
	if child, isChild := object.(childObject); isChild && child.ParentReference().TicketRef != nil {
		var ticket v1alpha1.Ticket
		name := types.NamespacedName{Namespace: object.GetNamespace(), Name: child.ParentReference().TicketRef.Name}
		if cluster.Get(ctx, name, &ticket) == nil {
			s.waitsFor, uses[name] = &ticket, integrationOf(&ticket, nil)
		}
	}
	s.readIntegration(ctx, cluster, integrationOf(object, uses))
	return &remoteTopic{s, object.RemoteStatus()}
}

func (t *remoteTopic) ordinaryReason() string { return v1alpha1.ReasonSynced }

func (t *remoteTopic) readyState() string {
	return "it is as the spec asks. Its remote ID is " + t.status.ID + "."
}

func (t *remoteTopic) whenReady() advice {
	var next []string
	ticket, isTicket := t.object.(*v1alpha1.Ticket)
	if isTicket && t.integration != nil {
		next = append(next, "The operator looks for remote changes every "+connection.PollInterval(t.integration).String()+".")
	}
	if isTicket && ticket.Spec.TTLAfterClosed != nil && ticket.Status.ClosedAt != nil {
		next = append(next, "The remote ticket is closed: this object is deleted at "+
			timeText(ticket.Status.ClosedAt.Add(ticket.Spec.TTLAfterClosed.Duration))+" (ttlAfterClosed).")
	}
	return advice{next: next}
}

func (t *remoteTopic) whenNotReady() (advice, bool) { return t.adviceFor(remoteAdvice) }

func (t *remoteTopic) remarks() []string {
	var remarks []string
	if ticket, isTicket := t.object.(*v1alpha1.Ticket); isTicket && len(ticket.Status.Drift) > 0 && ticket.Spec.ManagementPolicy != v1alpha1.ManagementEnforce {
		remarks = append(remarks, "People have changed "+strings.Join(ticket.Status.Drift, ", ")+" in the ticketing system. "+
			"That stays as it is; managementPolicy Enforce would restore the values of the spec.")
	}
	for _, kind := range []string{v1alpha1.ConditionValid, v1alpha1.ConditionUnverified} {
		if condition := meta.FindStatusCondition(t.status.Conditions, kind); condition != nil {
			remarks = append(remarks, fmt.Sprintf("%s is %s: %s", kind, condition.Status, oneLine(condition.Message)))
		}
	}
	return remarks
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
