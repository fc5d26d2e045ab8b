// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package connection holds what all objects of an Integration share: the client with its token, and
// the request budget.
package connection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Options configure Connections.
type Options struct {
	// ClusterNamespace is where the Secrets of ClusterIntegrations are. Where it is empty,
	// ClusterIntegrations are not served.
	ClusterNamespace string
	// Secrets reads Secrets. It must not be backed by a cache: the operator may only get Secrets,
	// not list or watch them.
	Secrets client.Reader
	// Clock for the budgets; the real one when nil.
	Clock clock.Clock
	// AllowInsecureHTTP permits http:// base URLs.
	AllowInsecureHTTP bool
	// UserAgent of all requests.
	UserAgent string
	// Transport carries all requests; one that connects to public addresses alone when nil.
	Transport http.RoundTripper
}

// Connections are the open connections of this process, one per Integration.
type Connections struct {
	options Options
	recheck chan event.GenericEvent
	// metadataChanges are those of MetadataChanges.
	metadataChanges chan event.GenericEvent
	largeAnswers    *largeAnswers

	mu   sync.Mutex
	open map[types.NamespacedName]*Connection
}

// New returns Connections without any connection.
func New(options Options) *Connections {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Transport == nil {
		options.Transport = synqly.NewTransport(synqly.Destinations{})
	}
	return &Connections{
		options:         options,
		recheck:         make(chan event.GenericEvent, 1024),
		metadataChanges: make(chan event.GenericEvent, 1024),
		largeAnswers:    newLargeAnswers(),
		open:            map[types.NamespacedName]*Connection{},
	}
}

// ServesClusterIntegrations reports whether this process serves ClusterIntegrations at all.
func (c *Connections) ServesClusterIntegrations() bool { return c.options.ClusterNamespace != "" }

// Connection is an open connection: a client with the token and the settings of one generation of
// an Integration. It is never changed; a new generation or a new token makes a new one, which keeps
// the budget.
type Connection struct {
	*synqly.Client
	*Budget

	// Integration is the object that the connection was made from. It must not be changed.
	Integration Integration
	// TokenVersion is the resourceVersion of the Secret that the token is from.
	TokenVersion string

	token        string
	transport    *interruptible
	remote       *remoteClock
	enqueue      func()
	recheckAsked atomic.Bool
	markers      atomic.Value // v1alpha1.MarkerTags
	ownUser      atomic.Value // string
	polling      atomic.Pointer[v1alpha1.PollingStatus]
	pollingTold  atomic.Pointer[v1alpha1.PollingStatus]
	metadata     metadata
	closed       time.Time // guarded by Connections.mu
}

// RequestTimeout is how long one request may take.
func (c *Connection) RequestTimeout() time.Duration { return RequestTimeout(c.Integration) }

const (
	// workTimeouts and workRequests bound the work on one object, or for one poll, see WorkTimeout:
	// so many requests may hang until their timeout, and so many may wait for the budget, one for
	// each page of the longest list.
	workTimeouts = 4
	workRequests = 1000
)

// WorkTimeout is how long a reconcile may hold a worker: four times the requestTimeout, and the
// time that the rateLimit takes for the pages of the longest list.
func (c *Connection) WorkTimeout() time.Duration {
	return workTimeouts*c.RequestTimeout() + workRequests*time.Second/time.Duration(max(1, RateLimit(c.Integration).RequestsPerSecond))
}

// SettlePeriod is how long a lost create may still appear remotely.
func (c *Connection) SettlePeriod() time.Duration { return SettlePeriod(c.Integration) }

// Defaults are the Integration's values for what a Ticket leaves out.
func (c *Connection) Defaults() v1alpha1.TicketDefaults {
	if c.Integration.ConnectionSpec().Defaults == nil {
		return v1alpha1.TicketDefaults{}
	}
	return *c.Integration.ConnectionSpec().Defaults
}

// RequestTimeout is how long one request of an Integration may take.
func RequestTimeout(integration Integration) time.Duration {
	if integration.ConnectionSpec().RequestTimeout == nil {
		return 30 * time.Second
	}
	return integration.ConnectionSpec().RequestTimeout.Duration
}

// SettlePeriod is how long a lost create may still appear remotely through an Integration.
func SettlePeriod(integration Integration) time.Duration {
	if integration.ConnectionSpec().SettlePeriod == nil {
		return 2 * time.Minute
	}
	return integration.ConnectionSpec().SettlePeriod.Duration
}

// SecretError says that the token cannot be had: the Secret, or its key, is not there, or reading
// it failed.
type SecretError struct {
	// Secret and Key are where the token should be.
	Secret types.NamespacedName
	Key    string
	// OfCluster: the token is a ClusterIntegration's, so the Secret is in another namespace than
	// the objects that show the message.
	OfCluster bool
	// Err is the cause; nil where the Secret exists and has no such key.
	Err error
}

func (e *SecretError) Error() string {
	secret, there := fmt.Sprintf("Secret %q", e.Secret.Name), "this namespace"
	if e.OfCluster {
		secret, there = fmt.Sprintf("Secret %q in the namespace %q", e.Secret.Name, e.Secret.Namespace), "that namespace"
	}
	switch {
	case e.Err == nil:
		return fmt.Sprintf("%s has no key %q with the integration token: add it, or correct tokenSecretRef", secret, e.Key)
	case apierrors.IsNotFound(e.Err):
		return fmt.Sprintf("%s does not exist: create it with the integration token in the key %q", secret, e.Key)
	case apierrors.IsForbidden(e.Err):
		return fmt.Sprintf("the operator is not allowed to read %s: grant its service account the verb get on secrets in %s", secret, there)
	}
	return fmt.Sprintf("reading %s: %v", secret, e.Err)
}

func (e *SecretError) Unwrap() error { return e.Err }

// Temporary reports whether the API server failed, rather than said that there is no such Secret or
// that it may not be read.
func (e *SecretError) Temporary() bool {
	return e.Err != nil && !apierrors.IsNotFound(e.Err) && !apierrors.IsForbidden(e.Err)
}

// NotReadyError says that objects cannot use an Integration now.
type NotReadyError struct {
	Integration types.NamespacedName
	// Reason and Message are those of its Ready condition; empty where it has none yet.
	Reason, Message string
}

func (e *NotReadyError) Error() string {
	if e.Reason == "" {
		return Describe(e.Integration) + " has not been checked yet"
	}
	return e.Cause() + ": " + e.Message
}

// Cause is the begin of the error's text, without the message.
func (e *NotReadyError) Cause() string {
	return fmt.Sprintf("%s is not ready (%s)", Describe(e.Integration), e.Reason)
}

// For returns the connection that an object uses. An Integration that is Ready has one, or gets one
// here after a restart, when objects may come first; for any other the error is a *NotReadyError.
// So a Secret that is missing is looked for by its Integration alone.
func (c *Connections) For(ctx context.Context, integration Integration) (*Connection, error) {
	name := client.ObjectKeyFromObject(integration)
	ready := meta.FindStatusCondition(integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.ObservedGeneration != integration.GetGeneration():
		return nil, &NotReadyError{Integration: name}
	case ready.Status != "True":
		return nil, &NotReadyError{Integration: name, Reason: ready.Reason, Message: ready.Message}
	}
	if connection := c.current(name); connection != nil && connection.madeFrom(integration) {
		return connection, nil
	}
	connection, err := c.Open(ctx, integration)
	var missing *SecretError
	var settings *synqly.ConfigurationError
	switch {
	// Where the API server failed, the Integration stays Ready and nothing would enqueue the
	// object, so that is not for it to wait for.
	case errors.As(err, &missing) && !missing.Temporary():
		return nil, &NotReadyError{Integration: name, Reason: v1alpha1.ReasonSecretNotFound, Message: missing.Error()}
	case errors.As(err, &settings):
		// What was Ready may not be under a manager with other flags. Its Integration says so.
		return nil, &NotReadyError{Integration: name, Reason: v1alpha1.ReasonInvalidConfiguration, Message: settings.Error()}
	}
	return connection, err
}

// Open reads the token and returns the connection for this generation of the Integration and this
// token: the one that is open, or a new one. Errors are a *SecretError or a
// *synqly.ConfigurationError.
func (c *Connections) Open(ctx context.Context, integration Integration) (*Connection, error) {
	token, version, err := c.readToken(ctx, integration)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name := client.ObjectKeyFromObject(integration)
	before := c.open[name]
	if before != nil && before.madeFrom(integration) && before.token == token {
		before.closed = time.Time{} // It may have left the objects of this process, and come again.
		return before, nil
	}
	budget, remote, transport := c.budgetFor(integration, token, before), remoteClockOf(integration, before), newInterruptible(c.options.Transport)
	connection := &Connection{Budget: budget, Integration: copyOf(integration), TokenVersion: version, token: token, transport: transport, remote: remote}
	connection.enqueue = func() { c.enqueue(connection.Integration) }
	connection.Client, err = synqly.NewClient(synqly.Options{
		BaseURL:           integration.ConnectionSpec().BaseURL,
		Token:             token,
		RequestTimeout:    RequestTimeout(integration),
		Transport:         transport,
		AllowInsecureHTTP: c.options.AllowInsecureHTTP,
		UserAgent:         c.options.UserAgent,
		AdmitLarge:        c.largeAnswers.of(name),
		Pacer: pacer{
			budget: budget, transport: transport, remote: remote, clock: c.options.Clock, integration: name, down: connection.enqueue,
		},
	})
	if err != nil {
		return nil, err
	}
	c.open[name] = connection
	if before != nil {
		before.transport.close()
	}
	return connection, nil
}

// Last returns the connection of an Integration that was opened last, whatever has become of the
// Integration and its Secret since, or nil.
func (c *Connections) Last(name types.NamespacedName) *Connection {
	return c.current(name)
}

// Interrupt gives up what is under way on the connection of an Integration, because the Integration
// was changed or is being deleted. Nobody has to wait for a provider that the Integration no longer
// names. It never blocks.
func (c *Connections) Interrupt(name types.NamespacedName) {
	if connection := c.current(name); connection != nil {
		connection.transport.interrupt()
	}
}

// Close notes that an Integration is gone. Its connection stays for an hour, for objects that are
// still to be removed remotely, unless many others have gone since. What the provider has is
// forgotten at once: no removal needs it, and it may be large.
func (c *Connections) Close(name types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.Clock.Now()
	if connection := c.open[name]; connection != nil && connection.closed.IsZero() {
		connection.closed = now
		connection.metadata.forget()
	}
	forgetRequests(name)
	c.dropClosed(now)
}

const (
	// closedRetention is how long the connection of an Integration that is gone is kept.
	closedRetention = time.Hour
	// maxClosedOfNamespace and maxClosed bound how many are: of one namespace, so that who makes
	// and deletes Integrations in a loop drops but their own, and in all.
	maxClosedOfNamespace = 10
	maxClosed            = 500
)

// dropClosed keeps the connections that were closed last. c.mu must be held.
func (c *Connections) dropClosed(now time.Time) {
	var closed []types.NamespacedName
	for name, connection := range c.open {
		if !connection.closed.IsZero() {
			closed = append(closed, name)
		}
	}
	slices.SortFunc(closed, func(a, b types.NamespacedName) int { return c.open[b].closed.Compare(c.open[a].closed) })
	kept, keptOf := 0, map[string]int{}
	for _, name := range closed {
		if now.Sub(c.open[name].closed) > closedRetention || kept == maxClosed || keptOf[name.Namespace] == maxClosedOfNamespace {
			delete(c.open, name)
			forgetRequests(name)
			continue
		}
		kept++
		keptOf[name.Namespace]++
	}
}

// RequestRecheck asks the Integration's controller to read the token again and to check the
// connection, because an object was refused with it. It never blocks: with a full queue a check is
// due anyway.
func (c *Connections) RequestRecheck(connection *Connection) {
	connection.recheckAsked.Store(true)
	c.enqueue(connection.Integration)
}

// enqueue reconciles the Integration.
func (c *Connections) enqueue(integration Integration) {
	select {
	case c.recheck <- event.GenericEvent{Object: integration}:
	default:
	}
}

// SawMarker notes whether a ticket that was created with a marker tag came back with it. News of it
// enqueues the Integration.
func (c *Connection) SawMarker(kept bool) {
	markers := v1alpha1.MarkerTagsDropped
	if kept {
		markers = v1alpha1.MarkerTagsKept
	}
	if c.markers.Swap(markers) != markers {
		c.enqueue()
	}
}

// SawMarkersRefused notes that a ticket was created without marker tags that was refused with them.
func (c *Connection) SawMarkersRefused() {
	if c.markers.Swap(v1alpha1.MarkerTagsRefused) != v1alpha1.MarkerTagsRefused {
		c.enqueue()
	}
}

// Marks reports whether tickets are created with marker tags.
func (c *Connection) Marks() bool {
	markers := c.MarkerTags()
	if markers == "" {
		markers = c.Integration.ConnectionStatus().MarkerTags
	}
	return c.Integration.ConnectionSpec().Tagging != v1alpha1.TaggingNever && markers != v1alpha1.MarkerTagsRefused
}

// MarkerTags is what became of marker tags, as far as this connection knows; empty where it does
// not.
func (c *Connection) MarkerTags() v1alpha1.MarkerTags {
	markers, _ := c.markers.Load().(v1alpha1.MarkerTags)
	return markers
}

// SawOwnUser notes who the provider says has created something that this process created without
// naming a creator: the user that the token belongs to.
func (c *Connection) SawOwnUser(creator string) {
	if creator != "" {
		c.ownUser.Store(creator)
	}
}

// OwnUser is what SawOwnUser was called with last, empty where nothing has told.
func (c *Connection) OwnUser() string {
	user, _ := c.ownUser.Load().(string)
	return user
}

// SetPolling notes how remote changes are looked for. News of it enqueues the Integration for its
// controller, which shows it.
func (c *Connection) SetPolling(polling v1alpha1.PollingStatus) {
	if before := c.polling.Swap(&polling); before == nil || *before != polling {
		c.enqueue()
	}
}

// Polling is what SetPolling was called with last, or nil.
func (c *Connection) Polling() *v1alpha1.PollingStatus { return c.polling.Load().DeepCopy() }

// PollingNews is the same where the status has not been told of it yet by this process, else nil.
// What is no news is not written again over what another process has found out: two of them, of
// which one has lost the lease and does not know yet, would write in turn for ever.
func (c *Connection) PollingNews() *v1alpha1.PollingStatus {
	latest, told := c.polling.Load(), c.pollingTold.Load()
	if latest != nil && told != nil && *latest == *told {
		return nil
	}
	return latest.DeepCopy()
}

// PollingTold notes what a status shows that was written just now.
func (c *Connection) PollingTold(shown *v1alpha1.PollingStatus) {
	if latest := c.polling.Load(); latest != nil && shown != nil && *latest == *shown {
		c.pollingTold.Store(latest)
	}
}

// RecheckAsked reports whether an object was refused since the connection was checked.
func (c *Connection) RecheckAsked() bool { return c.recheckAsked.Load() }

// RecheckStarted is called before the connection is checked.
func (c *Connection) RecheckStarted() { c.recheckAsked.Store(false) }

// Rechecks delivers what RequestRecheck was called with.
func (c *Connections) Rechecks() <-chan event.GenericEvent {
	return c.recheck
}

func (c *Connections) current(name types.NamespacedName) *Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[name]
}

func (c *Connection) madeFrom(integration Integration) bool {
	return c.isSame(integration) && c.Integration.GetGeneration() == integration.GetGeneration()
}

// budgetFor keeps the budget, and with it a hold that the provider asked for, over changes of the
// token and of the spec, but for those of the provider; and where the Integration was deleted and
// made again with the same token, which is all that the provider knows it by.
func (c *Connections) budgetFor(integration Integration, token string, before *Connection) *Budget {
	limit := RateLimit(integration)
	if before == nil || !before.asksTheSame(integration) || !before.isSame(integration) && before.token != token {
		return NewCautiousBudget(c.options.Clock, limit.RequestsPerSecond, limit.Burst)
	}
	before.SetRate(limit.RequestsPerSecond, limit.Burst)
	return before.Budget
}

func (c *Connection) isSame(integration Integration) bool {
	return c.Integration.GetUID() == integration.GetUID()
}

// asksTheSame reports whether the Integration's provider is that of the connection.
func (c *Connection) asksTheSame(integration Integration) bool {
	return c.Integration.ConnectionSpec().BaseURL == integration.ConnectionSpec().BaseURL
}

// remoteClockOf keeps what is known of the remote API's clock while it is the same API.
func remoteClockOf(integration Integration, before *Connection) *remoteClock {
	if before == nil || !before.asksTheSame(integration) {
		return &remoteClock{}
	}
	return before.remote
}

// secretNamespace is where the Secret of an Integration is.
func (c *Connections) secretNamespace(integration Integration) string {
	if IsCluster(client.ObjectKeyFromObject(integration)) {
		return c.options.ClusterNamespace
	}
	return integration.GetNamespace()
}

func (c *Connections) readToken(ctx context.Context, integration Integration) (token, version string, err error) {
	ref := integration.ConnectionSpec().TokenSecretRef
	if ref.Key == "" {
		ref.Key = v1alpha1.DefaultTokenKey
	}
	name, ofCluster := types.NamespacedName{Namespace: c.secretNamespace(integration), Name: ref.Name}, IsCluster(client.ObjectKeyFromObject(integration))
	var secret corev1.Secret
	if err := c.options.Secrets.Get(ctx, name, &secret); err != nil {
		return "", "", &SecretError{Secret: name, Key: ref.Key, OfCluster: ofCluster, Err: err}
	}
	// Secrets made from files usually end in a line feed, which no header takes.
	token = strings.TrimSpace(string(secret.Data[ref.Key]))
	if token == "" {
		return "", "", &SecretError{Secret: name, Key: ref.Key, OfCluster: ofCluster}
	}
	return token, secret.ResourceVersion, nil
}

// RateLimit is the request budget of an Integration.
func RateLimit(integration Integration) v1alpha1.RateLimit {
	if integration.ConnectionSpec().RateLimit == nil {
		return v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 20}
	}
	return *integration.ConnectionSpec().RateLimit
}

// PollInterval is how often remote changes are looked for, and the connection is checked.
func PollInterval(integration Integration) time.Duration {
	if integration.ConnectionSpec().PollInterval == nil {
		return 5 * time.Minute
	}
	return integration.ConnectionSpec().PollInterval.Duration
}

// WithJitter makes an interval up to a tenth longer. It keeps what is done for Integrations that
// were made together from being done together for ever.
func WithJitter(interval time.Duration) time.Duration {
	return interval + time.Duration(rand.Float64()*0.1*float64(interval)) // #nosec G404 -- spreads load, guards nothing
}
