// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// canaryToken is the token of the tests' receiver. It must not appear in anything that a person can
// read.
const canaryToken = "canary-token-3f9a"

var platform = types.NamespacedName{Namespace: "monitoring", Name: "platform"}

// pathOf is where the alerts of a receiver go.
func pathOf(receiver types.NamespacedName) string {
	return (&v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Namespace: receiver.Namespace, Name: receiver.Name}}).EndpointPath()
}

// endpoint is a Server with an API server in memory.
type endpoint struct {
	*Server
	api     client.WithWatch
	handler http.Handler
	log     *strings.Builder

	// fail, if it is set, decides about each operation of the endpoint before it takes place.
	fail func(operation string, object client.Object) error
	// stale, if it is set, is what the cache has of an Incident.
	stale *v1alpha1.Incident

	mu         sync.Mutex
	now        time.Time
	operations []string
}

func testScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		panic(err)
	}
	return scheme
}

// newEndpoint is an endpoint with the receiver platform and its token, and with other objects.
func newEndpoint(t testing.TB, objects ...client.Object) *endpoint {
	t.Helper()
	e := &endpoint{now: noon, log: &strings.Builder{}}
	receiver := receiverWith(v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alertmanager-token", Key: "token"}})
	receiver.UID = "receiver-1"
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "alertmanager-token"},
		Data:       map[string][]byte{"token": []byte(canaryToken + "\n")},
	}
	e.api = fake.NewClientBuilder().WithScheme(testScheme()).WithObjects(append(objects, receiver, secret)...).
		WithStatusSubresource(&v1alpha1.AlertReceiver{}, &v1alpha1.Incident{}).Build()
	// The cache and the API server are told apart by the names of the operations.
	reader := func(prefix string) client.WithWatch {
		return interceptor.NewClient(e.api, interceptor.Funcs{
			Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
				if err := e.note(prefix+"get", object); err != nil {
					return err
				}
				if incident, isIncident := object.(*v1alpha1.Incident); isIncident && e.stale != nil && prefix == "cached " {
					e.stale.DeepCopyInto(incident)
					return nil
				}
				return api.Get(ctx, key, object, options...)
			},
			Create: func(ctx context.Context, api client.WithWatch, object client.Object, options ...client.CreateOption) error {
				if err := e.note("create", object); err != nil {
					return err
				}
				return api.Create(ctx, object, options...)
			},
			Patch: func(ctx context.Context, api client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
				if err := e.note("patch", object); err != nil {
					return err
				}
				return api.Patch(ctx, object, patch, options...)
			},
		})
	}
	server, err := New(Options{Client: reader("cached "), APIReader: reader("live "), Now: e.clock})
	if err != nil {
		t.Fatal(err)
	}
	e.Server, e.handler = server, server.Handler()
	return e
}

func (e *endpoint) note(verb string, object client.Object) error {
	operation := verb + " " + strings.TrimPrefix(strings.TrimPrefix(typeName(object), "*v1alpha1."), "*v1.")
	e.mu.Lock()
	e.operations = append(e.operations, operation)
	fail := e.fail
	e.mu.Unlock()
	if fail != nil {
		return fail(operation, object)
	}
	return nil
}

func typeName(object client.Object) string {
	switch object.(type) {
	case *v1alpha1.Incident:
		return "Incident"
	case *v1alpha1.AlertReceiver:
		return "AlertReceiver"
	default:
		return "Secret"
	}
}

func (e *endpoint) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

func (e *endpoint) later(by time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = e.now.Add(by)
}

// since are the operations since the last call that have one of these verbs.
func (e *endpoint) since(verbs ...string) (operations []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, operation := range e.operations {
		for _, verb := range verbs {
			if strings.HasPrefix(operation, verb+" ") && operation != "patch AlertReceiver" {
				operations = append(operations, operation)
			}
		}
	}
	e.operations = nil
	return operations
}

// post sends a notification with the token, and with the changes made to the request.
func (e *endpoint) post(receiver types.NamespacedName, body []byte, changes ...func(*http.Request)) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, pathOf(receiver), bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+canaryToken)
	for _, change := range changes {
		change(request)
	}
	logger := funcr.New(func(prefix, args string) { e.log.WriteString(prefix + " " + args + "\n") }, funcr.Options{Verbosity: 10})
	request = request.WithContext(log.IntoContext(request.Context(), logger))
	recorder := httptest.NewRecorder()
	e.handler.ServeHTTP(recorder, request)
	return recorder
}

func (e *endpoint) expectCode(t *testing.T, want int, response *httptest.ResponseRecorder) {
	t.Helper()
	if response.Code != want {
		t.Fatalf("got %d %q, want %d; the log:\n%s", response.Code, response.Body, want, e.log)
	}
}

// incidents are those of the namespace.
func (e *endpoint) incidents(t *testing.T) []v1alpha1.Incident {
	t.Helper()
	var list v1alpha1.IncidentList
	if err := e.api.List(t.Context(), &list, client.InNamespace(platform.Namespace)); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func (e *endpoint) incident(t *testing.T) *v1alpha1.Incident {
	t.Helper()
	incidents := e.incidents(t)
	if len(incidents) != 1 {
		t.Fatalf("there are %d incidents, want 1", len(incidents))
	}
	return &incidents[0]
}

func token(token string) func(*http.Request) {
	return func(request *http.Request) { request.Header.Set("Authorization", "Bearer "+token) }
}

func TestAnAlertBecomesAnIncidentOfItsReceiver(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))

	incident := e.incident(t)
	if want := incidentName("platform", diskFull); incident.Name != want {
		t.Errorf("the name is %s, want %s", incident.Name, want)
	}
	if diff := cmp.Diff(map[string]string{v1alpha1.ReceiverLabel: "platform"}, incident.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	owners := []metav1.OwnerReference{{APIVersion: "ticketing.synqly.com/v1alpha1", Kind: "AlertReceiver", Name: "platform", UID: "receiver-1"}}
	if diff := cmp.Diff(owners, incident.OwnerReferences); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if incident.Spec.ReceiverRef.Name != "platform" || len(incident.Spec.Alerts) != 1 {
		t.Errorf("the spec is %+v", incident.Spec)
	}

	for _, body := range recorded(t)[1:] {
		e.expectCode(t, http.StatusOK, e.post(platform, body))
	}
	want := map[string]v1alpha1.AlertStatus{"75660623fbaac4ea": v1alpha1.AlertResolved, "b4aad03e50e730dd": v1alpha1.AlertResolved}
	if diff := cmp.Diff(want, inShort(e.incident(t).Spec)); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestWhatIsRefusedIsNotWritten(t *testing.T) {
	tooLarge := append(hook(), bytes.Repeat([]byte(" "), maxBodyBytes)...)
	chunked := func(request *http.Request) { request.ContentLength = -1 }
	for name, test := range map[string]struct {
		receiver types.NamespacedName
		body     []byte
		change   func(*http.Request)
		want     int
	}{
		"no token":                          {platform, hook(), func(r *http.Request) { r.Header.Del("Authorization") }, http.StatusUnauthorized},
		"an empty token":                    {platform, hook(), token(""), http.StatusUnauthorized},
		"a wrong token":                     {platform, hook(), token("wrong"), http.StatusUnauthorized},
		"a part of the token":               {platform, hook(), token(canaryToken[:5]), http.StatusUnauthorized},
		"another scheme":                    {platform, hook(), func(r *http.Request) { r.SetBasicAuth("", canaryToken) }, http.StatusUnauthorized},
		"a receiver that does not exist":    {types.NamespacedName{Namespace: "monitoring", Name: "other"}, hook(), nil, http.StatusUnauthorized},
		"the namespace of another tenant":   {types.NamespacedName{Namespace: "other", Name: "platform"}, hook(), nil, http.StatusUnauthorized},
		"a name that cannot be":             {types.NamespacedName{Namespace: "monitoring", Name: "%2e%2e"}, hook(), nil, http.StatusUnauthorized},
		"a body that is no notification":    {platform, []byte("{}"), nil, http.StatusBadRequest},
		"another version":                   {platform, hook(set("version", "5")), nil, http.StatusBadRequest},
		"a body that is too large":          {platform, tooLarge, nil, http.StatusRequestEntityTooLarge},
		"a body that turns out too large":   {platform, tooLarge, chunked, http.StatusRequestEntityTooLarge},
		"a body with too many alerts":       {platform, listOf("{}"), nil, http.StatusRequestEntityTooLarge},
		"another method":                    {platform, hook(), func(r *http.Request) { r.Method = http.MethodPut }, http.StatusMethodNotAllowed},
		"another path":                      {platform, hook(), func(r *http.Request) { r.URL.Path = "/v1/alerts/monitoring" }, http.StatusNotFound},
		"a path below that of the receiver": {platform, hook(), func(r *http.Request) { r.URL.Path += "/more" }, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			change := test.change
			if change == nil {
				change = func(*http.Request) {}
			}
			response := e.post(test.receiver, test.body, change)
			e.expectCode(t, test.want, response)
			if writes := e.since("create", "patch"); len(writes) > 0 {
				t.Errorf("it wrote: %v", writes)
			}
			body := response.Body.String()
			if body == "" || strings.Contains(body, canaryToken) {
				t.Errorf("the body of the answer is %q", body)
			}
		})
	}
}

// Who has no token cannot find out which receivers there are.
func TestAReceiverThatDoesNotExistAnswersAsAWrongTokenDoes(t *testing.T) {
	for _, presented := range []string{"", "wrong", canaryToken} {
		exists, not := newEndpoint(t), newEndpoint(t)
		existing := exists.post(platform, hook(), token(presented+"-"))
		other := not.post(types.NamespacedName{Namespace: "monitoring", Name: "other"}, hook(), token(presented+"-"))
		one, two := existing.Body.String(), other.Body.String()
		if existing.Code != other.Code || one != two || cmp.Diff(existing.Header(), other.Header()) != "" {
			t.Errorf("one answers %d %q %v, the other %d %q %v", existing.Code, one, existing.Header(), other.Code, two, other.Header())
		}
		if one, two := exists.since("live get", "cached get"), not.since("live get", "cached get"); len(one) != len(two) {
			t.Errorf("one costs %v, the other %v", one, two)
		}
	}
}

func TestARepetitionCostsNoWrite(t *testing.T) {
	e := newEndpoint(t)
	for range 3 {
		e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[1]))
		e.later(4 * time.Hour)
	}
	if got, want := e.since("create", "patch"), []string{"create Incident"}; !cmp.Equal(got, want) {
		t.Errorf("it wrote %v, want %v", got, want)
	}
}

func TestResolvedAlertsOfAnIncidentThatWasNeverSeen(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[2]))
	if got := e.incidents(t); len(got) != 0 {
		t.Errorf("there are incidents: %v", got)
	}
}

func TestAnIncidentThatWasDeletedIsMadeAnew(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
	if err := e.api.Delete(t.Context(), e.incident(t)); err != nil {
		t.Fatal(err)
	}
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
	e.incident(t)
}

func conflict() error {
	return apierrors.NewConflict(schema.GroupResource{Resource: "incidents"}, "platform", errors.New("canary-label"))
}

// times fails so many operations of a name, and lets the others pass.
func times(count int, operation string, failure error) func(string, client.Object) error {
	return func(got string, _ client.Object) error {
		if got != operation || count == 0 {
			return nil
		}
		count--
		return failure
	}
}

func TestAWriteThatWasOvertakenIsRepeated(t *testing.T) {
	notFound := apierrors.NewNotFound(schema.GroupResource{Resource: "incidents"}, "platform")
	for name, test := range map[string]struct {
		fail func(string, client.Object) error
		want []string
	}{
		"by another replica":                 {times(2, "patch Incident", conflict()), []string{"cached get Incident", "patch Incident", "live get Incident", "patch Incident", "live get Incident", "patch Incident"}},
		"by a creation that the cache lacks": {times(1, "cached get Incident", notFound), []string{"cached get Incident", "create Incident", "live get Incident", "patch Incident"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
			e.since()
			e.fail = test.fail
			e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[1]))
			var got []string
			for _, operation := range e.since("cached get", "live get", "create", "patch") {
				if strings.HasSuffix(operation, "Incident") {
					got = append(got, operation)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
			if got := len(e.incident(t).Spec.Alerts); got != 2 {
				t.Errorf("%d alerts are stored, want 2", got)
			}
		})
	}
}

func TestAStaleCacheUndoesNothing(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
	e.stale = e.incident(t)
	other := hook(setInAlert("fingerprint", "other"), setInAlert("labels", map[string]any{"alertname": "DiskFull", "instance": "c"}))
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[1]))
	e.expectCode(t, http.StatusOK, e.post(platform, other))
	want := map[string]v1alpha1.AlertStatus{"75660623fbaac4ea": v1alpha1.AlertFiring, "b4aad03e50e730dd": v1alpha1.AlertFiring, "other": v1alpha1.AlertFiring}
	if diff := cmp.Diff(want, inShort(e.incident(t).Spec)); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeStoredIsToBeRepeated(t *testing.T) {
	unavailable := apierrors.NewServiceUnavailable("canary-label")
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "Incident"}, "platform", field.ErrorList{field.Invalid(field.NewPath("spec"), "canary-label", "too long")})
	for name, fail := range map[string]func(string, client.Object) error{
		"the API server is away":         times(9, "create Incident", unavailable),
		"the API server does not answer": times(9, "create Incident", context.DeadlineExceeded),
		"the API server refuses it":      times(9, "create Incident", invalid),
		"others write all the time":      times(99, "create Incident", conflict()),
		"the cache is not there":         times(9, "cached get Incident", errors.New("the cache is not started")),
		"the Secret cannot be read":      times(9, "live get Secret", unavailable),
		"the receiver cannot be read":    times(9, "cached get AlertReceiver", unavailable),
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			e.fail = fail
			response := e.post(platform, recorded(t)[0])
			e.expectCode(t, http.StatusServiceUnavailable, response)
			if response.Header().Get("Retry-After") == "" {
				t.Error("it does not say when to try again")
			}
			if logged := e.log.String(); !strings.Contains(logged, "a notification was not stored") || strings.Contains(logged, "canary") {
				t.Errorf("the log is:\n%s", logged)
			}
			e.fail = nil
			e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
			e.incident(t)
		})
	}
}

// Somebody who reads the answer must not look for a mistake in the token.
func TestOverloadIsNoFaultOfTheToken(t *testing.T) {
	const overloaded = "too many requests at the same time"
	for name, test := range map[string]struct {
		prepare func(*endpoint)
		want    string
	}{
		"too many tokens are read": {func(e *endpoint) { e.tokens.limiter.AllowN(e.clock(), tokenReadBurst) }, overloaded},
		"the API server has too much": {func(e *endpoint) {
			e.fail = times(1, "live get Secret", apierrors.NewTooManyRequests("canary-label", 1))
		}, overloaded},
		"the API server is late":     {func(e *endpoint) { e.fail = times(1, "live get Secret", context.DeadlineExceeded) }, overloaded},
		"the API server has no time": {func(e *endpoint) { e.fail = times(1, "live get Secret", apierrors.NewTimeoutError("canary-label", 1)) }, overloaded},
		"the operator may not read it": {func(e *endpoint) {
			e.fail = times(1, "live get Secret", apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "canary-label", nil))
		}, "The token cannot be checked now."},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			test.prepare(e)
			response := e.post(platform, hook())
			e.expectCode(t, http.StatusServiceUnavailable, response)
			if body := response.Body.String(); !strings.Contains(body, test.want) || strings.Contains(body, "canary") {
				t.Errorf("the answer is %q, want %q", body, test.want)
			}
			if response.Header().Get("Retry-After") == "" {
				t.Error("it does not say when to try again")
			}
		})
	}
}

// What is left out of a notification is lost, so nobody should be told to have it left out.
func TestANotificationThatIsTooLargeSaysWhatHelps(t *testing.T) {
	response := newEndpoint(t).post(platform, append(hook(), bytes.Repeat([]byte(" "), maxBodyBytes)...))
	if body := response.Body.String(); !strings.Contains(body, "at most 10 MiB") || !strings.Contains(body, "group by more labels") || strings.Contains(body, "max_alerts") {
		t.Errorf("the answer is %q", body)
	}
}

func TestANotificationForAnIncidentThatIsBeingDeletedIsToBeRepeated(t *testing.T) {
	deleted := metav1.NewTime(noon)
	e := newEndpoint(t, &v1alpha1.Incident{ObjectMeta: metav1.ObjectMeta{
		Namespace: "monitoring", Name: incidentName("platform", diskFull), DeletionTimestamp: &deleted, Finalizers: []string{"foregroundDeletion"},
	}})
	e.expectCode(t, http.StatusServiceUnavailable, e.post(platform, recorded(t)[0]))
}

// The garbage collector removes an Incident together with a former receiver of the same name.
func TestAnIncidentBelongsToTheReceiverThatThereIs(t *testing.T) {
	e := newEndpoint(t)
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
	incident := e.incident(t)
	incident.OwnerReferences[0].UID = "receiver-0"
	if err := e.api.Update(t.Context(), incident); err != nil {
		t.Fatal(err)
	}
	e.expectCode(t, http.StatusOK, e.post(platform, recorded(t)[0]))
	if owners := e.incident(t).OwnerReferences; len(owners) != 1 || owners[0].UID != "receiver-1" {
		t.Errorf("the owners are %v", owners)
	}
}

func TestTooMuchAtOnceIsToBeRepeated(t *testing.T) {
	large := append(hook(), bytes.Repeat([]byte(" "), smallBodyBytes)...)
	for name, test := range map[string]struct {
		fill func(*endpoint) bool
		body []byte
		want int
	}{
		"all slots":                        {func(e *endpoint) bool { return fill(e.requests, "a", "b", "c", "d") }, hook(), http.StatusServiceUnavailable},
		"all slots of the namespace":       {func(e *endpoint) bool { return fill(e.requests, "monitoring") }, hook(), http.StatusServiceUnavailable},
		"all slots of another namespace":   {func(e *endpoint) bool { return fill(e.requests, "other") }, hook(), http.StatusOK},
		"the large ones, a large one":      {func(e *endpoint) bool { return fill(e.large, "a", "b") }, large, http.StatusServiceUnavailable},
		"a large one of the namespace":     {func(e *endpoint) bool { return fill(e.large, "monitoring") }, large, http.StatusServiceUnavailable},
		"the large ones, a small one":      {func(e *endpoint) bool { return fill(e.large, "a", "b") }, hook(), http.StatusOK},
		"a large one of another namespace": {func(e *endpoint) bool { return fill(e.large, "other") }, large, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			if !test.fill(e) {
				t.Fatal("there are no slots to fill")
			}
			response := e.post(platform, test.body)
			e.expectCode(t, test.want, response)
			if test.want == http.StatusServiceUnavailable && response.Header().Get("Retry-After") == "" {
				t.Error("it does not say when to try again")
			}
		})
	}
}

// fill takes all slots of these keys.
func fill(s *slots, keys ...string) (filled bool) {
	for _, key := range keys {
		for {
			if _, taken := s.take(key); !taken {
				break
			}
			filled = true
		}
	}
	return filled
}

func TestSlotsAreGivenBack(t *testing.T) {
	e := newEndpoint(t)
	large := append(hook(), bytes.Repeat([]byte(" "), smallBodyBytes)...)
	for range 2 * requestsAtOnce {
		for _, request := range []struct {
			body  []byte
			token string
		}{{large, canaryToken}, {hook(), canaryToken}, {[]byte("{}"), canaryToken}, {hook(), "wrong"}} {
			if code := e.post(platform, request.body, token(request.token)).Code; code == http.StatusServiceUnavailable {
				t.Fatalf("got %d", code)
			}
		}
	}
	if e.requests.taken != 0 || e.large.taken != 0 || len(e.requests.byKey) != 0 || len(e.large.byKey) != 0 {
		t.Errorf("slots are still taken: %+v %+v", e.requests, e.large)
	}
}

// brokenBody is a sender that goes away.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (brokenBody) Close() error             { return nil }

func TestABodyThatDoesNotArriveIsToBeRepeated(t *testing.T) {
	e := newEndpoint(t)
	response := e.post(platform, hook(), func(request *http.Request) { request.Body = brokenBody{} })
	e.expectCode(t, http.StatusServiceUnavailable, response)
}

func TestTheTimeOfTheLatestNotification(t *testing.T) {
	e := newEndpoint(t)
	lastNotification := func() time.Time {
		var receiver v1alpha1.AlertReceiver
		if err := e.api.Get(t.Context(), platform, &receiver); err != nil {
			t.Fatal(err)
		}
		if receiver.Status.LastNotification == nil {
			return time.Time{}
		}
		return receiver.Status.LastNotification.Time
	}
	e.post(platform, hook(), token("wrong"))
	e.post(platform, []byte("{}"))
	if got := lastNotification(); !got.IsZero() {
		t.Fatalf("what was refused counts, at %s", got)
	}
	for _, test := range []struct {
		after time.Duration
		want  time.Time
	}{{0, noon}, {59 * time.Second, noon}, {time.Second, noon.Add(time.Minute)}} {
		e.later(test.after)
		e.expectCode(t, http.StatusOK, e.post(platform, hook()))
		if got := lastNotification(); !got.Equal(test.want) {
			t.Errorf("it is %s, want %s", got, test.want)
		}
	}
}

func TestNotificationsAreCountedByReceiverAndCode(t *testing.T) {
	e := newEndpoint(t)
	forgetNotifications(platform)
	before := counted(t)
	e.post(platform, hook())
	e.post(platform, hook())
	e.post(platform, []byte("{}"))
	e.post(platform, hook(), token("wrong"))
	e.post(types.NamespacedName{Namespace: "made", Name: "up"}, hook())
	for series, want := range map[string]float64{"monitoring/platform 200": 2, "monitoring/platform 400": 1, "/ 401": 2} {
		if got := counted(t)[series] - before[series]; got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	forgetNotifications(platform)
	for series := range counted(t) {
		if strings.HasPrefix(series, "monitoring/platform ") {
			t.Errorf("there is still a series for %s", series)
		}
	}
}
