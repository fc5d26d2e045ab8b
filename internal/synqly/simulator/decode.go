// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// fieldType is what a member of a request must be.
type fieldType int

const (
	textField     fieldType = iota
	priorityField           // One of priorities.
	dateTimeField           // RFC 3339, date-time in the documentation.
	base64Field             // RFC 4648, byte in the documentation.
	textListField
	objectField
)

// field is one member of a request's object.
type field struct {
	name     string
	kind     fieldType
	required bool // And not blank.
	nullable bool
}

// priorities are ordered from the most pressing to the least.
var priorities = []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}

// decodeDocument checks that the body is exactly one JSON document.
func decodeDocument(body []byte) *problem {
	if len(bytes.TrimSpace(body)) == 0 {
		return refuse(inBody("", "the body is empty"))
	}
	if !utf8.Valid(body) {
		return refuse(inBody("", "the body is not valid UTF-8"))
	}
	var document json.RawMessage
	if err := json.Unmarshal(body, &document); err != nil {
		return refuse(inBody("", "the body is no JSON document: %v", err))
	}
	return nil
}

// decodeObject reads the members of a JSON object. It refuses a member that is given twice: RFC 8259 leaves open which of the
// two counts, and systems differ.
func decodeObject(pointer string, document []byte) (map[string]json.RawMessage, *problem) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, refuse(inBody(pointer, "%s is %s and must be an object", place(pointer), describe(document)))
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return nil, refuse(inBody(pointer, "%s cannot be read", place(pointer)))
		}
		if _, twice := members[name]; twice {
			return nil, refuse(inBody(join(pointer, name), "%s is given twice", place(join(pointer, name))))
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, refuse(inBody(pointer, "%s cannot be read", place(pointer)))
		}
		members[name] = value
	}
	return members, nil
}

// checkMembers returns everything in which the members differ from the fields.
func checkMembers(members map[string]json.RawMessage, fields []field) []violation {
	var violations []violation
	for _, expected := range fields {
		value, present := members[expected.name]
		switch {
		case present:
			violations = append(violations, checkValue(expected, value)...)
		case expected.required:
			violations = append(violations, inBody("/"+expected.name, "%s is required and missing", expected.name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.ContainsFunc(fields, func(known field) bool { return known.name == name }) {
			violations = append(violations, inBody(join("", name), "%s is no field of this request", shorten(name)).
				remedy("Send only these: %s.", fieldNames(fields)))
		}
	}
	return violations
}

func fieldNames(fields []field) string {
	names := make([]string, len(fields))
	for i, known := range fields {
		names[i] = known.name
	}
	return strings.Join(names, ", ")
}

func checkValue(expected field, value json.RawMessage) []violation {
	pointer := "/" + expected.name
	if string(value) == "null" {
		if expected.nullable {
			return nil
		}
		return []violation{inBody(pointer, "%s must not be null", expected.name).sent(value)}
	}
	switch expected.kind {
	case textListField:
		return checkTextList(expected, value)
	case objectField:
		if describe(value) != "an object" {
			return mistyped(pointer, expected.name, "an object", value)
		}
		return nil
	default:
		var given string
		if json.Unmarshal(value, &given) != nil {
			return mistyped(pointer, expected.name, "a string", value)
		}
		return checkText(expected, given, value)
	}
}

func checkText(expected field, given string, value json.RawMessage) []violation {
	pointer := "/" + expected.name
	if expected.required && expected.kind != base64Field && strings.TrimSpace(given) == "" {
		return []violation{inBody(pointer, "%s must not be empty", expected.name).sent(value)}
	}
	switch expected.kind {
	case priorityField:
		if !slices.Contains(priorities, given) {
			return []violation{inBody(pointer, "%s is %q, which is no priority", expected.name, shorten(given)).sent(value).
				remedy("Use one of %s.", strings.Join(priorities, ", "))}
		}
	case dateTimeField:
		if _, err := parseTime(given); err != nil {
			return []violation{inBody(pointer, "%s is %q, which is no time", expected.name, shorten(given)).sent(value).
				remedy("Use RFC 3339, such as 2026-12-01T08:00:00Z.")}
		}
	case base64Field:
		if _, err := base64.StdEncoding.Strict().DecodeString(given); err != nil {
			return []violation{inBody(pointer, "%s is not base64: %v", expected.name, err).
				remedy("Use the standard alphabet of RFC 4648 with padding.")}
		}
	}
	return nil
}

func checkTextList(expected field, value json.RawMessage) []violation {
	pointer := "/" + expected.name
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return mistyped(pointer, expected.name, "an array of strings", value)
	}
	var violations []violation
	for i, element := range elements {
		if describe(element) != "a string" {
			violations = append(violations,
				mistyped(pointer+"/"+strconv.Itoa(i), fmt.Sprintf("%s[%d]", expected.name, i), "a string", element)...)
		}
	}
	return violations
}

func mistyped(pointer, name, want string, value json.RawMessage) []violation {
	return []violation{inBody(pointer, "%s is %s and must be %s", name, describe(value), want).sent(value)}
}

// describe names the type of a valid JSON value.
func describe(value json.RawMessage) string {
	trimmed := bytes.TrimSpace(value)
	if len(trimmed) == 0 {
		return "nothing"
	}
	switch trimmed[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// parseTime reads an RFC 3339 time. It refuses one that cannot be written again in UTC, such as the last second of the year 9999
// in a zone behind UTC.
func parseTime(given string) (time.Time, error) {
	moment, err := time.Parse(time.RFC3339Nano, given)
	if err != nil {
		return time.Time{}, err
	}
	moment = moment.UTC()
	if moment.Year() < 1 || moment.Year() > 9999 {
		return time.Time{}, fmt.Errorf("the year %d is out of range", moment.Year())
	}
	return moment, nil
}

// decodeInto fills target with a document that has been checked already.
func decodeInto(document []byte, target any) *problem {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return refuse(inBody("", "the body cannot be read: %v", err))
	}
	return nil
}

// decodeRequest reads a request's object with those fields into target.
func decodeRequest(body []byte, fields []field, target any) *problem {
	if invalid := decodeDocument(body); invalid != nil {
		return invalid
	}
	members, invalid := decodeObject("", body)
	if invalid != nil {
		return invalid
	}
	if violations := checkMembers(members, fields); len(violations) > 0 {
		return refuse(violations...)
	}
	return decodeInto(body, target)
}

// join appends a reference token to a JSON Pointer (RFC 6901).
func join(pointer, token string) string {
	return pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(shorten(token))
}

func place(pointer string) string {
	if pointer == "" {
		return "the body"
	}
	return pointer
}
