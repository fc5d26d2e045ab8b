// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	fileName = "heap.txt"
	// firstFile, secondFile and personsFile have the same size.
	firstFile, secondFile, personsFile = "goroutine 1 [running]", "goroutine 2 [running]", "goroutine 3 [running]"
)

func attachment(name, content string) *v1alpha1.TicketAttachment {
	return &v1alpha1.TicketAttachment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.TicketAttachmentSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: theTicket.name}},
		FileName:        fileName, Content: content, DeletionPolicy: v1alpha1.ChildDelete,
	}}
}

func aFile() client.Object { return attachment(theFile.name, firstFile) }

// aFileOfAConfigMap is an attachment of what the ConfigMap of its name has.
func aFileOfAConfigMap() client.Object {
	made := attachment(theFile.name, "")
	made.Spec.ConfigMapKeyRef = &v1alpha1.KeyReference{Name: theFile.name, Key: fileName}
	return made
}

// writesConfigMap makes the ConfigMap, or changes what it has.
func writesConfigMap(content string) func(*world) {
	return func(w *world) {
		data := map[string]string{fileName: content}
		var source corev1.ConfigMap
		err := w.people.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: theFile.name}, &source)
		if client.IgnoreNotFound(err) == nil && err != nil {
			w.must(w.people.Create(context.Background(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: theFile.name}, Data: data}))
			return
		}
		w.must(err)
		source.Data = data
		w.must(w.people.Update(context.Background(), &source))
	}
}

// fileOf is what the source of an attachment has, where the attachment is to have that; empty where
// it may have what the source had before.
func (w *world) fileOf(attachment *v1alpha1.TicketAttachment) string {
	ref := attachment.Spec.ConfigMapKeyRef
	if ref == nil || attachment.Annotations[v1alpha1.SyncRequestedAnnotation] == "" {
		return ""
	}
	var source corev1.ConfigMap
	w.must(w.people.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: ref.Name}, &source))
	return source.Data[ref.Key]
}

// personAttaches uploads a file of the same name and size that must stay.
func personAttaches(w *world) {
	ticketID := w.remoteIDOf(theTicket)
	added, found := w.remote.AddAttachment(ticketID, fileName, []byte(personsFile))
	if !found {
		w.violate("the simulation: there is no ticket %q to attach a file to", ticketID)
		return
	}
	w.survives = append(w.survives, func() string {
		stays := func(a simulator.Attachment) bool { return a.ID == added.ID }
		if w.ledger.removedByPerson[ticketID] || slices.ContainsFunc(w.remote.Attachments(ticketID), stays) {
			return ""
		}
		return fmt.Sprintf("the file %s of a person is gone", added.ID)
	})
}

func attachmentScenarios() []scenario {
	askForSync := func(w *world) { w.annotate(theFile, v1alpha1.SyncRequestedAnnotation, time.Now().String()) }
	theCopy := reference{theFile.kind, theFile.name + "-copy"}
	return []scenario{
		{name: "attachment", primary: theFile, setup: applying(aTicket), acts: []func(*world){applying(aFile), editing(theFile), deleting(theFile)}},
		{name: "attachment edited while it is created", primary: theFile, setup: applying(aTicket),
			acts: []func(*world){afterwards(applying(aFile), editing(theFile))}},
		{name: "attachment deleted while it is created", primary: theFile, setup: applying(aTicket),
			acts: []func(*world){afterwards(applying(aFile), deleting(theFile))}},
		{name: "attachment whose source changes while it is created", primary: theFile, setup: func(w *world) {
			w.apply(aTicket())
			writesConfigMap(firstFile)(w)
		}, acts: []func(*world){afterwards(applying(aFileOfAConfigMap), writesConfigMap(secondFile)), askForSync, askForSync}},
		{name: "attachment among files of the same name and size", primary: theFile, setup: applying(aTicket), acts: []func(*world){
			func(w *world) {
				personAttaches(w)
				w.apply(aFile())
			},
		}},
		{name: "attachment copied with its status", primary: theCopy, setup: applying(aTicket, aFile), acts: []func(*world){
			copiedWithStatus(theTicket, theFile), deleting(theCopy),
		}},
	}
}
