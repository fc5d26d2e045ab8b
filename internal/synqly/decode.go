// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxSkipped bounds the texts of Page.Skipped, of which there can be as many as the server likes
// otherwise.
const maxSkipped = 100

// envelope is the object around every result.
type envelope struct {
	Result   json.RawMessage `json:"result"`
	Cursor   string          `json:"cursor"`
	Meta     json.RawMessage `json:"meta"`
	Messages json.RawMessage `json:"messages"`
}

// identified is a remote object that is of no use without its ID.
type identified interface{ remoteID() string }

// callFor sends the call and decodes its result, one object.
func callFor[T any](ctx context.Context, c *Client, call call) (*T, error) {
	answer, err := c.paced(ctx, call)
	if err != nil {
		return nil, err
	}
	defer answer.done()
	result, err := decodeAnswer[T](answer.body)
	if err != nil {
		return nil, c.decodeError(ctx, call, answer.status, err.Error(), err)
	}
	return &result, nil
}

// callForPage sends the call and decodes its result, a list of objects.
func callForPage[T any](ctx context.Context, c *Client, call call) (Page[T], error) {
	answer, err := c.paced(ctx, call)
	if err != nil {
		return Page[T]{}, err
	}
	defer answer.done()
	outer, items, skipped, err := decodePage[T](answer.body)
	if err != nil {
		return Page[T]{}, c.decodeError(ctx, call, answer.status, err.Error(), err)
	}
	for i, text := range skipped {
		skipped[i] = c.redact.clean(text, maxErrorText)
	}
	return Page[T]{
		Items: items, Skipped: skipped, Cursor: outer.Cursor, Meta: outer.Meta, Messages: c.warnings(outer.Messages),
		operation: call.operation, status: answer.status, size: len(answer.body),
	}, nil
}

// callForNothing sends the call and wants no result.
func callForNothing(ctx context.Context, c *Client, call call) error {
	call.noResult = true
	answer, err := c.paced(ctx, call)
	if err == nil {
		answer.done()
	}
	return err
}

// decodeAnswer decodes the body of a 2xx answer whose result is one object. Its errors say where in
// the body something is wrong.
func decodeAnswer[T any](body []byte) (T, error) {
	var result T
	outer, err := decodeEnvelope(body)
	if err != nil {
		return result, err
	}
	if jsonType(outer.Result) == "null" {
		return result, errors.New("result is missing")
	}
	return result, decodeObject("result", outer.Result, &result)
}

// decodePage decodes the body of a 2xx answer whose result is a list. Objects of no use are left
// out, and skipped says which.
func decodePage[T any](body []byte) (outer envelope, items []T, skipped []string, err error) {
	if outer, err = decodeEnvelope(body); err != nil {
		return outer, nil, nil, err
	}
	switch kind := jsonType(outer.Result); kind {
	case "array":
	case "null": // As some encoders write a list without items.
		return outer, nil, nil, nil
	default:
		return outer, nil, nil, undocumentedType("result", kind, nil)
	}
	// One object after the other: what a server makes of a page must not be in memory several times
	// over.
	elements := json.NewDecoder(bytes.NewReader(outer.Result))
	if _, err := elements.Token(); err != nil {
		return outer, nil, nil, describeJSONError("result", err)
	}
	more := 0
	for index := 0; elements.More(); index++ {
		var element json.RawMessage
		if err := elements.Decode(&element); err != nil {
			return outer, nil, nil, describeJSONError("result", err)
		}
		var item T
		switch err := decodeObject(fmt.Sprintf("result[%d]", index), element, &item); {
		case err == nil:
			items = append(items, item)
		case len(skipped) < maxSkipped:
			skipped = append(skipped, err.Error())
		default:
			more++
		}
	}
	if more > 0 {
		skipped = append(skipped, fmt.Sprintf("%d more objects in result cannot be used", more))
	}
	return outer, items, skipped, nil
}

func decodeEnvelope(body []byte) (envelope, error) {
	var outer envelope
	if err := json.Unmarshal(withoutBOM(body), &outer); err != nil {
		return outer, describeJSONError("", err)
	}
	if len(outer.Result) == 0 {
		return outer, errors.New("result is missing")
	}
	return outer, nil
}

// decodeObject decodes one object, and refuses one without a usable ID: a ticket that cannot be
// told from another must not be taken for one of ours.
func decodeObject(name string, raw json.RawMessage, target any) error {
	if kind := jsonType(raw); kind != "object" {
		return undocumentedType(name, kind, nil)
	}
	if err := json.Unmarshal(raw, target); err != nil {
		return describeJSONError(name, err)
	}
	if object, ok := target.(identified); ok {
		if err := checkID(object.remoteID()); err != nil {
			return fmt.Errorf("%s.%s %w", name, identityField, err)
		}
		if strings.ContainsFunc(object.remoteID(), unicode.IsControl) {
			// People are shown IDs as they are, on terminals too.
			return fmt.Errorf("%s.%s contains control characters", name, identityField)
		}
	}
	return nil
}

// describeJSONError says what is wrong in the terms of the document, not in those of Go.
func describeJSONError(parent string, err error) error {
	var mistyped *json.UnmarshalTypeError
	if !errors.As(err, &mistyped) {
		return fmt.Errorf("%s is not as documented: %w", cmp.Or(parent, "its JSON"), err)
	}
	path := strings.Trim(parent+"."+mistyped.Field, ".")
	path = cmp.Or(path, "the document")
	got, _, _ := strings.Cut(mistyped.Value, " ") // The rest is the number that was found.
	return undocumentedType(path, got, err)
}

// undocumentedType is an error with the cause, or with none when that is nil.
func undocumentedType(path, kind string, cause error) error {
	failure := &steadyError{text: fmt.Sprintf("%s has the JSON type %s, which the API does not document", path, kind)}
	if cause != nil {
		failure.causes = []error{cause}
	}
	return failure
}

// maxWarnings bounds the problems of a success that are read. Nobody is shown more.
const maxWarnings = 16

// warnings decodes the problems that may come with a success. They are for people; one that is odd
// must not turn the success into a failure.
func (c *Client) warnings(raw json.RawMessage) []Problem {
	var messages struct {
		Problems []json.RawMessage `json:"problems"`
	}
	ignoreMistyped(raw, &messages)
	var warnings []Problem
	for _, raw := range messages.Problems[:min(len(messages.Problems), maxWarnings)] {
		var problem Problem
		if json.Unmarshal(raw, &problem) == nil {
			warnings = append(warnings, problem.clean(c.redact))
		}
	}
	return warnings
}
