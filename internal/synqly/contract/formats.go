// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats are stricter than those of the library, or not among them. Each error ends a sentence.
var formats = map[string]openapi3.StringFormatValidator{
	"date-time": openapi3.NewCallbackValidator(func(text string) error {
		_, err := ParseTime(text)
		return err
	}),
	"byte": openapi3.NewCallbackValidator(func(text string) error {
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return fmt.Errorf("no base64 with the standard alphabet of RFC 4648 and padding: %w", err)
		}
		return nil
	}),
	"json-pointer": openapi3.NewCallbackValidator(func(text string) error {
		if text != "" && !strings.HasPrefix(text, "/") {
			return errors.New("no JSON Pointer: it has to start with a slash")
		}
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(text), "~") {
			return errors.New("no JSON Pointer: ~ has to be followed by 0 or 1")
		}
		return nil
	}),
}

// ParseTime reads a date-time. It refuses one that cannot be written again in UTC, such as the last
// second of the year 9999 in a zone behind UTC.
func ParseTime(text string) (time.Time, error) {
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, errors.New("no RFC 3339 time, such as 2026-12-01T08:00:00Z")
	}
	moment = moment.UTC()
	if moment.Year() < 1 || moment.Year() > 9999 {
		return time.Time{}, fmt.Errorf("in the year %d, which is out of range", moment.Year())
	}
	return moment, nil
}

// CheckJSON returns why the text is not exactly one JSON document, in UTF-8 and without a member
// that is given twice, nil when it is. The error is ValidationErrors.
func CheckJSON(text []byte) error {
	if violations := violationsOfJSON(text); len(violations) > 0 {
		return violations
	}
	return nil
}

// violationsOfJSON is by hand because openapi3filter and encoding/json pass over all three: they
// replace what is no UTF-8, stop at the end of the document, and take the last of two members,
// where RFC 8259 leaves open which one counts.
func violationsOfJSON(text []byte) ValidationErrors {
	if len(text) == 0 {
		return nil
	}
	if !utf8.Valid(text) {
		return ValidationErrors{{Location: "body", Message: "the body is not valid UTF-8"}}
	}
	var document json.RawMessage
	if err := json.Unmarshal(text, &document); err != nil {
		return ValidationErrors{{Location: "body", Message: fmt.Sprintf("the body is no JSON document: %v", err)}}
	}
	if twice := findDuplicate(json.NewDecoder(bytes.NewReader(text)), nil); twice != nil {
		return ValidationErrors{{Location: "body", Parameter: pointer(twice), Message: label(twice) + " is given twice"}}
	}
	return nil
}

// findDuplicate returns the path to a member that an object of a valid document has twice, nil when
// none has.
func findDuplicate(decoder *json.Decoder, path []string) []string {
	start, _ := decoder.Token() // The document is valid: no token fails.
	if start != json.Delim('{') && start != json.Delim('[') {
		return nil
	}
	seen := map[string]bool{}
	for index := 0; decoder.More(); index++ {
		name := strconv.Itoa(index)
		if start == json.Delim('{') {
			key, _ := decoder.Token()
			name, _ = key.(string)
		}
		place := append(slices.Clip(path), name)
		if seen[name] {
			return place
		}
		seen[name] = true
		if twice := findDuplicate(decoder, place); twice != nil {
			return twice
		}
	}
	_, _ = decoder.Token() // The end of the object or array.
	return nil
}
