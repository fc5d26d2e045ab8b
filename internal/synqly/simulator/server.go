// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package simulator is the ticketing part of the Synqly Connector API in memory: all 17 operations,
// for tests, for the demo and for trying manifests without an account. It is stricter than the real
// API, so that a mistake of a client shows, and it fails and misbehaves on demand (Fault,
// Behaviour), because the real one does too.
//
// Which operations there are and what they take comes from the contract's OpenAPI document. It has
// its own wire types and shares no code with the client, so that the two can disagree.
package simulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

const (
	// maxBodyBytes bounds the body of a request.
	maxBodyBytes = 16 << 20
	// defaultRequestLog is how many requests are kept.
	defaultRequestLog = 10_000
	maxLoggedBody     = 64 << 10
	jsonMediaType     = "application/json"
)

// Options say what a Server is like. The zero value of each is its default.
type Options struct {
	// Token is the bearer token that is accepted. Without one, every request to the API is refused.
	Token string
	// Now is the clock; time.Now by default. It must not call the Server.
	Now func() time.Time
	// Projects that tickets can be in; the first is the default of a new ticket. By default OPS,
	// SEC and DEV.
	Projects []Project
	// RemoteFields are what List Remote Fields answers; by default the fields of a ticket, a few
	// custom fields, and one of each project.
	RemoteFields []RemoteField
	// Log gets a line for every request; nothing by default.
	Log *slog.Logger
	// Seed makes faults with a probability repeatable.
	Seed uint64
	// RequestLog is how many requests Requests returns at most, 10,000 by default. The newest stay.
	RequestLog int
	// Admin serves the page on / and the admin paths below /simulator/, none of which ask for a
	// token.
	Admin bool
}

// Server is a simulated ticketing integration. It is safe for concurrent use.
type Server struct {
	now          func() time.Time
	projects     []Project
	remoteFields []RemoteField
	log          *slog.Logger
	cursorKey    []byte
	logLimit     int
	admin        http.Handler // Nil when it is off.
	closed       chan struct{}
	close        sync.Once

	mu            sync.Mutex
	token         string
	store         store
	behaviour     Behaviour
	limiter       *rate.Limiter // Nil without a limit.
	faults        []*injectedFault
	random        *rand.Rand
	pending       []pendingCommit
	requests      []Request
	requestCounts map[string]int
	inFlight      int
	maxInFlight   int
}

var _ http.Handler = (*Server)(nil)

// New makes a server without tickets. Close ends what waits in it.
func New(options Options) *Server {
	server := &Server{
		now: options.Now, projects: options.Projects, remoteFields: options.RemoteFields, log: options.Log,
		logLimit: options.RequestLog, token: options.Token, closed: make(chan struct{}), store: newStore(),
		random: rand.New(rand.NewPCG(options.Seed, 0)), requestCounts: map[string]int{},
	}
	if server.now == nil {
		server.now = time.Now
	}
	if server.projects == nil {
		server.projects = defaultProjects()
	}
	if server.remoteFields == nil {
		server.remoteFields = defaultRemoteFields(server.projects)
	}
	if server.log == nil {
		server.log = slog.New(slog.DiscardHandler)
	}
	if server.logLimit <= 0 {
		server.logLimit = defaultRequestLog
	}
	// The key keeps clients from making up cursors. It guards nothing, and comes from the seed so
	// that runs repeat.
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("cursor"), options.Seed))
	server.cursorKey = key[:]
	if options.Admin {
		server.admin = newAdminHandler(server)
	}
	return server
}

// Close ends the delays of faults; their requests get no answer. The objects stay readable.
func (s *Server) Close() { s.close.Do(func() { close(s.closed) }) }

// SetToken replaces the accepted token, as a rotation with immediate revocation does.
func (s *Server) SetToken(token string) {
	defer s.lock()()
	s.token = token
}

// lock takes the lock, carries out the commits that have become due, and returns the function that
// releases it.
func (s *Server) lock() (unlock func()) {
	s.mu.Lock()
	s.commitDue(s.now())
	return s.mu.Unlock
}

// call is an HTTP request to the API, read to its end.
type call struct {
	ctx                                       context.Context
	method, path, query                       string // Path and query as sent, escaped.
	authorization, contentType, contentEncode string
	body                                      []byte
	tooLarge                                  bool
}

// operationRequest is a call that has been matched with its operation.
type operationRequest struct {
	call

	operation  contract.Operation
	parameters map[string]string // Of the path, unescaped.
	values     url.Values        // Of the query.
	at         time.Time         // When the operation is carried out.
}

// envelope is the object around a result.
type envelope struct {
	Result any     `json:"result"`
	Cursor *string `json:"cursor,omitempty"`
	Meta   *meta   `json:"meta,omitempty"`
}

type meta struct {
	Stats struct{} `json:"stats"`
	API   struct{} `json:"api"`
}

func object(result any) *envelope { return &envelope{Result: result, Meta: &meta{}} }

// reply is an answer before it is written.
type reply struct {
	status int
	header http.Header
	body   []byte
	// padding is how many spaces go before the body.
	padding int
	// truncate, when not 0, is how many bytes are sent of what Content-Length promises.
	truncate int
	// lost: the connection is closed without an answer.
	lost bool
}

// handle carries a call out and returns the answer.
func (s *Server) handle(received call) reply {
	s.enter()
	defer s.leave()
	entry := Request{
		Method: received.method, Path: received.path, Query: received.query,
		Body: bytes.Clone(received.body[:min(len(received.body), maxLoggedBody)]),
	}
	request, fault, refused := s.admit(received, &entry)
	var answer reply
	switch {
	case refused != nil:
		answer = s.problemReply(refused, received.path, entry.Time)
	case fault != nil:
		answer, entry.Performed = s.handleFaulty(request, *fault)
		entry.Fault = fault.String()
	default:
		answer, entry.Performed = s.perform(request)
	}
	if !answer.lost {
		entry.Status = answer.status
		if answer.header == nil {
			answer.header = http.Header{}
		}
		// By the server's own clock, which may be an injected one.
		answer.header.Set("Date", entry.Time.Format(http.TimeFormat))
	}
	s.record(entry)
	return answer
}

// admit authenticates the call, finds its operation, takes from the rate limit, and draws the fault
// that acts on it.
func (s *Server) admit(received call, entry *Request) (operationRequest, *Fault, *problem) {
	defer s.lock()()
	entry.Time = s.now().UTC()
	matched, parameters, mismatch := route(received.method, received.path)
	if mismatch == nil {
		entry.Operation = matched.Name
	}
	if refused := s.authenticate(received.authorization); refused != nil {
		return operationRequest{}, nil, refused
	}
	if mismatch != nil {
		return operationRequest{}, nil, mismatch
	}
	if refused := s.limitRate(entry.Time); refused != nil {
		return operationRequest{}, nil, refused
	}
	request := operationRequest{call: received, operation: matched, parameters: parameters}
	return request, s.drawFault(matched.Name), nil
}

func (s *Server) authenticate(authorization string) *problem {
	scheme, token, found := strings.Cut(authorization, " ")
	switch {
	case authorization == "":
		return unauthorized("the Authorization header is missing")
	case !found || !strings.EqualFold(scheme, "Bearer"):
		return unauthorized("the Authorization header is not of the form Bearer <token>")
	case s.token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1:
		return unauthorized("the token is not valid")
	default:
		return nil
	}
}

// perform carries the operation out and reports whether it succeeded.
func (s *Server) perform(request operationRequest) (reply, bool) {
	defer s.lock()()
	request.at = s.now()
	return s.performLocked(request)
}

func (s *Server) performLocked(request operationRequest) (reply, bool) {
	result, refused := s.execute(&request)
	if refused != nil {
		return s.problemReply(refused, request.path, request.at), false
	}
	if result == nil {
		return reply{status: http.StatusNoContent, header: http.Header{}}, true
	}
	status := http.StatusOK
	if request.method == http.MethodPost {
		status = http.StatusCreated
	}
	return jsonReply(status, http.Header{}, result), true
}

// execute checks what all operations have in common and calls the operation.
func (s *Server) execute(request *operationRequest) (*envelope, *problem) {
	if s.behaviour.isUnsupported(request.operation.Name) {
		return nil, unsupported(request.operation.Name)
	}
	if refused := request.check(); refused != nil {
		return nil, refused
	}
	return executors[request.operation.Name](s, request)
}

func (s *Server) problemReply(refused *problem, path string, at time.Time) reply {
	refused.Instance, refused.OccurredAt = path, at.UTC()
	return jsonReply(refused.Status, refused.header, refused)
}

func jsonReply(status int, header http.Header, document any) reply {
	body, err := json.Marshal(document)
	if err != nil {
		// Only a ticket that a test or a person made up can get here, with a custom field that JSON
		// does not have.
		return reply{status: http.StatusInternalServerError, header: http.Header{}, body: []byte(err.Error())}
	}
	header.Set("Content-Type", jsonMediaType)
	return reply{status: status, header: header, body: body}
}

func (s *Server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	s.maxInFlight = max(s.maxInFlight, s.inFlight)
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

// record appends to the request log.
func (s *Server) record(entry Request) {
	s.log.Info("request", "operation", entry.Operation, "method", entry.Method, "path", entry.Path, "status", entry.Status,
		"fault", entry.Fault)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requestCounts[entry.Operation]++
	// Dropping half at a time keeps appending cheap.
	if len(s.requests) >= 2*s.logLimit {
		s.requests = append([]Request{}, s.requests[len(s.requests)-s.logLimit:]...)
	}
	s.requests = append(s.requests, entry)
}
