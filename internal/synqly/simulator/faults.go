// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault is something that goes wrong with a request. The zero value of each field means that this
// does not happen.
//
// A fault with a Status, with Lose or with CommitLate keeps the operation from being carried out,
// unless AfterCommit is set; any other one acts on the answer of the operation.
type Fault struct {
	// Operation is the operation that fails, one of OperationNames; every operation when empty.
	Operation string
	// Skip is how many matching requests pass first; Times, on how many of the following ones the
	// fault acts. 0 is all of them, until the fault is removed.
	Skip, Times int
	// Probability that the fault acts on a matching request, drawn from Options.Seed. 0 and 1 mean
	// always.
	Probability float64

	// Status is the HTTP status of the answer, with a Problem that says Message.
	Status int
	// RetryAfter is the Retry-After header of the answer: seconds, or an HTTP date.
	RetryAfter string
	Message    string
	// AfterCommit carries the operation out first.
	AfterCommit bool
	// Lose closes the connection without an answer.
	Lose bool
	// CommitLate answers first, with 504 unless Status or Lose say otherwise, and carries the
	// operation out so much later by the server's clock, or at CommitPending.
	CommitLate time.Duration
	// Latency is a real delay before the operation, or after it with AfterCommit. When the client
	// goes away meanwhile, the operation is not carried out any more.
	Latency time.Duration

	// Body replaces the body of the answer, ContentType its type.
	Body        []byte
	ContentType string
	// Truncate sends only so many bytes of the body, with the Content-Length of the whole.
	Truncate int
	// Oversize pads the body with leading spaces to so many bytes.
	Oversize int
	// OmitID leaves the ID out of the answer of a create; ID replaces it.
	OmitID bool
	ID     *string
}

// injectedFault is a fault and how often it has been met.
type injectedFault struct {
	Fault

	met, acted int
}

// pendingCommit is an operation that has been answered and is carried out later.
type pendingCommit struct {
	due     time.Time
	request operationRequest
}

// Validate returns what is wrong with the fault.
func (f Fault) Validate() error {
	switch {
	case f.Operation != "" && !isOperation(f.Operation):
		return fmt.Errorf("fault: there is no operation %q; use one of %v", f.Operation, OperationNames())
	case f.Skip < 0 || f.Times < 0 || f.Truncate < 0 || f.Oversize < 0 || f.Latency < 0 || f.CommitLate < 0:
		return fmt.Errorf("fault: skip, times, truncate, oversize, latency and commit-late must not be negative")
	case !(f.Probability >= 0 && f.Probability <= 1):
		return fmt.Errorf("fault: the probability %v is not between 0 and 1", f.Probability)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fault: the status %d is not between 200 and 599", f.Status)
	case f.AfterCommit && f.CommitLate > 0:
		return fmt.Errorf("fault: after-commit and commit-late exclude each other")
	default:
		return nil
	}
}

// Inject adds a fault and returns the function that removes it. One fault acts on a request: the
// one that was injected first of those that match and have not acted Times times. The others do not
// count that request. Inject panics on a fault that is not valid: it could never act, and a test
// with it could not fail.
func (s *Server) Inject(fault Fault) (remove func()) {
	if err := fault.Validate(); err != nil {
		panic("simulator: " + err.Error())
	}
	injected := &injectedFault{Fault: fault}
	defer s.lock()()
	s.faults = append(s.faults, injected)
	return func() {
		defer s.lock()()
		s.faults = slices.DeleteFunc(s.faults, func(other *injectedFault) bool { return other == injected })
	}
}

// ClearFaults removes all faults. Commits that are pending stay.
func (s *Server) ClearFaults() {
	defer s.lock()()
	s.faults = nil
}

// CommitPending carries out all operations that a fault's CommitLate has put off, due or not, and
// returns how many there were.
func (s *Server) CommitPending() int {
	defer s.lock()()
	count := len(s.pending)
	now := s.now()
	for _, commit := range s.pending {
		commit.request.at = now
		s.performLocked(commit.request)
	}
	s.pending = nil
	return count
}

// commitDue carries out the pending operations that are due. Nobody can see the store between the
// moment one becomes due and this call, because everybody who looks calls it first.
func (s *Server) commitDue(now time.Time) {
	if len(s.pending) == 0 {
		return
	}
	slices.SortStableFunc(s.pending, func(a, b pendingCommit) int { return a.due.Compare(b.due) })
	for len(s.pending) > 0 && !s.pending[0].due.After(now) {
		commit := s.pending[0]
		s.pending = s.pending[1:]
		commit.request.at = commit.due
		s.performLocked(commit.request)
	}
}

// drawFault returns the fault that acts on a request, nil when none does.
func (s *Server) drawFault(operation string) *Fault {
	for _, fault := range s.faults {
		if fault.Operation != "" && fault.Operation != operation {
			continue
		}
		if fault.Times > 0 && fault.acted >= fault.Times {
			continue
		}
		fault.met++
		if fault.met <= fault.Skip {
			continue
		}
		if fault.Probability > 0 && fault.Probability < 1 && s.random.Float64() >= fault.Probability {
			continue
		}
		fault.acted++
		drawn := fault.Fault
		return &drawn
	}
	return nil
}

// handleFaulty answers a request that a fault acts on, and reports whether the operation was
// carried out.
func (s *Server) handleFaulty(request operationRequest, fault Fault) (reply, bool) {
	if !fault.AfterCommit && !s.delay(request, fault.Latency) {
		return reply{lost: true}, false
	}
	var answer reply
	performed := false
	if fault.AfterCommit || !fault.preventsCommit() {
		answer, performed = s.perform(request)
	}
	if fault.CommitLate > 0 {
		s.postpone(request, fault.CommitLate)
	}
	if fault.preventsCommit() {
		answer = s.failure(request, fault)
	}
	if fault.AfterCommit && !s.delay(request, fault.Latency) {
		return reply{lost: true}, performed
	}
	answer.lost = fault.Lose
	fault.spoil(&answer)
	return answer, performed
}

// preventsCommit tells whether the answer is a failure of the fault's own.
func (f Fault) preventsCommit() bool { return f.Status != 0 || f.Lose || f.CommitLate > 0 }

// delay waits in real time. It returns false when the client or the server has gone away meanwhile.
func (s *Server) delay(request operationRequest, latency time.Duration) bool {
	if latency <= 0 {
		return true
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-request.ctx.Done():
		return false
	case <-s.closed:
		return false
	}
}

func (s *Server) postpone(request operationRequest, delay time.Duration) {
	defer s.lock()()
	s.pending = append(s.pending, pendingCommit{due: s.now().Add(delay), request: request})
}

// failure is the answer that the fault gives of its own.
func (s *Server) failure(request operationRequest, fault Fault) reply {
	status := fault.Status
	if status == 0 {
		status = http.StatusGatewayTimeout
	}
	if status < http.StatusBadRequest {
		return reply{status: status, header: http.Header{}}
	}
	message := fault.Message
	if message == "" {
		message = "injected fault: " + http.StatusText(status)
	}
	return s.problemReply(newProblem(status, "injected_fault", message), request.path, s.now())
}

// spoil changes an answer as the fault says.
func (f Fault) spoil(answer *reply) {
	if f.OmitID || f.ID != nil {
		answer.body = replaceID(answer.body, f.ID)
	}
	if f.Body != nil {
		answer.body = f.Body
		answer.header.Set("Content-Type", jsonMediaType)
	}
	if f.ContentType != "" {
		answer.header.Set("Content-Type", f.ContentType)
	}
	if f.RetryAfter != "" {
		answer.header.Set("Retry-After", f.RetryAfter)
	}
	answer.padding = max(0, f.Oversize-len(answer.body))
	answer.truncate = f.Truncate
}

// replaceID changes the ID in the result of an answer, or leaves it out. An answer without one
// stays as it is.
func replaceID(body []byte, id *string) []byte {
	var document map[string]json.RawMessage
	var result map[string]json.RawMessage
	if json.Unmarshal(body, &document) != nil || json.Unmarshal(document["result"], &result) != nil || result["id"] == nil {
		return body
	}
	delete(result, "id")
	if id != nil {
		replaced, err := json.Marshal(*id)
		if err != nil {
			return body
		}
		result["id"] = replaced
	}
	changed, err := json.Marshal(result)
	if err != nil {
		return body
	}
	document["result"] = changed
	replaced, err := json.Marshal(document)
	if err != nil {
		return body
	}
	return replaced
}

// Faults returns the faults that can still act, in the order of their injection.
func (s *Server) Faults() []Fault {
	defer s.lock()()
	faults := []Fault{}
	for _, injected := range s.faults {
		if injected.Times == 0 || injected.acted < injected.Times {
			faults = append(faults, injected.Fault)
		}
	}
	return faults
}
