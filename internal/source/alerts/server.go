// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/net/netutil"
	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/shard"
)

const (
	// A sender has so long for its headers and for the whole request, and the answer takes so long
	// at most. Alertmanager waits for as long as group_interval.
	headerTimeout  = 5 * time.Second
	readTimeout    = 20 * time.Second
	handleTimeout  = 25 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 90 * time.Second
	maxHeaderBytes = 16 << 10
	maxConnections = 512
	// shutdownTimeout is how long requests that are under way may take when the manager ends.
	shutdownTimeout = 3 * time.Second
	// retryAfter is when a sender may try again, in seconds.
	retryAfter = 5
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=alertreceivers,verbs=get;list;watch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=alertreceivers/status,verbs=patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=incidents,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

// Options are what a Server needs.
type Options struct {
	// Address to listen on.
	Address string
	// CertFile and KeyFile are those of the certificate, which is read again when they change.
	// Without them the endpoint is not encrypted.
	CertFile, KeyFile string
	// Client reads AlertReceivers and Incidents from the cache, and APIReader from the API server.
	Client    client.Client
	APIReader client.Reader
	// Informers say when an AlertReceiver is gone.
	Informers cache.Informers
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Shard is what this process sees of the objects.
	Shard shard.Shard
}

// Server is the endpoint. Every replica serves it, leader or not.
type Server struct {
	options  Options
	tokens   *tokens
	store    store
	statuses *statuses
	requests *slots
	large    *slots
	// logs bounds the lines about notifications that were not stored: in a storm there may be many.
	logs *rate.Limiter
	// listening is set while the endpoint takes requests.
	listening atomic.Bool
}

// New makes a Server that listens once it is started.
func New(options Options) (*Server, error) {
	if (options.CertFile == "") != (options.KeyFile == "") {
		return nil, errors.New("TLS needs both the file of the certificate and that of its key")
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Server{
		options:  options,
		tokens:   newTokens(options.Client, options.APIReader, options.Shard, options.Now),
		store:    store{client: options.Client, live: options.APIReader, shard: options.Shard},
		statuses: newStatuses(options.Client, options.Now),
		requests: newSlots(requestsAtOnce, tenantRequestsAtOnce),
		large:    newSlots(largeAtOnce, tenantLargeAtOnce),
		logs:     rate.NewLimiter(1, 10),
	}, nil
}

// NeedLeaderElection says that every replica serves the endpoint.
func (*Server) NeedLeaderElection() bool { return false }

// Ready is a check for the manager's readiness: no sender should be sent here earlier.
func (s *Server) Ready(*http.Request) error {
	if !s.listening.Load() {
		return errors.New("the endpoint for alerts does not listen yet")
	}
	return nil
}

// Start serves until the context ends.
func (s *Server) Start(ctx context.Context) error {
	if err := s.watch(ctx); err != nil {
		return fmt.Errorf("watching AlertReceivers and Incidents: %w", err)
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return fmt.Errorf("listening for alerts: %w", err)
	}
	logger := log.FromContext(ctx).WithName("alerts")
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logr.ToSlogHandler(logger), slog.LevelInfo),
	}
	logger.Info("listening for alerts", "address", listener.Addr().String(), "tls", s.options.CertFile != "")
	s.listening.Store(true)
	var ending sync.WaitGroup
	ending.Go(func() {
		<-ctx.Done()
		s.listening.Store(false)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
		}
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving alerts: %w", err)
	}
	ending.Wait()
	return nil
}

// listen listens on the address, with the certificate if there is one.
func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.options.Address)
	if err != nil {
		return nil, err
	}
	listener = netutil.LimitListener(listener, maxConnections)
	if s.options.CertFile == "" {
		return listener, nil
	}
	watcher, err := certwatcher.New(s.options.CertFile, s.options.KeyFile)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the certificate: %w", err), listener.Close())
	}
	go func() {
		if err := watcher.Start(ctx); err != nil {
			log.FromContext(ctx).Error(err, "the certificate of the endpoint for alerts is not read again")
		}
	}()
	return tls.NewListener(listener, &tls.Config{GetCertificate: watcher.GetCertificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}), nil
}

// Handler answers requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/alerts/{namespace}/{receiver}", func(response http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), handleTimeout)
		defer cancel()
		name := types.NamespacedName{Namespace: request.PathValue("namespace"), Name: request.PathValue("receiver")}
		authorized, answer := s.receive(ctx, name, response, request)
		countNotification(authorized, answer.code)
		if answer.code == http.StatusServiceUnavailable && s.logs.AllowN(s.options.Now(), 1) {
			log.FromContext(ctx).WithName("alerts").Info("a notification was not stored, so the sender has to repeat it",
				"namespace", authorized.Namespace, "receiver", authorized.Name, "reason", answer.reason())
		}
		answer.write(response)
	})
	return mux
}

// answer is the answer to a notification.
type answer struct {
	code int
	// sentence is for the sender.
	sentence string
	// err is the cause, for the log.
	err error
}

func unavailable(sentence string, err error) answer {
	return answer{code: http.StatusServiceUnavailable, sentence: sentence, err: err}
}

// reason is what the log says. The message of an error of the API server may repeat what the sender
// wrote, so it is left out.
func (a answer) reason() string {
	var status apierrors.APIStatus
	switch {
	case errors.As(a.err, &status):
		return fmt.Sprintf("%s The API server answered %d %s.", a.sentence, status.Status().Code, status.Status().Reason)
	case a.err != nil:
		return a.sentence + " " + a.err.Error()
	default:
		return a.sentence
	}
}

func (a answer) write(response http.ResponseWriter) {
	switch a.code {
	case http.StatusServiceUnavailable:
		response.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	case http.StatusUnauthorized:
		response.Header().Set("WWW-Authenticate", "Bearer")
	}
	response.Header().Set("Content-Type", "text/plain; charset=utf-8")
	response.Header().Set("X-Content-Type-Options", "nosniff")
	response.WriteHeader(a.code)
	if a.sentence != "" {
		_, _ = io.WriteString(response, a.sentence+"\n") // The sender may have gone.
	}
}

// receive takes a notification, and answers when what it means is stored. It returns the receiver
// if the sender has its token.
//
// Senders repeat a notification after a 5xx alone. So a 4xx is what a repetition cannot mend.
func (s *Server) receive(ctx context.Context, name types.NamespacedName, response http.ResponseWriter, request *http.Request) (types.NamespacedName, answer) {
	nobody := types.NamespacedName{}
	if !isNameOfReceiver(name) {
		return nobody, unauthorized()
	}
	giveBack, taken := s.requests.take(name.Namespace)
	if !taken {
		return nobody, unavailable("Too many notifications at the same time.", nil)
	}
	defer giveBack()
	receiver, err := s.tokens.authorize(ctx, name, bearerToken(request))
	if errors.Is(err, errUnauthorized) {
		return nobody, unauthorized()
	}
	if isOverload(err) {
		return nobody, unavailable("The token was not checked in time: there are too many requests at the same time, or the API server is slow.", err)
	}
	if err != nil {
		return nobody, unavailable("The token cannot be checked now.", err)
	}
	if isLarge(request) {
		giveBackLarge, taken := s.large.take(name.Namespace)
		if !taken {
			return name, unavailable("Too many large notifications at the same time.", nil)
		}
		defer giveBackLarge()
	}
	body, refusal := readBody(response, request)
	if refusal != nil {
		return name, *refusal
	}
	message, err := parse(body, s.options.Now())
	if errors.Is(err, errTooManyMembers) {
		return name, tooLarge(fmt.Sprintf("%d alerts, and as many labels for each", maxMembers))
	}
	if err != nil {
		return name, answer{code: http.StatusBadRequest, sentence: err.Error()}
	}
	if err := s.store.keep(ctx, receiver, message); err != nil {
		return name, unavailable("The notification cannot be stored now.", err)
	}
	s.statuses.notified(ctx, receiver)
	return name, answer{code: http.StatusOK}
}

// isOverload reports whether the operator or the API server had too much to do to check a token in
// time. That says nothing about the token.
func isOverload(err error) bool {
	return errors.Is(err, errTooManyReads) || errors.Is(err, context.DeadlineExceeded) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err)
}

// tooLarge is the answer to a notification with more than it may have.
func tooLarge(most string) answer {
	return answer{code: http.StatusRequestEntityTooLarge, sentence: "A notification has at most " + most + ": group by more labels, so that each has fewer alerts."}
}

func unauthorized() answer {
	return answer{code: http.StatusUnauthorized, sentence: "There is no such receiver with that token."}
}

// isNameOfReceiver reports whether there can be such a receiver. A name that cannot exist tells
// nothing about those that do.
func isNameOfReceiver(name types.NamespacedName) bool {
	return len(validation.IsDNS1123Label(name.Namespace)) == 0 && len(validation.IsDNS1123Subdomain(name.Name)) == 0
}

// bearerToken is the token of a request, empty where there is none.
func bearerToken(request *http.Request) string {
	scheme, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// isLarge reports whether a notification is large or of unknown length. Few of them are worked on
// at the same time, because they take several times their length of memory.
func isLarge(request *http.Request) bool {
	return request.ContentLength < 0 || request.ContentLength > smallBodyBytes
}

// readBody reads the notification, or says why not.
func readBody(response http.ResponseWriter, request *http.Request) ([]byte, *answer) {
	beyondMost := tooLarge(fmt.Sprintf("%d MiB", maxBodyBytes>>20))
	if request.ContentLength > maxBodyBytes {
		return nil, &beyondMost
	}
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxBodyBytes))
	var beyond *http.MaxBytesError
	switch {
	case errors.As(err, &beyond):
		return nil, &beyondMost
	case err != nil:
		broken := unavailable("The notification did not arrive as a whole.", err)
		return nil, &broken
	}
	return body, nil
}

// watch waits for the cache, and removes what is remembered of receivers when they are deleted.
func (s *Server) watch(ctx context.Context) error {
	if _, err := s.options.Informers.GetInformer(ctx, &v1alpha1.Incident{}); err != nil {
		return err
	}
	informer, err := s.options.Informers.GetInformer(ctx, &v1alpha1.AlertReceiver{})
	if err != nil {
		return err
	}
	_, err = informer.AddEventHandler(deletions(func(receiver types.NamespacedName) {
		s.tokens.forget(receiver)
		s.statuses.forget(receiver)
		forgetNotifications(receiver)
	}))
	return err
}
