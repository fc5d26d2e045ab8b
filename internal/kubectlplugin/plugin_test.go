// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const (
	testNamespace = "ops"
	testToken     = "secret-token"
)

// now is the time of all tests.
var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	// No kubeconfig of whoever runs the tests.
	if err := os.Setenv("KUBECONFIG", os.DevNull); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// terminal runs the plugin against a cluster in memory.
type terminal struct {
	t         *testing.T
	cluster   client.Client
	transport http.RoundTripper
	// passTime lets time pass for whoever waits.
	passTime bool
}

func newTerminal(t *testing.T, objects ...client.Object) *terminal {
	t.Helper()
	return newTerminalWith(t, interceptor.Funcs{}, objects...)
}

func newTerminalWith(t *testing.T, funcs interceptor.Funcs, objects ...client.Object) *terminal {
	t.Helper()
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	return &terminal{t: t, cluster: fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(funcs).Build()}
}

// run runs a subcommand in the test's namespace.
func (m *terminal) run(arguments ...string) (output, errorOutput string, err error) {
	m.t.Helper()
	var out, errOut bytes.Buffer
	clock := clocktesting.NewFakeClock(now)
	command := NewCommand(Options{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut},
		Version:   "test", Clock: clock, Cluster: m.cluster, Transport: m.transport,
	})
	command.SetArgs(append([]string{"--namespace=" + testNamespace}, arguments...))
	ctx, cancel := context.WithCancel(m.t.Context())
	var passing sync.WaitGroup
	if m.passTime {
		passing.Go(func() { passTime(ctx, clock) })
	}
	err = command.ExecuteContext(ctx)
	cancel()
	passing.Wait()
	return out.String(), errOut.String(), err
}

// passTime moves the clock on whenever somebody waits for it.
func passTime(ctx context.Context, clock *clocktesting.FakeClock) {
	for ctx.Err() == nil {
		if clock.HasWaiters() {
			clock.Step(time.Second)
		}
		runtime.Gosched()
	}
}

// mustRun fails the test where the subcommand fails.
func (m *terminal) mustRun(arguments ...string) string {
	m.t.Helper()
	output, errorOutput, err := m.run(arguments...)
	if err != nil {
		m.t.Fatalf("%v: %v\n%s", arguments, err, errorOutput)
	}
	return output
}

// expectParts fails the test for each part that a text lacks.
func expectParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in:\n%s", part, text)
		}
	}
}

// mustFail fails the test unless the subcommand fails, with an error that has the parts.
func (m *terminal) mustFail(parts []string, arguments ...string) {
	m.t.Helper()
	_, _, err := m.run(arguments...)
	if err == nil {
		m.t.Fatalf("%v succeeds, want an error with %q", arguments, parts)
	}
	expectParts(m.t, err.Error(), parts...)
}

func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: 1,
		LastTransitionTime: metav1.NewTime(now.Add(-5 * time.Minute)),
	}
}

func notReady(reason, message string) metav1.Condition {
	return condition(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
}

func ready() metav1.Condition {
	return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSynced, "in sync")
}

func metadata(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: testNamespace, Name: name, Generation: 1, CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))}
}

// newTicket is a Ticket with conditions, and with a remote ticket where it has an ID.
func newTicket(name, id string, conditions ...metav1.Condition) *v1alpha1.Ticket {
	ticket := &v1alpha1.Ticket{ObjectMeta: metadata(name), Spec: v1alpha1.TicketSpec{Summary: "it is slow"}}
	ticket.Spec.IntegrationRef.Name = v1alpha1.DefaultIntegrationName
	ticket.Status.ID, ticket.Status.ObservedGeneration, ticket.Status.Conditions = id, 1, conditions
	if id != "" {
		ticket.Status.Integration = v1alpha1.DefaultIntegrationName
	}
	return ticket
}

func newComment(name, ticket string, conditions ...metav1.Condition) *v1alpha1.TicketComment {
	comment := &v1alpha1.TicketComment{ObjectMeta: metadata(name), Spec: v1alpha1.TicketCommentSpec{Content: "text"}}
	comment.Spec.TicketRef = &v1alpha1.TicketReference{Name: ticket}
	comment.Status.ObservedGeneration, comment.Status.Conditions = 1, conditions
	return comment
}

func newIntegration(conditions ...metav1.Condition) *v1alpha1.Integration {
	integration := &v1alpha1.Integration{ObjectMeta: metadata(v1alpha1.DefaultIntegrationName)}
	integration.Spec.BaseURL = "https://api.example.com"
	integration.Spec.TokenSecretRef = v1alpha1.SecretKeyReference{Name: "synqly-token"}
	integration.Status.Conditions = conditions
	return integration
}

func newSecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metadata("synqly-token"), Data: map[string][]byte{"token": []byte(testToken)}}
}

// forbidding refuses to read objects of a type.
func forbidding[T client.Object](resource string) interceptor.Funcs {
	refused := func(name string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, name, nil)
	}
	return interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			if _, is := object.(T); is {
				return refused(key.Name)
			}
			return c.Get(ctx, key, object, options...)
		},
	}
}

// forbiddingList refuses to list objects of a type.
func forbiddingList[T client.ObjectList](resource string) interceptor.Funcs {
	return interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if _, is := list.(T); is {
				return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", nil)
			}
			return c.List(ctx, list, options...)
		},
	}
}

func TestArgumentsAreNamedAsKubectlDoes(t *testing.T) {
	terminal := newTerminal(t, newTicket("slow", "10001", ready()))
	for _, argument := range []string{"slow", "ticket/slow", "tickets/slow", "tkt/slow", "Ticket/slow", "ticket.ticketing.synqly.com/slow", "tickets.v1alpha1.ticketing.synqly.com/slow"} {
		expectParts(t, terminal.mustRun("tree", argument), "Ticket/slow")
	}
	for argument, said := range map[string]string{
		"pod/slow": "is not a type", "ticket/": "write NAME or TYPE/NAME", "a/b/c": "write NAME or TYPE/NAME",
		"tickets.example.com/slow": "is not a type", "fast": "not found",
	} {
		terminal.mustFail([]string{said}, "tree", argument)
	}
}

// TestAllKindsWithARemoteObjectAreKnown: a new kind is shown as soon as it is in the list.
func TestAllKindsWithARemoteObjectAreKnown(t *testing.T) {
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, kind := range remoteKinds() {
		known[kind.name] = true
	}
	found := 0
	for name := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		object, err := scheme.New(v1alpha1.GroupVersion.WithKind(name))
		if err != nil {
			t.Fatal(err)
		}
		if _, isRemote := object.(remoteObject); isRemote {
			found++
			if !known[name] {
				t.Errorf("the kind %s is missing in kinds.go", name)
			}
		}
	}
	if found != len(known) {
		t.Errorf("%d kinds have a remote object, and %d are listed", found, len(known))
	}
}

func TestCompletion(t *testing.T) {
	terminal := newTerminal(t, newTicket("slow", "", ready()), newTicket("slower", "", ready()), newTicket("other", "", ready()),
		newComment("started", "slow", ready()), newIntegration(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ops-eu"}})
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"tree", "slo"}, "slow slower"},
		{[]string{"explain", "tcomment/"}, "tcomment/started"},
		{[]string{"explain", "pod/"}, ""},
		{[]string{"tree", "slow", ""}, ""},
		{[]string{"status", "-o", ""}, "wide json yaml"},
		{[]string{"status", "--namespace", "ops-"}, "ops-eu"},
	} {
		output := terminal.mustRun(append([]string{"__complete"}, test.arguments...)...)
		output, _, _ = strings.Cut(output, ":") // The directive.
		if got := strings.Join(strings.Fields(output), " "); got != test.want {
			t.Errorf("%v is completed by %q, want %q", test.arguments, got, test.want)
		}
	}
}

func TestUnknownOutputFormat(t *testing.T) {
	newTerminal(t).mustFail([]string{"xml", "wide, json, yaml"}, "status", "-o", "xml")
}
