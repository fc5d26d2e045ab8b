// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is what of an HTTP request the contract speaks about.
type Request struct {
	Method string
	// Path is the escaped path, below the base URL.
	Path        string
	Query       url.Values
	ContentType string
	Body        []byte
}

// CheckRequest returns what of the request is not as the operation wants it, nil when everything is.
func CheckRequest(operation Operation, request Request) error {
	var problems []error
	if request.Method != operation.Method {
		problems = append(problems, fmt.Errorf("the method is %s, not %s", request.Method, operation.Method))
	}
	problems = append(problems,
		matchPath(operation.Path, request.Path),
		checkQuery(operation.Query, request.Query),
		checkRequestBody(operation, request.ContentType, request.Body),
	)
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("request of %s: %w", operation.Name, err)
	}
	return nil
}

// CheckResponse returns what of the answer is not as the operation's documentation says, nil when everything is. An answer that
// is not 2xx must be a Problem.
func CheckResponse(operation Operation, status int, contentType string, body []byte) error {
	var err error
	switch {
	case status < 200 || status > 299:
		err = checkProblem(status, contentType, body)
	case operation.Result == NoResult:
		if len(body) > 0 {
			err = fmt.Errorf("the answer of %d bytes should have no content", len(body))
		}
	default:
		err = checkDocument(contentType, body, func(document any) error {
			return checkObject("", envelopeSchema(operation), document)
		})
	}
	if err != nil {
		return fmt.Errorf("response of %s with status %d: %w", operation.Name, status, err)
	}
	return nil
}

func checkProblem(status int, contentType string, body []byte) error {
	return checkDocument(contentType, body, func(document any) error {
		if err := checkObject("", problemSchema(), document); err != nil {
			return err
		}
		members, _ := document.(map[string]any)
		if number, ok := members["status"].(json.Number); !ok || number.String() != strconv.Itoa(status) {
			return fmt.Errorf("/status: %v, and the HTTP status is %d", members["status"], status)
		}
		return nil
	})
}

func matchPath(template, escapedPath string) error {
	want, got := strings.Split(template, "/"), strings.Split(escapedPath, "/")
	mismatch := fmt.Errorf("the path is %q, not of the form %q", escapedPath, template)
	if len(want) != len(got) {
		return mismatch
	}
	for i, segment := range want {
		if !isParameter(segment) {
			if got[i] != segment {
				return mismatch
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" || got[i] == "." || got[i] == ".." {
			return fmt.Errorf("the path is %q, which has no usable %s", escapedPath, segment)
		}
	}
	return nil
}

func checkQuery(parameters []QueryParameter, query url.Values) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(query)) {
		index := slices.IndexFunc(parameters, func(p QueryParameter) bool { return p.Name == name })
		if index < 0 {
			problems = append(problems, fmt.Errorf("query parameter %q: the operation has none of that name", name))
			continue
		}
		problems = append(problems, checkQueryValues(parameters[index], query[name]))
	}
	return errors.Join(problems...)
}

func checkQueryValues(parameter QueryParameter, values []string) error {
	if len(values) != 1 && !parameter.Repeatable {
		return fmt.Errorf("query parameter %q: given %d times", parameter.Name, len(values))
	}
	for _, value := range values {
		if parameter.Type != Integer {
			continue
		}
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return fmt.Errorf("query parameter %q: %q is no integer", parameter.Name, value)
		}
	}
	return nil
}

func checkRequestBody(operation Operation, contentType string, body []byte) error {
	switch operation.Body {
	case NoBody:
		if len(body) > 0 {
			return errors.New("the operation takes no body")
		}
		return nil
	case PatchBody:
		return checkDocument(contentType, body, checkPatch)
	default:
		return checkDocument(contentType, body, func(document any) error {
			return checkObject("", Schema{Name: "body", Fields: operation.BodyFields}, document)
		})
	}
}

func checkDocument(contentType string, body []byte, check func(document any) error) error {
	if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || mediaType != "application/json" {
		return fmt.Errorf("the Content-Type is %q, not application/json", contentType)
	}
	if !json.Valid(body) {
		return errors.New("the body is no JSON document")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // Keeps 1.0 and 1 apart, and large integers whole.
	var document any
	if err := decoder.Decode(&document); err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	return check(document)
}

func checkPatch(document any) error {
	elements, ok := document.([]any)
	if !ok {
		return fmt.Errorf("the body is %s, not an array of patch operations", describe(document))
	}
	var problems []error
	for i, element := range elements {
		pointer := "/" + strconv.Itoa(i)
		problems = append(problems, checkObject(pointer, Schema{Name: "patch operation", Fields: patchFields()}, element))
		if members, ok := element.(map[string]any); ok {
			problems = append(problems, checkPatchOperands(pointer, members))
		}
	}
	return errors.Join(problems...)
}

// checkPatchOperands checks what RFC 6902 requires beside op and path.
func checkPatchOperands(pointer string, members map[string]any) error {
	switch members["op"] {
	case "copy", "move":
		if _, ok := members["from"].(string); !ok {
			return fmt.Errorf("%s: a %s needs \"from\"", pointer, members["op"])
		}
	case "add", "replace", "test":
		if _, ok := members["value"]; !ok {
			return fmt.Errorf("%s: a %s needs \"value\"", pointer, members["op"])
		}
	}
	for _, name := range []string{"path", "from"} {
		if text, ok := members[name].(string); ok && text != "" && !strings.HasPrefix(text, "/") {
			return fmt.Errorf("%s/%s: %q is no JSON Pointer", pointer, name, text)
		}
	}
	return nil
}

func checkObject(pointer string, schema Schema, value any) error {
	members, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: is %s, not an object (%s)", name(pointer), describe(value), schema.Name)
	}
	var problems []error
	known := map[string]bool{}
	for _, field := range schema.Fields {
		known[field.Name] = true
		member, present := members[field.Name]
		switch {
		case present:
			problems = append(problems, checkField(pointer+"/"+field.Name, field, member))
		case field.Required:
			problems = append(problems, fmt.Errorf("%s/%s: is required (%s)", pointer, field.Name, schema.Name))
		}
	}
	if !schema.Open {
		for _, member := range slices.Sorted(maps.Keys(members)) {
			if !known[member] {
				problems = append(problems, fmt.Errorf("%s/%s: %s has no such member", pointer, member, schema.Name))
			}
		}
	}
	return errors.Join(problems...)
}

func checkField(pointer string, field Field, value any) error {
	if value == nil && (field.Nullable || field.Type == Any) {
		return nil
	}
	switch field.Type {
	case Any:
		return nil
	case Array:
		return checkArray(pointer, field, value)
	case Object:
		if field.Schema != nil {
			return checkObject(pointer, *field.Schema, value)
		}
		if _, ok := value.(map[string]any); !ok {
			return mistyped(pointer, field.Type, value)
		}
		return nil
	case Integer:
		number, ok := value.(json.Number)
		if !ok {
			return mistyped(pointer, field.Type, value)
		}
		if _, ok := new(big.Int).SetString(number.String(), 10); !ok {
			return fmt.Errorf("%s: %s is no integer", pointer, number)
		}
		return nil
	default:
		return checkString(pointer, field, value)
	}
}

func checkArray(pointer string, field Field, value any) error {
	elements, ok := value.([]any)
	if !ok {
		return mistyped(pointer, Array, value)
	}
	var problems []error
	for i, element := range elements {
		item := Field{Type: field.Items, Schema: field.Schema}
		problems = append(problems, checkField(pointer+"/"+strconv.Itoa(i), item, element))
	}
	return errors.Join(problems...)
}

func checkString(pointer string, field Field, value any) error {
	text, ok := value.(string)
	if !ok {
		return mistyped(pointer, String, value)
	}
	if len(field.Enum) > 0 && !slices.Contains(field.Enum, text) {
		return fmt.Errorf("%s: %q is none of %s", pointer, text, strings.Join(field.Enum, ", "))
	}
	switch field.Format {
	case DateTime:
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return fmt.Errorf("%s: %q is no RFC 3339 time", pointer, text)
		}
	case Byte:
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return fmt.Errorf("%s: is no base64: %w", pointer, err)
		}
	}
	return nil
}

func mistyped(pointer string, want Type, value any) error {
	return fmt.Errorf("%s: is %s, not %s", pointer, describe(value), want)
}

func describe(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

func name(pointer string) string {
	if pointer == "" {
		return "the body"
	}
	return pointer
}
