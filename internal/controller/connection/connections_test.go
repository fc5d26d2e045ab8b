// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// canary is the token: nothing that a person reads may contain it.
const canary = "canary-7f3a91"

var (
	integrationName = types.NamespacedName{Namespace: "team-a", Name: "default"}
	secretName      = types.NamespacedName{Namespace: "team-a", Name: "synqly-token"}
	secrets         = schema.GroupResource{Resource: "secrets"}
)

// secretStore is an API server with Secrets alone.
type secretStore struct {
	client.Reader // nil: nothing but Get may be called
	stored        map[types.NamespacedName]*corev1.Secret
	err           error
	reads         int
}

func (s *secretStore) Get(_ context.Context, name types.NamespacedName, object client.Object, _ ...client.GetOption) error {
	s.reads++
	if s.err != nil {
		return s.err
	}
	secret, exists := s.stored[name]
	if !exists {
		return apierrors.NewNotFound(secrets, name.Name)
	}
	into, isSecret := object.(*corev1.Secret)
	if !isSecret {
		return fmt.Errorf("asked for a %T", object)
	}
	secret.DeepCopyInto(into)
	return nil
}

// put stores the Secret with one key.
func (s *secretStore) put(key, value, resourceVersion string) {
	s.stored[secretName] = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: secretName.Namespace, Name: secretName.Name, ResourceVersion: resourceVersion},
		Data:       map[string][]byte{key: []byte(value)},
	}
}

// world is Connections with what they stand on.
type world struct {
	*Connections
	store *secretStore
	clock *clocktesting.FakeClock
	// requests are the Authorization headers that the provider received.
	requests []string
	answer   http.HandlerFunc
	url      string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		store:  &secretStore{stored: map[types.NamespacedName]*corev1.Secret{}},
		clock:  clocktesting.NewFakeClock(start),
		answer: func(response http.ResponseWriter, _ *http.Request) { response.WriteHeader(http.StatusNoContent) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		w.requests = append(w.requests, request.Header.Get("Authorization"))
		w.answer(response, request)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.store.put("token", canary, "1")
	w.Connections = New(Options{Secrets: w.store, Clock: w.clock, AllowInsecureHTTP: true, Transport: &http.Transport{}})
	return w
}

// integration is Ready, in its first generation.
func (w *world) integration(change ...func(*v1alpha1.Integration)) *v1alpha1.Integration {
	integration := &v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: integrationName.Namespace, Name: integrationName.Name, UID: "uid-1", Generation: 1},
		Spec: v1alpha1.IntegrationSpec{
			BaseURL:        w.url,
			TokenSecretRef: v1alpha1.SecretKeyReference{Name: secretName.Name},
			RateLimit:      &v1alpha1.RateLimit{RequestsPerSecond: 1, Burst: 2},
		},
	}
	for _, c := range change {
		c(integration)
	}
	if integration.Status.Conditions == nil {
		integration.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: integration.Generation}}
	}
	return integration
}

func (w *world) mustOpen(t *testing.T, integration *v1alpha1.Integration) *Connection {
	t.Helper()
	connection, err := w.Open(t.Context(), integration)
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

func generation(number int64) func(*v1alpha1.Integration) {
	return func(i *v1alpha1.Integration) { i.Generation = number }
}

func ready(condition metav1.Condition) func(*v1alpha1.Integration) {
	condition.Type = v1alpha1.ConditionReady
	return func(i *v1alpha1.Integration) { i.Status.Conditions = []metav1.Condition{condition} }
}

func TestOpenReadsTheSecretOnce(t *testing.T) {
	w := newWorld(t)
	for want := 1; want <= 3; want++ {
		w.mustOpen(t, w.integration())
		if w.store.reads != want {
			t.Errorf("after %d Open: %d reads of the Secret", want, w.store.reads)
		}
	}
}

func TestOpenFailsWithoutToken(t *testing.T) {
	broken := errors.New("etcd has no leader")
	for name, test := range map[string]struct {
		prepare   func(*secretStore)
		want      SecretError
		text      []string
		temporary bool
	}{
		"no Secret": {
			prepare: func(s *secretStore) { delete(s.stored, secretName) },
			want:    SecretError{Key: "token", Err: apierrors.NewNotFound(secrets, secretName.Name)},
			text:    []string{`"synqly-token" does not exist`, `in the key "token"`},
		},
		"no key": {
			prepare: func(s *secretStore) { s.put("tokens", canary, "1") },
			want:    SecretError{Key: "token"},
			text:    []string{`"synqly-token" has no key "token"`, "tokenSecretRef"},
		},
		"empty key": {
			prepare: func(s *secretStore) { s.put("token", " \n", "1") },
			want:    SecretError{Key: "token"},
			text:    []string{`has no key "token"`},
		},
		"forbidden": {
			prepare: func(s *secretStore) { s.err = apierrors.NewForbidden(secrets, secretName.Name, nil) },
			want:    SecretError{Key: "token", Err: apierrors.NewForbidden(secrets, secretName.Name, nil)},
			text:    []string{"not allowed to read", "verb get"},
		},
		"API server down": {
			prepare: func(s *secretStore) { s.err = broken }, want: SecretError{Key: "token", Err: broken},
			text: []string{`reading Secret "synqly-token"`, "no leader"}, temporary: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.prepare(w.store)
			test.want.Secret = secretName
			connection, err := w.Open(t.Context(), w.integration())
			var got *SecretError
			if connection != nil || !errors.As(err, &got) {
				t.Fatalf("Open = %v, %v, want a *SecretError", connection, err)
			}
			if got.Secret != test.want.Secret || got.Key != test.want.Key || got.Temporary() != test.temporary {
				t.Errorf("error = %+v (temporary %t), want %+v", got, got.Temporary(), test.want)
			}
			if (test.want.Err == nil) != (got.Unwrap() == nil) || (test.want.Err != nil && got.Unwrap().Error() != test.want.Err.Error()) {
				t.Errorf("cause = %v, want %v", got.Unwrap(), test.want.Err)
			}
			for _, text := range test.text {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q lacks %q", err, text)
				}
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the token is in %q", err)
			}
		})
	}
}

// The Secret of a ClusterIntegration is not in the namespace of the objects that show the message,
// and that of an Integration is.
func TestASecretOfAClusterIntegrationIsNamedWithItsNamespace(t *testing.T) {
	const elsewhere = `Secret "synqly-token" in the namespace "synqly-system"`
	for name, test := range map[string]struct {
		prepare func(*secretStore)
		text    string
	}{
		"no Secret": {func(*secretStore) {}, elsewhere + " does not exist"},
		"no key": {func(s *secretStore) {
			s.stored[types.NamespacedName{Namespace: "synqly-system", Name: secretName.Name}] = &corev1.Secret{}
		}, elsewhere + ` has no key "token"`},
		"forbidden":       {func(s *secretStore) { s.err = apierrors.NewForbidden(secrets, secretName.Name, nil) }, "not allowed to read " + elsewhere + ": grant its service account the verb get on secrets in that namespace"},
		"API server down": {func(s *secretStore) { s.err = errors.New("no leader") }, "reading " + elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Connections = New(Options{ClusterNamespace: "synqly-system", Secrets: w.store, Clock: w.clock, AllowInsecureHTTP: true, Transport: &http.Transport{}})
			test.prepare(w.store)
			_, err := w.Open(t.Context(), &v1alpha1.ClusterIntegration{
				ObjectMeta: metav1.ObjectMeta{Name: "jira", UID: "uid-2", Generation: 1},
				Spec:       v1alpha1.ClusterIntegrationSpec{IntegrationSpec: w.integration().Spec},
			})
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error = %v, want %s", err, test.text)
			}
		})
	}
	own := &SecretError{Secret: secretName, Key: "token", Err: apierrors.NewForbidden(secrets, secretName.Name, nil)}
	if text := own.Error(); strings.Contains(text, secretName.Namespace) || !strings.Contains(text, "in this namespace") {
		t.Errorf("of an Integration: %s", text)
	}
}

func TestOpenReadsTheKeyThatIsNamed(t *testing.T) {
	w := newWorld(t)
	w.store.put("jira", canary, "1")
	connection := w.mustOpen(t, w.integration(func(i *v1alpha1.Integration) { i.Spec.TokenSecretRef.Key = "jira" }))
	if err := connection.DeleteComment(t.Context(), "1", "2"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Bearer " + canary}, w.requests); diff != "" {
		t.Errorf("Authorization (-want +got):\n%s", diff)
	}
}

func TestOpenDropsWhiteSpaceAroundTheToken(t *testing.T) {
	w := newWorld(t)
	before := w.mustOpen(t, w.integration())
	w.store.put("token", "  "+canary+"\r\n", "2")
	after := w.mustOpen(t, w.integration())
	if before != after {
		t.Error("the same token with a line feed made another connection")
	}
	if err := after.DeleteComment(t.Context(), "1", "2"); err != nil || w.requests[0] != "Bearer "+canary {
		t.Errorf("DeleteComment = %v, requests %q", err, w.requests)
	}
}

func TestNoErrorHasTheToken(t *testing.T) {
	for name, test := range map[string]struct {
		token  string
		change func(*v1alpha1.Integration)
		answer http.HandlerFunc
	}{
		"token with a line break inside": {token: canary + "\n" + canary},
		"token with another encoding":    {token: canary + "é"},
		"base URL without a scheme":      {change: func(i *v1alpha1.Integration) { i.Spec.BaseURL = "api.synqly.com" }},
		"base URL with the token":        {change: func(i *v1alpha1.Integration) { i.Spec.BaseURL = "https://" + canary + "@api.synqly.com" }},
		"provider that echoes the token": {answer: func(response http.ResponseWriter, request *http.Request) {
			http.Error(response, "bad header: "+request.Header.Get("Authorization"), http.StatusUnauthorized)
		}},
		"problem that echoes the token": {answer: func(response http.ResponseWriter, _ *http.Request) {
			response.WriteHeader(http.StatusForbidden)
			_, _ = response.Write([]byte(`{"message":"` + canary + `","detail":"` + canary + `"}`))
		}},
		"answer that is no JSON": {answer: func(response http.ResponseWriter, _ *http.Request) { _, _ = response.Write([]byte(canary)) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if test.token != "" {
				w.store.put("token", test.token, "1")
			}
			if test.answer != nil {
				w.answer = test.answer
			}
			if test.change == nil {
				test.change = func(*v1alpha1.Integration) {}
			}
			connection, err := w.Open(t.Context(), w.integration(test.change))
			if err == nil {
				_, err = connection.GetTicket(t.Context(), "1")
			}
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the token is in %q", err)
			}
		})
	}
}

func TestForRefusesAnIntegrationThatIsNotReady(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.Integration)
		want   NotReadyError
		text   string
	}{
		"never checked": {
			change: func(i *v1alpha1.Integration) { i.Status.Conditions = []metav1.Condition{} },
			text:   `Integration "default" has not been checked yet`,
		},
		"another generation checked": {
			change: func(i *v1alpha1.Integration) {
				i.Generation = 2
				ready(metav1.Condition{Status: metav1.ConditionTrue, ObservedGeneration: 1})(i)
			},
			text: `Integration "default" has not been checked yet`,
		},
		"refused": {
			change: ready(metav1.Condition{Status: metav1.ConditionFalse, ObservedGeneration: 1, Reason: v1alpha1.ReasonInvalidToken, Message: "401"}),
			want:   NotReadyError{Reason: v1alpha1.ReasonInvalidToken, Message: "401"},
			text:   `Integration "default" is not ready (InvalidToken): 401`,
		},
		"unknown": {
			change: ready(metav1.Condition{Status: metav1.ConditionUnknown, ObservedGeneration: 1, Reason: v1alpha1.ReasonPaused, Message: "paused"}),
			want:   NotReadyError{Reason: v1alpha1.ReasonPaused, Message: "paused"},
			text:   `Integration "default" is not ready (Paused): paused`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.want.Integration = integrationName
			_, err := w.For(t.Context(), w.integration(test.change))
			var got *NotReadyError
			if !errors.As(err, &got) {
				t.Fatalf("For = %v, want a *NotReadyError", err)
			}
			if diff := cmp.Diff(test.want, *got); diff != "" || err.Error() != test.text {
				t.Errorf("error %q, want %q (-want +got):\n%s", err, test.text, diff)
			}
			if w.store.reads != 0 {
				t.Errorf("the Secret was read %d times", w.store.reads)
			}
		})
	}
}

func TestForReturnsWhatIsOpen(t *testing.T) {
	w := newWorld(t)
	opened := w.mustOpen(t, w.integration())
	for range 3 {
		got, err := w.For(t.Context(), w.integration())
		if err != nil || got != opened {
			t.Fatalf("For = %p, %v, want %p", got, err, opened)
		}
	}
	if w.store.reads != 1 {
		t.Errorf("the Secret was read %d times, want once, by Open", w.store.reads)
	}
}

func TestForOpensAfterARestart(t *testing.T) {
	w := newWorld(t)
	first, err := w.For(t.Context(), w.integration())
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.For(t.Context(), w.integration())
	if err != nil || first != second || w.store.reads != 1 {
		t.Errorf("two For = %p, %p, %v with %d reads, want the same with 1", first, second, err, w.store.reads)
	}
}

func TestForWaitsForTheIntegrationWhereThereIsNoToken(t *testing.T) {
	for name, prepare := range map[string]func(*secretStore){
		"no Secret": func(s *secretStore) { delete(s.stored, secretName) },
		"no key":    func(s *secretStore) { s.put("other", canary, "1") },
		"forbidden": func(s *secretStore) { s.err = apierrors.NewForbidden(secrets, secretName.Name, nil) },
	} {
		w := newWorld(t)
		prepare(w.store)
		_, err := w.For(t.Context(), w.integration())
		var notReady *NotReadyError
		if !errors.As(err, &notReady) || notReady.Reason != v1alpha1.ReasonSecretNotFound || !strings.Contains(notReady.Message, secretName.Name) {
			t.Errorf("%s: For = %v, want a *NotReadyError that names the Secret", name, err)
		}
	}
}

// The Integration stays Ready when the API server hiccups, so no watch would wake an object that
// waited for it.
func TestForDoesNotWaitForTheIntegrationWhenTheAPIServerFails(t *testing.T) {
	w := newWorld(t)
	w.store.err = apierrors.NewTimeoutError("slow", 1)
	_, err := w.For(t.Context(), w.integration())
	var (
		secret   *SecretError
		notReady *NotReadyError
	)
	if !errors.As(err, &secret) || !secret.Temporary() || errors.As(err, &notReady) {
		t.Errorf("For = %v, want a temporary *SecretError and no *NotReadyError", err)
	}
}

func TestForWaitsForTheIntegrationWhenItsSettingsAreWrong(t *testing.T) {
	w := newWorld(t)
	// It is Ready, as one is that an earlier manager with other flags has checked.
	_, err := w.For(t.Context(), w.integration(func(i *v1alpha1.Integration) { i.Spec.BaseURL = "ftp://example.com" }))
	var notReady *NotReadyError
	if !errors.As(err, &notReady) || notReady.Reason != v1alpha1.ReasonInvalidConfiguration || !strings.Contains(notReady.Message, "https") {
		t.Errorf("For = %v, want a *NotReadyError that says what is wrong with the settings", err)
	}
}

func madeAgain(i *v1alpha1.Integration) { i.UID = "uid-2" }

func TestOpenMakesAnotherConnectionForAnotherTokenOrGeneration(t *testing.T) {
	for name, test := range map[string]struct {
		token     string
		change    func(*v1alpha1.Integration)
		wantToken string
		sameOne   bool
		newBudget bool
	}{
		"nothing changed":                  {change: generation(1), wantToken: canary, sameOne: true},
		"only the Secret's version":        {token: canary, change: generation(1), wantToken: canary, sameOne: true},
		"new token":                        {token: "rotated", change: generation(1), wantToken: "rotated"},
		"new generation":                   {change: generation(2), wantToken: canary},
		"another provider":                 {change: func(i *v1alpha1.Integration) { generation(2)(i); i.Spec.BaseURL += "/other" }, wantToken: canary, newBudget: true},
		"deleted and made again":           {change: madeAgain, wantToken: canary},
		"made again with another token":    {token: "another", change: madeAgain, wantToken: "another", newBudget: true},
		"made again with another provider": {change: func(i *v1alpha1.Integration) { madeAgain(i); i.Spec.BaseURL += "/other" }, wantToken: canary, newBudget: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before := w.mustOpen(t, w.integration())
			before.Throttled(time.Hour)
			if test.token != "" {
				w.store.put("token", test.token, "2")
			}
			after := w.mustOpen(t, w.integration(test.change))
			if got := before == after; got != test.sameOne {
				t.Errorf("the same connection: %t, want %t", got, test.sameOne)
			}
			if got := before.Budget != after.Budget; got != test.newBudget {
				t.Errorf("a new budget: %t, want %t", got, test.newBudget)
			}
			if got := after.Held() == nil; got != test.newBudget {
				t.Errorf("the hold is gone: %t, want %t", got, test.newBudget)
			}
			w.clock.Step(time.Hour)
			if err := after.DeleteComment(t.Context(), "1", "2"); err != nil || w.requests[0] != "Bearer "+test.wantToken {
				t.Errorf("DeleteComment = %v, Authorization %q, want the token %q", err, w.requests, test.wantToken)
			}
		})
	}
}

func TestNewGenerationChangesTheRateOfTheBudget(t *testing.T) {
	w := newWorld(t)
	w.mustOpen(t, w.integration())
	connection := w.mustOpen(t, w.integration(generation(2), func(i *v1alpha1.Integration) {
		i.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 50}
	}))
	answers(connection.Budget, 1000)
	w.clock.Step(time.Minute)
	reservations(t, connection.Budget, 50)
	_, err := connection.Reserve(t.Context())
	if got := refusal(t, err).After; got != 10*time.Millisecond {
		t.Errorf("the slot is in %s, want 10ms", got)
	}
}

func TestConnectionsOfTwoIntegrationsShareNothing(t *testing.T) {
	w := newWorld(t)
	one := w.mustOpen(t, w.integration())
	two := w.mustOpen(t, w.integration(func(i *v1alpha1.Integration) { i.Name, i.UID = "other", "uid-2" }))
	one.Throttled(time.Minute)
	if one == two || two.Held() != nil {
		t.Error("a 429 of one Integration holds another one back")
	}
}

func TestClosedConnectionStaysForAnHour(t *testing.T) {
	w := newWorld(t)
	other := types.NamespacedName{Namespace: "team-a", Name: "other"}
	opened := w.mustOpen(t, w.integration())
	w.mustOpen(t, w.integration(func(i *v1alpha1.Integration) { i.Name, i.UID = other.Name, "uid-2" }))
	if w.Last(integrationName) != opened || w.Last(types.NamespacedName{Name: "never opened"}) != nil {
		t.Error("Last is not what was opened last")
	}
	w.Close(integrationName)
	w.clock.Step(closedRetention / 2)
	w.Close(integrationName) // the hour does not begin anew
	for _, step := range []struct {
		by   time.Duration
		want *Connection
	}{{closedRetention / 2, opened}, {time.Second, nil}} {
		w.clock.Step(step.by)
		w.Close(types.NamespacedName{Name: "any"})
		if got := w.Last(integrationName); got != step.want {
			t.Errorf("%s after it was closed Last = %p, want %p", w.clock.Since(start), got, step.want)
		}
	}
	if w.Last(other) == nil {
		t.Error("a connection that is open was dropped")
	}
}

func TestClosedConnectionsAreBoundedAndKeepNoMetadata(t *testing.T) {
	w := newWorld(t)
	closeOne := func(namespace string, number int) *Connection {
		name := types.NamespacedName{Namespace: namespace, Name: fmt.Sprintf("%d", number)}
		w.store.stored[types.NamespacedName{Namespace: namespace, Name: secretName.Name}] = w.store.stored[secretName]
		opened := w.mustOpen(t, w.integration(func(i *v1alpha1.Integration) { i.Namespace, i.Name = name.Namespace, name.Name }))
		w.SetMetadata(opened, providermetadata.New(providermetadata.NewProjects(), providermetadata.NewFields(time.Time{})))
		w.clock.Step(time.Millisecond)
		w.Close(name)
		return opened
	}
	neighbour := closeOne("team-b", 0)
	var last *Connection
	for number := range 10 * maxClosedOfNamespace {
		last = closeOne("team-a", number)
	}
	if got := len(w.open); got != maxClosedOfNamespace+1 {
		t.Errorf("%d connections are kept, want %d", got, maxClosedOfNamespace+1)
	}
	if w.Last(types.NamespacedName{Namespace: "team-b", Name: "0"}) != neighbour {
		t.Error("a namespace has dropped the connection of another one")
	}
	if w.Last(types.NamespacedName{Namespace: "team-a", Name: fmt.Sprintf("%d", 10*maxClosedOfNamespace-1)}) != last {
		t.Error("the connection that was closed last was dropped")
	}
	if last.Metadata() != nil || last.metadata.told.Load() != nil {
		t.Error("a closed connection keeps what its provider has")
	}
	for number := range maxClosed {
		last = closeOne(fmt.Sprintf("team-%d", number), 0)
	}
	if got := len(w.open); got != maxClosed {
		t.Errorf("%d connections are kept, want %d", got, maxClosed)
	}
	if w.Last(types.NamespacedName{Namespace: fmt.Sprintf("team-%d", maxClosed-1), Name: "0"}) != last {
		t.Error("the connection that was closed last was dropped")
	}
}

func TestMarkerTagsWakeTheIntegrationWhenTheyAreNews(t *testing.T) {
	w := newWorld(t)
	connection := w.mustOpen(t, w.integration())
	if got := connection.MarkerTags(); got != "" {
		t.Errorf("a new connection knows of marker tags: %q", got)
	}
	for _, step := range []struct {
		kept, news bool
		want       v1alpha1.MarkerTags
	}{
		{true, true, v1alpha1.MarkerTagsKept}, {true, false, v1alpha1.MarkerTagsKept},
		{false, true, v1alpha1.MarkerTagsDropped}, {false, false, v1alpha1.MarkerTagsDropped}, {true, true, v1alpha1.MarkerTagsKept},
	} {
		connection.SawMarker(step.kept)
		news := false
		select {
		case got := <-w.Rechecks():
			news = got.Object.GetName() == integrationName.Name
		default:
		}
		if got := connection.MarkerTags(); got != step.want || news != step.news {
			t.Errorf("%+v: marker tags %q, woken %t", step, got, news)
		}
	}
	if connection.RecheckAsked() {
		t.Error("news of marker tags put the token in doubt")
	}
}

func TestConnectionKeepsItsOwnCopyOfTheIntegration(t *testing.T) {
	w := newWorld(t)
	integration := w.integration()
	connection := w.mustOpen(t, integration)
	integration.Generation = 7
	if connection.Integration.GetGeneration() != 1 || connection.TokenVersion != "1" {
		t.Errorf("generation %d, token version %q, want 1 and 1", connection.Integration.GetGeneration(), connection.TokenVersion)
	}
}

func TestDoubtIsDeliveredAndNeverBlocks(t *testing.T) {
	w := newWorld(t)
	connection := w.mustOpen(t, w.integration())
	if connection.RecheckAsked() {
		t.Error("a new connection is in doubt")
	}
	capacity := cap(w.recheck)
	for range capacity + 10 {
		w.RequestRecheck(connection) // the test ends in a deadlock where this blocks
	}
	if !connection.RecheckAsked() {
		t.Error("the connection is not in doubt")
	}
	for range capacity {
		if got := (<-w.Rechecks()).Object; got.GetName() != integrationName.Name {
			t.Fatalf("delivered %q", got.GetName())
		}
	}
	connection.RecheckStarted()
	if connection.RecheckAsked() {
		t.Error("the doubt was answered")
	}
}

func TestSettingsOfAConnection(t *testing.T) {
	type settings struct {
		Request, Settle, Poll time.Duration
		Defaults              v1alpha1.TicketDefaults
	}
	defaults := v1alpha1.TicketDefaults{Project: "OPS", IssueType: "Incident", Creator: "bot@example.com"}
	for name, test := range map[string]struct {
		spec v1alpha1.IntegrationSpec
		want settings
	}{
		"nothing set": {want: settings{Request: 30 * time.Second, Settle: 2 * time.Minute, Poll: 5 * time.Minute}},
		"all set": {
			spec: v1alpha1.IntegrationSpec{
				RequestTimeout: &metav1.Duration{Duration: time.Second}, SettlePeriod: &metav1.Duration{Duration: time.Minute},
				PollInterval: &metav1.Duration{Duration: time.Hour}, Defaults: &defaults,
			},
			want: settings{Request: time.Second, Settle: time.Minute, Poll: time.Hour, Defaults: defaults},
		},
	} {
		connection := &Connection{Integration: &v1alpha1.Integration{Spec: test.spec}}
		got := settings{connection.RequestTimeout(), connection.SettlePeriod(), PollInterval(connection.Integration), connection.Defaults()}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// answers are so many of a provider that takes everything.
func answers(budget *Budget, count int) {
	for range count {
		budget.Answered()
	}
}

func TestBudgetWithoutRateLimitIsTenASecondAndTwentyAtOnce(t *testing.T) {
	w := newWorld(t)
	connection := w.mustOpen(t, w.integration(func(i *v1alpha1.Integration) { i.Spec.RateLimit = nil }))
	answers(connection.Budget, 1000)
	w.clock.Step(time.Minute)
	reservations(t, connection.Budget, 20)
	_, err := connection.Reserve(t.Context())
	if got := refusal(t, err).After; got != 100*time.Millisecond {
		t.Errorf("the slot is in %s, want 100ms", got)
	}
}

func TestLargeAnswersOfOneNamespaceWaitForEachOther(t *testing.T) {
	w := newWorld(t)
	received, done := w.haveAnswerWait(t)
	done()
	if err := <-received; err != nil {
		t.Error(err)
	}
}

func TestNoAnswerOfAnInterruptedRequestWaits(t *testing.T) {
	w := newWorld(t)
	received, done := w.haveAnswerWait(t)
	defer done()
	w.Interrupt(integrationName)
	if err := <-received; !errors.Is(err, ErrInterrupted) {
		t.Errorf("error = %v, want ErrInterrupted", err)
	}
}

func largeTicket(response http.ResponseWriter, _ *http.Request) {
	response.Header().Set("Content-Type", "application/json")
	_, _ = response.Write([]byte(`{"result": {"id": "1"}}` + strings.Repeat(" ", 1<<20)))
}

// haveAnswerWait has a large answer wait for another one of its namespace. It returns what comes of
// the request, and what ends the wait.
func (w *world) haveAnswerWait(t *testing.T) (received <-chan error, done func()) {
	t.Helper()
	w.answer = largeTicket
	connection := w.mustOpen(t, w.integration())
	another := types.NamespacedName{Namespace: integrationName.Namespace, Name: "another"}
	done, err := w.largeAnswers.of(another)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error)
	go func() {
		_, err := connection.GetTicket(t.Context(), "1")
		answered <- err
	}()
	for isWaiting := false; !isWaiting; runtime.Gosched() {
		select {
		case err := <-answered:
			t.Fatalf("the answer did not wait for the other one of its namespace: %v", err)
		default:
			w.largeAnswers.mu.Lock()
			isWaiting = w.largeAnswers.tenants[integrationName.Namespace].answers == 2
			w.largeAnswers.mu.Unlock()
		}
	}
	return answered, done
}

// An Integration may leave the shard of a process and come again.
func TestAConnectionThatIsUsedAgainStays(t *testing.T) {
	w := newWorld(t)
	connection := w.mustOpen(t, w.integration())
	w.Close(integrationName)
	w.mustOpen(t, w.integration())
	w.clock.Step(2 * time.Hour)
	w.Close(types.NamespacedName{Namespace: "team-b", Name: "other"}) // That drops those that were closed an hour ago.
	if w.Last(integrationName) != connection {
		t.Error("the connection in use was dropped")
	}
}

// missingNamespaces is an API server whose namespaces are gone.
type missingNamespaces struct{ client.Reader }

func (missingNamespaces) Get(_ context.Context, name types.NamespacedName, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, name.Name)
}

func TestANamespaceThatIsGoneIsNotAdmitted(t *testing.T) {
	cluster := &v1alpha1.ClusterIntegration{Spec: v1alpha1.ClusterIntegrationSpec{
		NamespaceSelector: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": "a"}},
	}}
	if admitted, err := Admits(t.Context(), missingNamespaces{}, cluster, "team-a"); admitted || err != nil {
		t.Errorf("Admits = %t, %v, want false and no error", admitted, err)
	}
}
