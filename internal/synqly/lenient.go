// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// This file reads remote objects field by field. Providers put values of other types where the API
// documents a string, and one odd field must not cost the object, nor the page that it is on.

// identityField is the one field that is never left out: an object that cannot be told from another
// is of no use.
const identityField = "id"

// decodeFields reads a JSON object into the fields of the struct that target points to, by their
// JSON names. A field of another type than documented stays zero, and one sorted text for each says
// so; it names the field and the type, never the value. The elements of a list are read one by one
// in the same way. Null and absent are zero, as encoding/json has it, and names have to match
// exactly. An ID may be a whole number. It fails for what is no object, and for an ID that is
// neither.
func decodeFields(data []byte, target any) (unreadable []string, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	object := reflect.ValueOf(target).Elem()
	for _, field := range reflect.VisibleFields(object.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		raw, given := members[name]
		if !given || name == "-" || name == "" {
			continue
		}
		if isIdentifier(name) {
			raw = asText(raw)
		}
		text := decodeField(name, raw, object.FieldByIndex(field.Index))
		switch {
		case text == "":
		case name == identityField:
			return nil, &json.UnmarshalTypeError{Value: jsonType(raw), Type: field.Type, Field: name}
		default:
			unreadable = append(unreadable, text)
		}
	}
	slices.Sort(unreadable)
	return unreadable, nil
}

// isIdentifier reports whether the field of that name is the ID of something.
func isIdentifier(name string) bool {
	return name == identityField || name == "project" || name == "parent" || strings.HasSuffix(name, "_id")
}

// asText makes a string of a whole number. Some providers number what they have, and an ID in a
// reference has to be the same as where it is the identity. Anything else stays as it is.
func asText(raw json.RawMessage) json.RawMessage {
	number := bytes.TrimSpace(raw)
	digits := bytes.TrimPrefix(number, []byte("-"))
	if len(digits) == 0 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return raw
	}
	return slices.Concat([]byte(`"`), number, []byte(`"`))
}

// withTextIDs makes strings of the numbers among the IDs of a JSON object.
func withTextIDs(data []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return data
	}
	changed := false
	for name, raw := range members {
		if text := asText(raw); isIdentifier(name) && len(text) > len(raw) {
			members[name], changed = text, true
		}
	}
	if !changed {
		return data
	}
	encoded, err := json.Marshal(members)
	if err != nil {
		return data
	}
	return encoded
}

// decodeField reads one value, and returns what is wrong with it.
func decodeField(name string, raw json.RawMessage, field reflect.Value) string {
	// Bytes and raw JSON are slices too, but no lists.
	if field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.Uint8 {
		return decodeElements(name, raw, field)
	}
	value := reflect.New(field.Type()) // Not the field itself, which could be left half full.
	if err := json.Unmarshal(raw, value.Interface()); err != nil {
		return describeUnreadable(name, raw, err)
	}
	field.Set(value.Elem())
	return ""
}

// decodeElements reads a list, leaves out the elements that cannot be read, and names the first of
// those: there can be as many as the server likes.
func decodeElements(name string, raw json.RawMessage, field reflect.Value) string {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return describeUnreadable(name, raw, err)
	}
	if elements == nil {
		return ""
	}
	read := reflect.MakeSlice(field.Type(), 0, len(elements))
	first, count := "", 0
	for i, element := range elements {
		value := reflect.New(field.Type().Elem())
		err := json.Unmarshal(element, value.Interface())
		if err == nil && jsonType(element) != "null" {
			read = reflect.Append(read, value.Elem())
			continue
		}
		if count == 0 {
			first = describeUnreadable(fmt.Sprintf("%s[%d]", name, i), element, err)
		}
		count++
	}
	field.Set(read)
	if count > 1 {
		return fmt.Sprintf("%s; %d more elements of %s cannot be read", first, count-1, name)
	}
	return first
}

// describeUnreadable says of which type a value is. It names a field inside the value where the
// error does.
func describeUnreadable(name string, raw json.RawMessage, err error) string {
	kind := jsonType(raw)
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		name += "." + mistyped.Field
		kind, _, _ = strings.Cut(mistyped.Value, " ") // The rest is the number that was found.
	}
	return fmt.Sprintf("%s cannot be read: its JSON type is %s", name, kind)
}

// jsonType names the type of a valid JSON value, as json.UnmarshalTypeError does.
func jsonType(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

// unreadableAmong returns the texts of decodeFields that are about one of the fields, or about
// something in it.
func unreadableAmong(unreadable []string, fields ...string) []string {
	var among []string
	for _, text := range unreadable {
		end := strings.IndexAny(text, " [.")
		if end >= 0 && slices.Contains(fields, text[:end]) {
			among = append(among, text)
		}
	}
	return among
}
