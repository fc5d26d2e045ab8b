// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package attachment is the adapter of TicketAttachments.
package attachment

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketattachments,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketattachments/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps;secrets,verbs=get

// Kind is TicketAttachment.
var Kind = child.NewKind[*v1alpha1.TicketAttachment, synqly.AttachmentMetadata](newAdapter())

// call is what the lifecycle passes to the adapter.
type call = remote.Call[*v1alpha1.TicketAttachment, synqly.AttachmentMetadata]

// adapter is what is particular about attachments: what is sent may come from a ConfigMap or a
// Secret, they cannot be changed, so a new one replaces the old one, and lists show everything but
// their content.
type adapter struct {
	child.Adapter[*v1alpha1.TicketAttachment, synqly.AttachmentMetadata]
}

var (
	_ remote.Replacer[*v1alpha1.TicketAttachment] = adapter{}
	_ remote.Sourcer[*v1alpha1.TicketAttachment]  = adapter{}
)

func newAdapter() adapter {
	return adapter{child.Adapter[*v1alpha1.TicketAttachment, synqly.AttachmentMetadata]{
		KindName: "TicketAttachment", NounText: "attachment",
		NewObject:  func() *v1alpha1.TicketAttachment { return &v1alpha1.TicketAttachment{} },
		NewObjects: func() client.ObjectList { return &v1alpha1.TicketAttachmentList{} },
		Texts:      remote.TextFields[*v1alpha1.TicketAttachment, synqly.AttachmentMetadata]{List: fields, Readable: readable},
		Sent:       func(attachment *v1alpha1.TicketAttachment) string { return snapshotOf(attachment).String() },
		Matches:    matches,
		Entry:      entryOf,
		Creator:    func(*v1alpha1.TicketAttachment) string { return "" },
		List:       (*synqly.Client).ListAttachments,
		Delete:     (*synqly.Client).DeleteAttachment,
	}}
}

// fields is the one managed field: where the content is, or what it is. The fileName never changes.
var fields = []remote.TextField[*v1alpha1.TicketAttachment, synqly.AttachmentMetadata]{{Name: "source", Wanted: sourceOf}}

// readable is true of no field: what lists show of an attachment does not have its content.
func readable(*synqly.AttachmentMetadata, ...string) bool { return false }

// entryOf is what attachments have in common with comments and notes.
func entryOf(shown *synqly.AttachmentMetadata) *synqly.Entry {
	return &synqly.Entry{ID: shown.ID, TicketID: shown.TicketID, Creator: shown.Creator, CreatedAt: shown.CreatedDate}
}

// Record shows the remote attachment in the status.
func (a adapter) Record(object *v1alpha1.TicketAttachment, shown *synqly.AttachmentMetadata, integration connection.Integration, now time.Time) {
	const word = 255
	a.Adapter.Record(object, shown, integration, now)
	object.Status.FileName = status.Truncate(shown.FileName, word)
	object.Status.FileType = status.Truncate(shown.FileType, word)
	object.Status.FileSize = max(shown.FileSize, 0)
}

// Create uploads the file.
func (adapter) Create(ctx context.Context, call call) (*synqly.AttachmentMetadata, error) {
	request := synqly.CreateAttachmentRequest{FileName: call.Object.Spec.FileName, Content: call.Content}
	attachment, err := call.Connection.CreateAttachment(ctx, call.Place.TicketID, request)
	switch {
	case err == nil:
		call.Connection.SawOwnUser(attachment.Creator)
	case synqly.ClassOf(err) == synqly.Unsupported:
		return nil, fmt.Errorf("this provider has no attachments: %w", err)
	}
	return attachment, child.ExplainRefusal(ctx, call, err)
}

// Replaced are the attachments that newer ones have replaced.
func (adapter) Replaced(attachment *v1alpha1.TicketAttachment) *[]string {
	return &attachment.Status.ReplacedIDs
}
