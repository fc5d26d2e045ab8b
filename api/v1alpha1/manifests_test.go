// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// manifest is an object as a user writes it. It is unstructured, so that it can hold what the Go
// types cannot express.
type manifest = unstructured.Unstructured

// change is an edit of a manifest.
type change func(*manifest)

// with sets the field at a dotted path, such as spec.close.status.
func with(path string, value any) change {
	return func(object *manifest) {
		GinkgoHelper()
		Expect(unstructured.SetNestedField(object.Object, value, strings.Split(path, ".")...)).To(Succeed())
	}
}

// without removes the field at a dotted path.
func without(path string) change {
	return func(object *manifest) {
		unstructured.RemoveNestedField(object.Object, strings.Split(path, ".")...)
	}
}

// edited is a copy of the manifest with the changes made.
func edited(object *manifest, changes ...change) *manifest {
	object = object.DeepCopy()
	for _, edit := range changes {
		edit(object)
	}
	return object
}

func newManifest(kind string, spec map[string]any, changes []change) *manifest {
	object := &manifest{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	object.SetNamespace(testNamespace)
	object.SetGenerateName(strings.ToLower(kind) + "-")
	return edited(object, changes...)
}

// integration is an Integration with the one required field.
func integration(changes ...change) *manifest {
	return newManifest("Integration", map[string]any{"tokenSecretRef": map[string]any{"name": "synqly-token"}}, changes)
}

// clusterIntegration is a ClusterIntegration with the one required field.
func clusterIntegration(changes ...change) *manifest {
	object := newManifest("ClusterIntegration", map[string]any{"tokenSecretRef": map[string]any{"name": "synqly-token"}}, changes)
	object.SetNamespace("")
	return object
}

// ticket is a Ticket with the one required field.
func ticket(changes ...change) *manifest {
	return newManifest("Ticket", map[string]any{"summary": "p99 above 2s"}, changes)
}

// ticketComment is a TicketComment on a Ticket, with the required fields.
func ticketComment(changes ...change) *manifest {
	return newManifest("TicketComment", map[string]any{
		"ticketRef": map[string]any{"name": "checkout-latency"},
		"content":   "Mitigation started.",
	}, changes)
}

// ticketNote is a TicketNote on a Ticket, with the required fields.
func ticketNote(changes ...change) *manifest {
	return newManifest("TicketNote", map[string]any{
		"ticketRef": map[string]any{"name": "checkout-latency"},
		"title":     "Timeline",
		"content":   "10:05 UTC first alert.",
	}, changes)
}

// ticketAttachment is a TicketAttachment on a Ticket, with the required fields.
func ticketAttachment(changes ...change) *manifest {
	return newManifest("TicketAttachment", map[string]any{
		"ticketRef": map[string]any{"name": "checkout-latency"},
		"fileName":  "heap.txt",
		"content":   "goroutine 1 [running]:",
	}, changes)
}

// ticketQuery is a TicketQuery, which has no required field.
func ticketQuery(changes ...change) *manifest {
	return newManifest("TicketQuery", map[string]any{}, changes)
}

// alertReceiver is an AlertReceiver with the one required field.
func alertReceiver(changes ...change) *manifest {
	return newManifest("AlertReceiver", map[string]any{"tokenSecretRef": map[string]any{"name": "alertmanager-token"}}, changes)
}

// incident is an Incident with an alert.
func incident(changes ...change) *manifest {
	return newManifest("Incident", map[string]any{
		"receiverRef": map[string]any{"name": "platform"},
		"alerts":      []any{alert(1)},
	}, changes)
}

// alert is a firing alert that differs for each number, with the changes made.
func alert(number int, changes ...func(map[string]any)) any {
	alert := map[string]any{
		"fingerprint": fmt.Sprintf("%016x", number), "status": "firing", "startsAt": "2026-12-01T10:05:00.123456Z",
		"labels": map[string]any{"alertname": "DiskFull", "instance": fmt.Sprintf("node-%d", number)},
	}
	for _, edit := range changes {
		edit(alert)
	}
	return alert
}

// manifestOf makes a manifest of the named kind with its required fields.
var manifestOf = map[string]func(...change) *manifest{
	"Integration":        integration,
	"ClusterIntegration": clusterIntegration,
	"Ticket":             ticket,
	"TicketComment":      ticketComment,
	"TicketNote":         ticketNote,
	"TicketAttachment":   ticketAttachment,
	"TicketQuery":        ticketQuery,
	"AlertReceiver":      alertReceiver,
	"Incident":           incident,
}

// created is the object as the API server stored it.
func created(object *manifest) *manifest {
	GinkgoHelper()
	object = object.DeepCopy()
	Expect(apiClient.Create(suiteCtx, object)).To(Succeed())
	return object
}

// expectAccepted creates the object and shows that the Go types can read what was stored and that
// what they write back is accepted. One object that they could not read would stop the informers of
// all objects of its kind.
func expectAccepted(object *manifest) *manifest {
	GinkgoHelper()
	stored := created(object)
	typed := typedOf(stored)
	Expect(apiClient.Update(suiteCtx, typed, client.DryRunAll)).To(Succeed(), "what the Go types write back must be accepted")
	return stored
}

// typedOf reads a stored object with the Go type of its kind.
func typedOf(stored *manifest) client.Object {
	GinkgoHelper()
	empty, err := apiClient.Scheme().New(stored.GroupVersionKind())
	Expect(err).NotTo(HaveOccurred())
	typed, isObject := empty.(client.Object)
	Expect(isObject).To(BeTrue())
	Expect(apiClient.Get(suiteCtx, client.ObjectKeyFromObject(stored), typed)).To(Succeed(), "the Go types must read what the API server accepts")
	return typed
}

// expectRefused shows that creating the object fails with a message that names the field and has
// each of the texts.
func expectRefused(object *manifest, field string, texts ...string) {
	GinkgoHelper()
	expectInvalid(apiClient.Create(suiteCtx, object.DeepCopy()), field, texts...)
}

// expectUpdateAccepted makes the changes to a stored object.
func expectUpdateAccepted(stored *manifest, changes ...change) *manifest {
	GinkgoHelper()
	updated := edited(stored, changes...)
	Expect(apiClient.Update(suiteCtx, updated)).To(Succeed())
	typedOf(updated)
	return updated
}

// expectUpdateRefused shows that the changes of a stored object fail, as expectRefused does.
func expectUpdateRefused(stored *manifest, edit change, field string, texts ...string) {
	GinkgoHelper()
	expectInvalid(apiClient.Update(suiteCtx, edited(stored, edit)), field, texts...)
}

// withStatus writes one field of the status of a stored object, as the operator does through the
// status subresource.
func withStatus(stored *manifest, path string, value any) (*manifest, error) {
	object := edited(stored, without("status"), with(path, value))
	return object, apiClient.Status().Update(suiteCtx, object)
}

// storedWith is the object as the API server stored it, with one field of the status.
func storedWith(object *manifest, path string, value any) *manifest {
	GinkgoHelper()
	stored, err := withStatus(created(object), path, value)
	Expect(err).NotTo(HaveOccurred())
	return stored
}

// notReady is the object as the API server stored it, with a Ready condition that is False.
func notReady(object *manifest, reason string) *manifest {
	GinkgoHelper()
	return storedWith(object, "status.conditions", []any{map[string]any{
		"type": v1alpha1.ConditionReady, "status": "False", "reason": reason, "message": "", "lastTransitionTime": "2026-11-27T10:00:00Z",
	}})
}

// expectInvalid checks the error that a user sees.
func expectInvalid(err error, field string, texts ...string) {
	GinkgoHelper()
	Expect(err).To(HaveOccurred(), "the API server must refuse it")
	Expect(apierrors.IsInvalid(err)).To(BeTrue(), "want a validation error, got: %v", err)
	Expect(err.Error()).To(ContainSubstring(field + ": "))
	for _, text := range texts {
		Expect(err.Error()).To(ContainSubstring(text))
	}
}

// valueOf is the field at a dotted path of an object, nil where it is not set.
func valueOf(object *manifest, path string) any {
	GinkgoHelper()
	value, _, err := unstructured.NestedFieldCopy(object.Object, strings.Split(path, ".")...)
	Expect(err).NotTo(HaveOccurred())
	return value
}

// text is a text of so many characters, each of two bytes: limits count characters.
func text(characters int) string { return strings.Repeat("é", characters) }

// listOf is a list of so many different values.
func listOf(count int, value func(number int) any) []any {
	list := make([]any, count)
	for i := range list {
		list[i] = value(i)
	}
	return list
}

// mapOf is a map of so many names with the same value.
func mapOf(count int, value any) map[string]any {
	values := make(map[string]any, count)
	for i := range count {
		values[fmt.Sprintf("name-%d", i)] = runtime.DeepCopyJSONValue(value)
	}
	return values
}

// numberedText is a short text that differs for each number.
func numberedText(number int) any { return fmt.Sprintf("value-%d", number) }
