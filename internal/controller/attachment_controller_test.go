// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A TicketAttachment", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("parent"))
	})

	// uploaded creates an attachment, which must be Ready after one reconcile.
	uploaded := func(attachment *v1alpha1.TicketAttachment) *v1alpha1.TicketAttachment {
		GinkgoHelper()
		w.create(attachment)
		w.reconcile(attachment)
		expectReady(attachment)
		w.simulator.ForgetRequests()
		return attachment
	}
	// files are the contents of the remote attachments, the oldest first.
	files := func() []string {
		var contents []string
		for _, attachment := range w.simulator.Attachments(ticket.Status.ID) {
			contents = append(contents, string(attachment.Content))
		}
		return contents
	}
	fromConfigMap := func(name string) *v1alpha1.TicketAttachment {
		attachment := w.attachment("dump", "parent")
		attachment.Spec.Content, attachment.Spec.ConfigMapKeyRef = "", &v1alpha1.KeyReference{Name: name, Key: "heap.txt"}
		return attachment
	}
	configMap := func(content string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: w.named("dump"), Data: map[string]string{"heap.txt": content}}
	}
	update := func(object *corev1.ConfigMap, content string) {
		GinkgoHelper()
		object.Data["heap.txt"] = content
		Expect(testCluster.GetClient().Update(w.ctx, object)).To(Succeed())
	}

	It("shows what the provider says of it, and the hash of what was uploaded", func() {
		attachment := uploaded(w.attachment("dump", "parent"))
		remote := w.simulator.Attachments(ticket.Status.ID)[0]
		sum := sha256.Sum256([]byte(attachment.Spec.Content))
		Expect(attachment.Status.ID).To(Equal(remote.ID))
		Expect(attachment.Status.FileName).To(Equal("heap.txt"))
		Expect(attachment.Status.FileType).To(Equal("text/plain; charset=utf-8"))
		Expect(attachment.Status.FileSize).To(BeEquivalentTo(len(attachment.Spec.Content)))
		Expect(attachment.Status.SHA256).To(Equal(hex.EncodeToString(sum[:])))
		Expect(attachment.Status.Creator).To(Equal(remote.Creator))
		Expect(attachment.Status.CreatedAt).NotTo(BeEmpty())
	})

	It("uploads every byte of what is not text", func() {
		binary := string([]byte{0, 0xff, 0xfe, '\r', '\n', 0})
		inline := w.attachment("inline", "parent")
		inline.Spec.Content, inline.Spec.ContentBase64 = "", "AP/+\nDQoA\n"
		uploaded(inline)
		w.create(&corev1.ConfigMap{ObjectMeta: w.named("dump"), BinaryData: map[string][]byte{"heap.txt": []byte(binary)}})
		uploaded(fromConfigMap("dump"))
		w.create(&corev1.Secret{ObjectMeta: w.named("key"), Data: map[string][]byte{"tls.crt": []byte(binary)}})
		secret := w.attachment("secret", "parent")
		secret.Spec.Content, secret.Spec.SecretKeyRef = "", &v1alpha1.KeyReference{Name: "key", Key: "tls.crt"}
		uploaded(secret)
		Expect(files()).To(Equal([]string{binary, binary, binary}))
	})

	It("takes names of 255 characters and of other scripts", func() {
		for name, fileName := range map[string]string{"long": strings.Repeat("д", 251) + ".txt", "emoji": "🔥 100%.png"} {
			attachment := w.attachment(name, "parent")
			attachment.Spec.FileName = fileName
			uploaded(attachment)
			Expect(attachment.Status.FileName).To(Equal(fileName))
		}
	})

	It("uploads a changed content first and then deletes the old file", func() {
		attachment := uploaded(w.attachment("dump", "parent"))
		old := attachment.Status.ID
		edit(w, attachment, func(a *v1alpha1.TicketAttachment) { a.Spec.Content = "goroutine 2 [running]:" })
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(w.sent()).To(Equal([]string{"CreateAttachment 201", "DeleteAttachment 204"}))
		Expect(attachment.Status.ID).NotTo(Equal(old))
		Expect(attachment.Status.ReplacedIDs).To(BeEmpty())
		Expect(files()).To(Equal([]string{"goroutine 2 [running]:"}))
		w.expectInSync(attachment)
	})

	It("uploads nothing when the same bytes come from somewhere else", func() {
		attachment := uploaded(w.attachment("dump", "parent"))
		w.create(configMap(attachment.Spec.Content))
		edit(w, attachment, func(a *v1alpha1.TicketAttachment) {
			a.Spec.ConfigMapKeyRef, a.Spec.Content = &v1alpha1.KeyReference{Name: "dump", Key: "heap.txt"}, ""
		})
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(w.sent()).To(BeEmpty())
		w.expectInSync(attachment)
	})

	It("stays as it was uploaded when its source changes, until sync-requested does", func() {
		source := configMap("first")
		w.create(source)
		attachment := uploaded(fromConfigMap("dump"))
		update(source, "second")
		w.expectInSync(attachment)
		Expect(files()).To(Equal([]string{"first"}))

		annotate(w, attachment, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(w.sent()).To(Equal([]string{"ListAttachments 200", "CreateAttachment 201", "DeleteAttachment 204"}))
		Expect(files()).To(Equal([]string{"second"}))
		w.expectInSync(attachment)

		w.simulator.ForgetRequests()
		annotate(w, attachment, v1alpha1.SyncRequestedAnnotation, "2")
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(w.sent()).To(Equal([]string{"ListAttachments 200"}), "the source has not changed since")
	})

	It("stays when its source is gone, whatever is asked", func() {
		source := configMap("first")
		w.create(source)
		attachment := uploaded(fromConfigMap("dump"))
		w.delete(source)
		annotate(w, attachment, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(files()).To(Equal([]string{"first"}))
	})

	It("is known by what was sent, when its source changes while the answer is lost", func() {
		source := configMap("first")
		w.create(source)
		w.simulator.Inject(simulator.Fault{Operation: "CreateAttachment", Lose: true, AfterCommit: true, Times: 1})
		attachment := fromConfigMap("dump")
		w.create(attachment)
		w.reconcile(attachment)
		expectNotReady(attachment, v1alpha1.ReasonCreateUnconfirmed)
		update(source, "second, which is longer")
		w.clock.Step(2 * time.Second)
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(files()).To(Equal([]string{"first"}))
		sum := sha256.Sum256([]byte("first"))
		Expect(attachment.Status.SHA256).To(Equal(hex.EncodeToString(sum[:])))
		w.expectInSync(attachment)
	})

	It("is told from files of the same name and size by its content", func() {
		w.simulator.Inject(simulator.Fault{Operation: "CreateAttachment", Lose: true, AfterCommit: true, Times: 1})
		attachment := w.attachment("dump", "parent")
		w.simulator.AddAttachment(ticket.Status.ID, "heap.txt", []byte("goroutine 7 [running]:"))
		w.create(attachment)
		w.reconcile(attachment)
		w.simulator.AddAttachment(ticket.Status.ID, "heap.txt", []byte("goroutine 8 [running]:"))
		w.simulator.ForgetRequests()
		w.clock.Step(2 * time.Second)
		w.reconcile(attachment)
		expectReady(attachment)
		Expect(w.sent()).To(HaveExactElements("ListAttachments 200", "DownloadAttachment 200", "DownloadAttachment 200", "DownloadAttachment 200"))
		Expect(attachment.Status.ID).To(Equal(w.simulator.Attachments(ticket.Status.ID)[1].ID))
		w.delete(attachment)
		w.reconcileAway(attachment)
		w.expectGone(attachment)
		Expect(files()).To(Equal([]string{"goroutine 7 [running]:", "goroutine 8 [running]:"}))
	})

	Describe("sends nothing and says why", func() {
		AfterEach(func() { Expect(w.sent()).To(BeEmpty()) })
		refused := func(attachment *v1alpha1.TicketAttachment, reason string, texts ...string) {
			GinkgoHelper()
			w.create(attachment)
			w.reconcile(attachment)
			expectNotReady(attachment, reason, texts...)
			Expect(attachment.GetFinalizers()).To(BeEmpty())
		}

		It("when its ConfigMap does not exist, and goes on when it does", func() {
			attachment := fromConfigMap("dump")
			refused(attachment, v1alpha1.ReasonSourceNotFound, `ConfigMap "dump" does not exist in this namespace`)
			w.create(configMap("at last"))
			w.clock.Step(time.Minute)
			w.reconcile(attachment)
			expectReady(attachment)
			Expect(files()).To(Equal([]string{"at last"}))
			w.simulator.ForgetRequests()
		})
		It("when its ConfigMap has no such key", func() {
			w.create(&corev1.ConfigMap{ObjectMeta: w.named("dump"), Data: map[string]string{"other": "text"}})
			refused(fromConfigMap("dump"), v1alpha1.ReasonSourceNotFound, `ConfigMap "dump" has no key "heap.txt"`)
		})
		It("when its Secret does not exist", func() {
			attachment := w.attachment("dump", "parent")
			attachment.Spec.Content, attachment.Spec.SecretKeyRef = "", &v1alpha1.KeyReference{Name: "none", Key: "heap.txt"}
			refused(attachment, v1alpha1.ReasonSourceNotFound, `Secret "none" does not exist in this namespace`)
		})
		It("when the content is empty", func() {
			w.create(configMap(""))
			refused(fromConfigMap("dump"), v1alpha1.ReasonInvalidSource, "a file of 0 bytes cannot be attached")
		})
		It("when the base64 is none", func() {
			attachment := w.attachment("dump", "parent")
			attachment.Spec.Content, attachment.Spec.ContentBase64 = "", "AAE"
			refused(attachment, v1alpha1.ReasonInvalidSource, "spec.contentBase64 cannot be decoded")
			Expect(condition(attachment, "Stalled")).NotTo(BeNil())
		})
	})

	It("says that a provider has no attachments", func() {
		w.simulator.Inject(simulator.Fault{Operation: "CreateAttachment", Status: 501})
		attachment := w.attachment("dump", "parent")
		w.create(attachment)
		w.reconcile(attachment)
		expectNotReady(attachment, v1alpha1.ReasonRejected, "this provider has no attachments")
		Expect(condition(attachment, "Stalled")).NotTo(BeNil())
	})
})
