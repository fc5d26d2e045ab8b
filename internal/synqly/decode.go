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
	"reflect"
	"strings"
)

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
	_, result, err := decodeAnswer[T](answer.body)
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
	envelope, items, err := decodeAnswer[[]T](answer.body)
	if err != nil {
		return Page[T]{}, c.decodeError(ctx, call, answer.status, err.Error(), err)
	}
	return Page[T]{
		Items: items, Cursor: envelope.Cursor, Meta: envelope.Meta, Messages: c.warnings(envelope.Messages),
	}, nil
}

// callForNothing sends the call and wants no result.
func callForNothing(ctx context.Context, c *Client, call call) error {
	call.noResult = true
	_, err := c.paced(ctx, call)
	return err
}

// decodeAnswer decodes the body of a 2xx answer. Its errors say where in the body something is wrong.
func decodeAnswer[T any](body []byte) (envelope, T, error) {
	var (
		outer  envelope
		result T
	)
	if len(bytes.TrimSpace(body)) == 0 {
		return outer, result, errors.New("it is empty")
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return outer, result, describeJSONError("", err)
	}
	if raw := bytes.TrimSpace(outer.Result); len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return outer, result, errors.New("result is missing")
	}
	if err := json.Unmarshal(outer.Result, &result); err != nil {
		return outer, result, describeJSONError("result", err)
	}
	return outer, result, checkIdentity(&result)
}

// checkIdentity refuses an object without a usable ID, and a list with such an object: a ticket that cannot be told from another
// must not be taken for one of ours.
func checkIdentity(result any) error {
	value := reflect.ValueOf(result).Elem()
	if value.Kind() == reflect.Slice {
		for i := range value.Len() {
			if err := checkObjectIdentity(fmt.Sprintf("result[%d].id", i), value.Index(i).Interface()); err != nil {
				return err
			}
		}
		return nil
	}
	return checkObjectIdentity("result.id", value.Interface())
}

func checkObjectIdentity(name string, object any) error {
	if object, ok := object.(identified); ok {
		if err := checkID(object.remoteID()); err != nil {
			return fmt.Errorf("%s %w", name, err)
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
	return &steadyError{
		text: fmt.Sprintf("%s is of the JSON type %s, which the API does not document", path, got), causes: []error{err},
	}
}

// warnings decodes the problems that may come with a success. They are for people; one that is odd must not turn the success
// into a failure.
func (c *Client) warnings(raw json.RawMessage) []Problem {
	var messages struct {
		Problems []json.RawMessage `json:"problems"`
	}
	ignoreMistyped(raw, &messages)
	var warnings []Problem
	for _, raw := range messages.Problems {
		var problem Problem
		if json.Unmarshal(raw, &problem) == nil {
			warnings = append(warnings, problem.clean(c.redact))
		}
	}
	return warnings
}
