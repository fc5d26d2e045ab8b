// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// Violation is one thing that is wrong with a request or an answer.
type Violation struct {
	// Location is body, query, path or header.
	Location string
	// Parameter is the name of the parameter; in a body, a JSON Pointer (RFC 6901).
	Parameter string
	Message   string
	// Remedy says what to do instead, where that is more than the contrary of the message.
	Remedy string
	// Value is what was sent, nil when nothing was.
	Value any

	rank int
}

// ValidationErrors are all that is wrong with a request or an answer.
type ValidationErrors []Violation

func (v ValidationErrors) Error() string {
	messages := make([]string, len(v))
	for i, violation := range v {
		messages[i] = violation.Message
	}
	return strings.Join(messages, "\n")
}

// asError returns the violations as an error about a request or a response of the operation, nil
// when there are none.
func (v ValidationErrors) asError(what string, operation Operation) error {
	if len(v) == 0 {
		return nil
	}
	return fmt.Errorf("%s of %s: %w", what, operation.Name, v)
}

// requestViolations says what openapi3filter found wrong with a request.
func requestViolations(err error) ValidationErrors {
	var violations ValidationErrors
	for _, single := range flatten(err) {
		var invalid *openapi3filter.RequestError
		switch isRequest := errors.As(single, &invalid); {
		case isRequest && invalid.Parameter != nil:
			violations = append(violations, parameterViolation(invalid))
		case errors.Is(single, openapi3filter.ErrInvalidRequired):
			violations = append(violations, Violation{Location: "body", Message: "the body is empty"})
		case isRequest && invalid.Err != nil:
			violations = append(violations, schemaViolations("request", invalid.Err)...)
		default:
			violations = append(violations, Violation{Location: "header", Parameter: "Content-Type", Message: single.Error()})
		}
	}
	return violations
}

func parameterViolation(invalid *openapi3filter.RequestError) Violation {
	parameter := invalid.Parameter
	sent := invalid.Input.PathParams[parameter.Name]
	if parameter.In == openapi3.ParameterInQuery {
		sent = invalid.Input.QueryParams.Get(parameter.Name)
	}
	return Violation{
		Location: parameter.In, Parameter: parameter.Name, Value: sent,
		Message: fmt.Sprintf("%s parameter %q is %s and must be %s",
			parameter.In, parameter.Name, shown(sent), typeName(parameter.Schema.Value)),
	}
}

func flatten(err error) []error {
	multiple, ok := err.(openapi3.MultiError) //nolint:errorlint // It is never wrapped, and errors.As would go into it.
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var flat []error
	for _, single := range multiple {
		flat = append(flat, flatten(single)...)
	}
	return flat
}

// What is missing comes before what is wrong, and that before what is too much.
const (
	rankMissing = iota
	rankWrong
	rankUnknown
)

// schemaViolations says in which places a document is not as its schema wants it. The document is a
// request or an answer.
func schemaViolations(document string, err error) ValidationErrors {
	var violations ValidationErrors
	listed := map[string]bool{} // Objects whose unknown members have been named.
	for _, single := range flatten(err) {
		var invalid *openapi3.SchemaError
		switch isSchema := errors.As(single, &invalid); {
		case !isSchema:
			violations = append(violations, Violation{Location: "body", Message: single.Error(), rank: rankWrong})
		case invalid.SchemaField != "properties":
			violations = append(violations, schemaViolation(document, invalid)...)
		case !listed[pointer(invalid.JSONPointer())]:
			listed[pointer(invalid.JSONPointer())] = true
			violations = append(violations, unknownMembers(document, invalid)...)
		}
	}
	slices.SortStableFunc(violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.Parameter, b.Parameter))
	})
	// The alternatives of a oneOf complain about the same things.
	return slices.CompactFunc(violations, func(a, b Violation) bool { return a.Parameter == b.Parameter && a.Message == b.Message })
}

func schemaViolation(document string, invalid *openapi3.SchemaError) ValidationErrors {
	path := invalid.JSONPointer()
	violation := Violation{Location: "body", Parameter: pointer(path), Value: invalid.Value, rank: rankWrong}
	switch place := label(path); invalid.SchemaField {
	case "oneOf":
		var alternatives openapi3.MultiError
		if errors.As(invalid.Origin, &alternatives) {
			return schemaViolations(document, alternatives)
		}
		violation.Message = place + " is none of the alternatives"
	case "discriminator":
		return ValidationErrors{discriminatorViolation(path, invalid)}
	case "required":
		violation.Message, violation.Value, violation.rank = place+" is required and missing", nil, rankMissing
	case "nullable":
		violation.Message, violation.Value = place+" must not be null", json.RawMessage("null")
	case "enum":
		violation.Message = fmt.Sprintf("%s is %s, which is no %s", place, shown(invalid.Value), path[len(path)-1])
		violation.Remedy = oneOf(invalid.Schema.Enum)
	case "format":
		violation.Message = fmt.Sprintf("%s is %s, which is %v", place, shown(invalid.Value), errors.Unwrap(invalid.Origin))
	default:
		violation.Message = fmt.Sprintf("%s is %s and must be %s", place, kindOf(invalid.Value), typeName(invalid.Schema))
	}
	return ValidationErrors{violation}
}

func discriminatorViolation(path []string, invalid *openapi3.SchemaError) Violation {
	discriminator := invalid.Schema.Discriminator
	path = append(path, discriminator.PropertyName)
	return Violation{
		Location: "body", Parameter: pointer(path), Value: invalid.Value, rank: rankWrong,
		Message: fmt.Sprintf("%s must be one of %s", label(path), strings.Join(slices.Sorted(maps.Keys(discriminator.Mapping)), ", ")),
	}
}

// unknownMembers names all members that the object must not have. The library has one error for
// each of them, all with the whole object.
func unknownMembers(document string, invalid *openapi3.SchemaError) ValidationErrors {
	members, _ := invalid.Value.(map[string]any)
	var violations ValidationErrors
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if invalid.Schema.Properties[name] == nil {
			place := append(invalid.JSONPointer(), name)
			violations = append(violations, Violation{
				Location: "body", Parameter: pointer(place), Value: members[name], rank: rankUnknown,
				Message: label(place) + " is no field of this " + document, Remedy: onlyThese(Properties(invalid.Schema)),
			})
		}
	}
	return violations
}

func onlyThese(names []string) string {
	return fmt.Sprintf("Send only these: %s.", strings.Join(names, ", "))
}

func oneOf(values []any) string {
	names := make([]string, len(values))
	for i, value := range values {
		names[i] = fmt.Sprint(value)
	}
	return fmt.Sprintf("Use one of %s.", strings.Join(names, ", "))
}

func pointer(path []string) string {
	var text strings.Builder
	for _, token := range path {
		fmt.Fprintf(&text, "/%.200s", strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	return text.String()
}

// label is a place in a document as a sentence names it: tags[1].
func label(path []string) string {
	if len(path) == 0 {
		return "the body"
	}
	var text strings.Builder
	for i, token := range path {
		if _, err := strconv.Atoi(token); err == nil {
			text.WriteString("[" + token + "]")
			continue
		}
		if i > 0 {
			text.WriteString(".")
		}
		fmt.Fprintf(&text, "%.200s", token)
	}
	return text.String()
}

// typeName names the type that a schema wants.
func typeName(schema *openapi3.Schema) string {
	if schema.Type == nil || schema.Type.IsEmpty() {
		return "something else"
	}
	switch name := schema.Type.Slice()[0]; name {
	case openapi3.TypeArray, openapi3.TypeObject:
		return "an " + name
	case openapi3.TypeInteger:
		return "a whole number"
	default:
		return "a " + name
	}
}

// kindOf names the type of a JSON value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number, float64:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

// shown is a value as a message has it.
func shown(value any) string {
	if text, ok := value.(string); ok {
		return fmt.Sprintf("%.200q", text) // Somebody may send kilobytes in a place for words.
	}
	return kindOf(value)
}
