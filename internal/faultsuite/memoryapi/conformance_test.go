// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
)

// conformance is a script of operations on one Ticket, and what each came to.
type conformance struct {
	client    client.Client
	namespace string
	// stale is the Ticket as it was at the start, latest as it was read last.
	stale, latest *v1alpha1.Ticket
	uids          map[types.UID]bool
	lines         []string
}

const conformingName = "conforming"

// do carries out one operation and writes down its outcome and what the Ticket is then.
func (c *conformance) do(name string, operation func() error) {
	before := c.latest
	outcome := "ok"
	if err := operation(); err != nil {
		outcome = string(apierrors.ReasonForError(err))
	}
	c.latest = &v1alpha1.Ticket{}
	key := client.ObjectKey{Namespace: c.namespace, Name: conformingName}
	err := c.client.Get(context.Background(), key, c.latest)
	if apierrors.IsNotFound(err) {
		c.lines = append(c.lines, fmt.Sprintf("%s: %s; there is no Ticket", name, outcome))
		return
	}
	Expect(err).NotTo(HaveOccurred())
	c.uids[c.latest.UID] = true
	moved := before == nil || before.ResourceVersion != c.latest.ResourceVersion
	c.lines = append(c.lines, fmt.Sprintf("%s: %s; new resourceVersion %t, generation %d, deleting %t, finalizers %v, annotations %v, summary %q, status %q %d, UIDs so far %d",
		name, outcome, moved, c.latest.Generation, c.latest.DeletionTimestamp != nil, c.latest.Finalizers, c.latest.Annotations, c.latest.Spec.Summary,
		c.latest.Status.ID, c.latest.Status.ObservedGeneration, len(c.uids)))
}

// patch changes a copy of the Ticket and sends the difference.
func (c *conformance) patch(from *v1alpha1.Ticket, locked, status bool, change func(*v1alpha1.Ticket)) error {
	changed := from.DeepCopy()
	change(changed)
	patch := client.MergeFrom(from)
	if locked {
		patch = client.MergeFromWithOptions(from, client.MergeFromWithOptimisticLock{})
	}
	if status {
		return c.client.Status().Patch(context.Background(), changed, patch)
	}
	return c.client.Patch(context.Background(), changed, patch)
}

func (c *conformance) manifest() *v1alpha1.Ticket {
	return &v1alpha1.Ticket{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: conformingName},
		Spec: v1alpha1.TicketSpec{
			IntegrationRef: v1alpha1.IntegrationReference{Name: "default"}, Summary: "first",
			ManagementPolicy: v1alpha1.ManagementApply, DeletionPolicy: v1alpha1.TicketRetain,
		},
		Status: v1alpha1.TicketStatus{RemoteObjectStatus: v1alpha1.RemoteObjectStatus{ID: "not to be kept"}},
	}
}

func summary(text string) func(*v1alpha1.Ticket) {
	return func(t *v1alpha1.Ticket) { t.Spec.Summary = text }
}

func annotation(value string) func(*v1alpha1.Ticket) {
	return func(t *v1alpha1.Ticket) { t.Annotations = map[string]string{"note": value} }
}

func statusID(id string) func(*v1alpha1.Ticket) {
	return func(t *v1alpha1.Ticket) { t.Status.ID = id }
}

func finalizers(names ...string) func(*v1alpha1.Ticket) {
	return func(t *v1alpha1.Ticket) { t.Finalizers = names }
}

func (c *conformance) run() []string {
	ctx := context.Background()
	const ours, other = v1alpha1.RemoteFinalizer, "example.com/other"
	remove := func() error { return c.client.Delete(ctx, c.manifest()) }
	removeAs := func(known *v1alpha1.Ticket) error {
		return c.client.Delete(ctx, c.manifest(), client.Preconditions{UID: ptr.To(known.UID), ResourceVersion: ptr.To(known.ResourceVersion)})
	}

	c.do("get what is not there", func() error {
		return c.client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: conformingName}, &v1alpha1.Ticket{})
	})
	c.do("create with a status", func() error { return c.client.Create(ctx, c.manifest()) })
	c.stale = c.latest
	c.do("create again", func() error { return c.client.Create(ctx, c.manifest()) })
	c.do("annotate", func() error { return c.patch(c.latest, true, false, annotation("a")) })
	c.do("annotate a stale object", func() error { return c.patch(c.stale, true, false, annotation("b")) })
	c.do("annotate a stale object without a lock", func() error { return c.patch(c.stale, false, false, annotation("b")) })
	c.do("patch with another UID", func() error {
		foreign := c.latest.DeepCopy()
		return c.patch(foreign, false, false, func(t *v1alpha1.Ticket) {
			t.UID, t.Annotations = "00000000-0000-0000-0000-000000000000", map[string]string{"note": "c"}
		})
	})
	c.do("patch the status", func() error { return c.patch(c.latest, true, true, statusID("1")) })
	c.do("patch the status of a stale object", func() error { return c.patch(c.stale, true, true, statusID("2")) })
	c.do("patch the status of a stale object without a lock", func() error { return c.patch(c.stale, false, true, statusID("2")) })
	c.do("patch everything through the status", func() error {
		return c.patch(c.latest, true, true, func(t *v1alpha1.Ticket) {
			statusID("3")(t)
			summary("through the status")(t)
			annotation("through the status")(t)
			finalizers(ours)(t)
			t.Status.ObservedGeneration = 1
		})
	})
	c.do("patch the status through the object", func() error { return c.patch(c.latest, true, false, statusID("4")) })
	c.do("patch nothing", func() error { return c.patch(c.latest, true, false, func(*v1alpha1.Ticket) {}) })
	c.do("patch the status with nothing", func() error { return c.patch(c.latest, true, true, func(*v1alpha1.Ticket) {}) })
	c.do("edit the spec", func() error { return c.patch(c.latest, true, false, summary("second")) })
	c.do("update", func() error {
		updated := c.latest.DeepCopy()
		summary("third")(updated)
		statusID("5")(updated)
		return c.client.Update(ctx, updated)
	})
	c.do("update a stale object", func() error { return c.client.Update(ctx, c.stale.DeepCopy()) })
	c.do("update without a resourceVersion", func() error { return c.client.Update(ctx, c.manifest()) })
	c.do("update the status", func() error {
		updated := c.latest.DeepCopy()
		summary("through the status")(updated)
		statusID("6")(updated)
		return c.client.Status().Update(ctx, updated)
	})
	c.do("delete a stale object", func() error { return removeAs(c.stale) })
	c.do("delete another object of that name", func() error {
		foreign := c.latest.DeepCopy()
		foreign.UID = "00000000-0000-0000-0000-000000000000"
		return removeAs(foreign)
	})
	c.do("add a finalizer", func() error { return c.patch(c.latest, true, false, finalizers(ours)) })
	c.do("delete", remove)
	c.do("delete again", remove)
	c.do("add a finalizer while it is being deleted", func() error { return c.patch(c.latest, true, false, finalizers(ours, other)) })
	c.do("edit the spec while it is being deleted", func() error { return c.patch(c.latest, true, false, summary("last")) })
	c.do("patch the status while it is being deleted", func() error { return c.patch(c.latest, true, true, statusID("7")) })
	c.do("take the deletion back", func() error {
		return c.patch(c.latest, true, false, func(t *v1alpha1.Ticket) { t.DeletionTimestamp = nil })
	})
	last := c.latest
	c.do("take the finalizer off", func() error { return c.patch(last, true, false, finalizers()) })
	c.do("patch what is gone", func() error { return c.patch(last, true, false, annotation("late")) })
	c.do("patch the status of what is gone", func() error { return c.patch(last, false, true, statusID("8")) })
	c.do("update what is gone", func() error { return c.client.Update(ctx, last.DeepCopy()) })
	c.do("delete what is gone", remove)
	c.do("create under the same name", func() error { return c.client.Create(ctx, c.manifest()) })
	c.do("patch with what was known of the one before", func() error { return c.patch(last, true, false, annotation("late")) })
	c.do("delete without finalizers, in the latest version", func() error { return removeAs(c.latest) })
	c.lines = append(c.lines, c.secrets()...)
	return c.lines
}

// secrets is a second script, on a kind without generation and status.
func (c *conformance) secrets() []string {
	ctx := context.Background()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: conformingName}, Data: map[string][]byte{"token": []byte("a")}}
	var lines []string
	do := func(name string, err error) {
		lines = append(lines, fmt.Sprintf("Secret, %s: %s, generation %d, data %q", name, apierrors.ReasonForError(err), secret.Generation, secret.Data["token"]))
	}
	do("create", c.client.Create(ctx, secret))
	stale := secret.DeepCopy()
	secret.Data["token"] = []byte("b")
	do("update", c.client.Update(ctx, secret))
	do("update a stale one", c.client.Update(ctx, stale))
	do("delete", c.client.Delete(ctx, secret))
	do("get", c.client.Get(ctx, client.ObjectKeyFromObject(secret), secret))
	return lines
}

// The fault suite runs against an API server in memory. What it shows is worth as much as that one
// is like the real one.
func TestTheServerInMemoryDoesWhatTheRealOneDoes(t *testing.T) {
	RegisterTestingT(t)
	Expect(os.Getenv("KUBEBUILDER_ASSETS")).NotTo(BeEmpty(), "KUBEBUILDER_ASSETS is not set: run the tests with make test")
	environment := &envtest.Environment{CRDDirectoryPaths: []string{"../../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { Expect(environment.Stop()).To(Succeed()) })

	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	actualServer, err := client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	const namespace = metav1.NamespaceDefault
	expected := (&conformance{client: actualServer, namespace: namespace, uids: map[types.UID]bool{}}).run()

	memory := memoryapi.NewServer(scheme, time.Now).NewClient(memoryapi.Hooks{})
	actual := (&conformance{client: memory, namespace: namespace, uids: map[types.UID]bool{}}).run()

	Expect(cmp.Diff(strings.Join(expected, "\n"), strings.Join(actual, "\n"))).To(BeEmpty())
}
