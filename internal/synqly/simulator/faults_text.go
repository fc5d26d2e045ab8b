// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// faultDocument is a Fault as JSON, for the admin path: durations and bodies as text.
type faultDocument struct {
	Operation   string   `json:"operation,omitempty"`
	Skip        int      `json:"skip,omitempty"`
	Times       int      `json:"times,omitempty"`
	Probability float64  `json:"probability,omitempty"`
	Status      int      `json:"status,omitempty"`
	RetryAfter  string   `json:"retry_after,omitempty"`
	Message     string   `json:"message,omitempty"`
	AfterCommit bool     `json:"after_commit,omitempty"`
	Lose        bool     `json:"lose,omitempty"`
	CommitLate  duration `json:"commit_late,omitzero"`
	Latency     duration `json:"latency,omitzero"`
	Body        string   `json:"body,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
	Truncate    int      `json:"truncate,omitempty"`
	Oversize    int      `json:"oversize,omitempty"`
	OmitID      bool     `json:"omit_id,omitempty"`
	ID          *string  `json:"id,omitempty"`
}

// duration is a time.Duration that JSON shows as Go writes it: "1m30s".
type duration time.Duration

func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

func (d *duration) UnmarshalJSON(data []byte) error {
	var given string
	if err := json.Unmarshal(data, &given); err != nil {
		return fmt.Errorf("a duration is a string such as \"1m30s\": %w", err)
	}
	parsed, err := time.ParseDuration(given)
	*d = duration(parsed)
	return err
}

// MarshalJSON writes the fault with durations such as "1m30s" and the body as text.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultDocument{
		Operation: f.Operation, Skip: f.Skip, Times: f.Times, Probability: f.Probability, Status: f.Status,
		RetryAfter: f.RetryAfter, Message: f.Message, AfterCommit: f.AfterCommit, Lose: f.Lose,
		CommitLate: duration(f.CommitLate), Latency: duration(f.Latency), Body: string(f.Body), ContentType: f.ContentType,
		Truncate: f.Truncate, Oversize: f.Oversize, OmitID: f.OmitID, ID: f.ID,
	})
}

// UnmarshalJSON reads what MarshalJSON writes and refuses members that a fault does not have.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var document faultDocument
	if err := decodeKnown(data, &document); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	*f = Fault{
		Operation: document.Operation, Skip: document.Skip, Times: document.Times, Probability: document.Probability,
		Status: document.Status, RetryAfter: document.RetryAfter, Message: document.Message, AfterCommit: document.AfterCommit,
		Lose: document.Lose, CommitLate: time.Duration(document.CommitLate), Latency: time.Duration(document.Latency),
		ContentType: document.ContentType, Truncate: document.Truncate, Oversize: document.Oversize, OmitID: document.OmitID,
		ID: document.ID,
	}
	if document.Body != "" {
		f.Body = []byte(document.Body)
	}
	return nil
}

// decodeKnown reads a JSON document and refuses members that the target does not have.
func decodeKnown(data []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(target)
}

// String describes the fault as ParseFault reads it, as far as that can say it.
func (f Fault) String() string {
	var parts []string
	add := func(name, value string, set bool) {
		if set {
			parts = append(parts, name+"="+value)
		}
	}
	flag := func(name string, set bool) {
		if set {
			parts = append(parts, name)
		}
	}
	add("operation", f.Operation, f.Operation != "")
	add("skip", strconv.Itoa(f.Skip), f.Skip != 0)
	add("times", strconv.Itoa(f.Times), f.Times != 0)
	add("probability", strconv.FormatFloat(f.Probability, 'g', -1, 64), f.Probability != 0)
	add("status", strconv.Itoa(f.Status), f.Status != 0)
	add("retry-after", f.RetryAfter, f.RetryAfter != "")
	add("message", f.Message, f.Message != "")
	flag("after-commit", f.AfterCommit)
	flag("lose", f.Lose)
	add("commit-late", f.CommitLate.String(), f.CommitLate != 0)
	add("latency", f.Latency.String(), f.Latency != 0)
	add("body", shorten(string(f.Body)), f.Body != nil)
	add("content-type", f.ContentType, f.ContentType != "")
	add("truncate", strconv.Itoa(f.Truncate), f.Truncate != 0)
	add("oversize", strconv.Itoa(f.Oversize), f.Oversize != 0)
	flag("omit-id", f.OmitID)
	add("id", shorten(text(f.ID)), f.ID != nil)
	return strings.Join(parts, ",")
}

// ParseFault reads a fault such as
//
//	operation=CreateTicket,status=503,times=2,after-commit
//
// The names are those of the fields of Fault. A value has no comma; what needs one is said in JSON.
func ParseFault(description string) (Fault, error) {
	var fault Fault
	for part := range strings.SplitSeq(description, ",") {
		name, value, hasValue := strings.Cut(strings.TrimSpace(part), "=")
		if err := fault.set(name, value, hasValue); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %s: %w", description, name, err)
		}
	}
	return fault, fault.Validate()
}

func (f *Fault) set(name, value string, hasValue bool) error {
	switch name {
	case "after-commit":
		return setFlag(&f.AfterCommit, value, hasValue)
	case "lose":
		return setFlag(&f.Lose, value, hasValue)
	case "omit-id":
		return setFlag(&f.OmitID, value, hasValue)
	}
	if !hasValue {
		return errors.New("needs a value, or is no property of a fault")
	}
	var err error
	switch name {
	case "operation":
		f.Operation = value
	case "skip":
		f.Skip, err = strconv.Atoi(value)
	case "times":
		f.Times, err = strconv.Atoi(value)
	case "probability":
		f.Probability, err = strconv.ParseFloat(value, 64)
	case "status":
		f.Status, err = strconv.Atoi(value)
	case "retry-after":
		f.RetryAfter = value
	case "message":
		f.Message = value
	case "commit-late":
		f.CommitLate, err = time.ParseDuration(value)
	case "latency":
		f.Latency, err = time.ParseDuration(value)
	case "body":
		f.Body = []byte(value)
	case "content-type":
		f.ContentType = value
	case "truncate":
		f.Truncate, err = strconv.Atoi(value)
	case "oversize":
		f.Oversize, err = strconv.Atoi(value)
	case "id":
		f.ID = &value
	default:
		err = errors.New("is no property of a fault")
	}
	return err
}

func setFlag(target *bool, value string, hasValue bool) error {
	*target = true
	if !hasValue {
		return nil
	}
	parsed, err := strconv.ParseBool(value)
	*target = parsed
	return err
}
