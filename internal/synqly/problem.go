// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"cmp"
	"encoding/json"
	"mime"
	"strings"

	"golang.org/x/net/html"
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

// problemOf reads the body of an answer that is not 2xx, whatever it is. The body may be cut off.
func problemOf(contentType string, body []byte, redact redactor) Problem {
	var problem Problem
	if err := json.Unmarshal(body, &problem); err == nil && problem.text() != "" {
		return problem.clean(redact)
	}
	return Problem{Message: excerpt(contentType, body, redact)}
}

// excerpt returns at most a few words of a body that is no Problem.
func excerpt(contentType string, body []byte, redact redactor) string {
	const limit = 256
	var document any
	if json.Unmarshal(body, &document) == nil {
		if text, ok := document.(string); ok {
			return redact.clean(text, limit)
		}
		// Redacted before it is encoded: JSON has several ways to write a character of the token.
		encoded, err := json.Marshal(redact.value(document))
		if err != nil || document == nil {
			return ""
		}
		return redact.clean(string(encoded), limit)
	}
	text := redact.cutOff(string(body))
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if strings.Contains(mediaType, "html") || strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = redact.cutOff(htmlText(text))
	}
	return redact.clean(text, limit)
}

// htmlText returns the title of a page, or where it has none its text.
func htmlText(page string) string {
	var title, text strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(page))
	for element := ""; ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return cmp.Or(strings.TrimSpace(title.String()), strings.TrimSpace(text.String()))
		case html.StartTagToken:
			name, _ := tokens.TagName()
			element = string(name)
		case html.EndTagToken:
			element = ""
		case html.TextToken:
			switch element {
			case "script", "style":
			case "title":
				title.Write(tokens.Text())
			default:
				text.Write(tokens.Text())
				text.WriteByte(' ')
			}
		}
	}
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
