// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// maxProblemText bounds each text of a Problem, in bytes.
const maxProblemText = 1024

// Problem is the body of an answer that is not a success. It is also a warning that comes with a
// success (Page.Messages).
type Problem struct {
	Message     string
	Status      int
	OccurredAt  Timestamp
	Instance    string
	Detail      string
	Remediation string
	Type        string
	Cause       []ProblemCause
	// Parameter is what of the request the problem is with, nil when the API does not say.
	Parameter *ProblemParameter
}

// ProblemCause is one of the reasons of a Problem.
type ProblemCause struct {
	Message, Type string
}

// ProblemParameter points into the request.
type ProblemParameter struct {
	// ID is a JSON Pointer (RFC 6901) for a parameter in the body, a name otherwise.
	ID string
	// Location is "body", "query" or "path", for example.
	Location string
}

// UnmarshalJSON takes what it can use and leaves the rest: an explanation must not be lost because
// one member of it is odd. It fails for what is no JSON object alone.
func (p *Problem) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	*p = Problem{
		Message:     jsonText(members["message"]),
		Instance:    jsonText(members["instance"]),
		Detail:      jsonText(members["detail"]),
		Remediation: jsonText(members["remediation"]),
		Type:        jsonText(members["type"]),
	}
	ignoreMistyped(members["status"], &p.Status)
	ignoreMistyped(members["occurred_at"], &p.OccurredAt)

	var causes []map[string]json.RawMessage
	ignoreMistyped(members["cause"], &causes)
	for _, cause := range causes {
		p.Cause = append(p.Cause, ProblemCause{Message: jsonText(cause["message"]), Type: jsonText(cause["type"])})
	}
	var context map[string]json.RawMessage
	ignoreMistyped(members["context"], &context)
	var parameter map[string]json.RawMessage
	ignoreMistyped(context["parameter"], &parameter)
	if parameter != nil {
		p.Parameter = &ProblemParameter{ID: jsonText(parameter["id"]), Location: jsonText(parameter["location"])}
	}
	return nil
}

// text is the Problem for a person, in one line: message, parameter, detail, remediation. Each has
// a share of the whole, so that a long message does not cost the remediation.
func (p Problem) text() string {
	message := p.Message
	if message == "" && len(p.Cause) > 0 {
		message = p.Cause[0].Message
	}
	if p.Parameter != nil && p.Parameter.ID != "" {
		message = strings.TrimSpace(shorten(message, 400) + " (" + shorten(p.Parameter.ID, 100) + ")")
	}
	parts := []string{shorten(message, 510)}
	if p.Detail != message {
		parts = append(parts, shorten(p.Detail, 300))
	}
	parts = append(parts, shorten(p.Remediation, 150))

	var sentences []string
	for _, part := range parts {
		if part != "" {
			sentences = append(sentences, strings.TrimRight(part, ". "))
		}
	}
	return strings.Join(sentences, ". ")
}

// clean returns the Problem with every text redacted, in one line and bounded.
func (p Problem) clean(redact redactor) Problem {
	text := func(text string) string { return redact.clean(text, maxProblemText) }
	p.Message, p.Detail, p.Remediation = text(p.Message), text(p.Detail), text(p.Remediation)
	p.Instance, p.Type, p.OccurredAt.Raw = text(p.Instance), text(p.Type), text(p.OccurredAt.Raw)
	const maxCauses = 16
	causes := p.Cause[:min(len(p.Cause), maxCauses)]
	p.Cause = nil
	for _, cause := range causes {
		p.Cause = append(p.Cause, ProblemCause{Message: text(cause.Message), Type: text(cause.Type)})
	}
	if p.Parameter != nil {
		p.Parameter = &ProblemParameter{ID: text(p.Parameter.ID), Location: text(p.Parameter.Location)}
	}
	return p
}

// problemOf reads the body of an answer that is not 2xx, and reports whether it is a Problem: JSON
// with a message and one more of the members that every Problem has. Gateways answer in JSON with a
// message alone. The body may be cut off.
func problemOf(status int, header http.Header, body []byte) (Problem, bool) {
	var problem Problem
	if !mayBeJSON(header) || json.Unmarshal(withoutBOM(body), &problem) != nil {
		return Problem{}, false
	}
	says := problem.Message != "" || (len(problem.Cause) > 0 && problem.Cause[0].Message != "")
	identified := problem.Status == status || problem.OccurredAt.Raw != "" || problem.Instance != ""
	return problem, says && identified
}

// jsonText returns a JSON string's text, and nothing for anything else.
func jsonText(raw json.RawMessage) string {
	var text string
	ignoreMistyped(raw, &text)
	return text
}

func ignoreMistyped(raw json.RawMessage, target any) {
	if len(bytes.TrimSpace(raw)) > 0 {
		_ = json.Unmarshal(raw, target) // What is of another type is as good as absent.
	}
}
