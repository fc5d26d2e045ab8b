// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"text/template"
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"
)

// functions are those of Alertmanager and text/template. In the place of those whose result can be
// much larger than what they are given, or that take very long for it, there are some that bound it
// and do the same otherwise.
func functions(now func() time.Time) template.FuncMap {
	all := template.FuncMap{}
	maps.Copy(all, alertmanager.DefaultFuncs)
	maps.Copy(all, template.FuncMap{
		"now":      now,
		"since":    func(start time.Time) time.Duration { return now().Sub(start) },
		"join":     join,
		"match":    match,
		"tz":       inTimeZone,
		"toJson":   toJSON,
		"print":    printing(fmt.Sprint),
		"printf":   printf,
		"println":  printing(fmt.Sprintln),
		"html":     printing(template.HTMLEscaper),
		"js":       printing(template.JSEscaper),
		"urlquery": printing(template.URLQueryEscaper),
	})
	return all
}

// join is Alertmanager's, for a list and a separator whose product is bounded.
func join(separator string, list any) (string, error) {
	if value := reflect.ValueOf(list); value.IsValid() && (value.Kind() == reflect.Slice || value.Kind() == reflect.Array) {
		if len(separator)*value.Len() > maxSize {
			return "", errTooLarge
		}
	}
	if err := checkPrinted(list); err != nil {
		return "", err
	}
	return alertmanager.DefaultFuncs["join"].(func(string, any) (string, error))(separator, list)
}

// Bounds of regular expressions. Go's take a time for one match that is the product of the length
// of the text and that of the expression.
const (
	maxPattern      = 1024
	maxInstructions = 4096
	maxMatched      = 64 << 10
	maxReplacement  = 1024
	maxGroups       = 16 // What is kept of each match is twice as many numbers.
)

// compile compiles a regular expression that is bounded, for a text that is.
func compile(pattern, text string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a regular expression is longer than %d bytes", maxPattern)
	}
	if len(text) > maxMatched {
		return nil, fmt.Errorf("a text for a regular expression is longer than %d bytes", maxMatched)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if groups := parsed.MaxCap(); groups > maxGroups {
		return nil, fmt.Errorf("the regular expression %q has %d groups; at most %d are taken", pattern, groups, maxGroups)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > maxInstructions {
		return nil, fmt.Errorf("the regular expression %q repeats too much", pattern)
	}
	return regexp.Compile(pattern)
}

func match(pattern, text string) (bool, error) {
	expression, err := compile(pattern, text)
	if err != nil {
		return false, err
	}
	return expression.MatchString(text), nil
}

// replaceAll is reReplaceAll. A text may have as many matches as bytes, and each may take as long
// as the text, so there is a look at the time at each of them. What was in time once is done once
// more.
func (e *execution) replaceAll(pattern, replacement, text string) (string, error) {
	expression, err := compile(pattern, text)
	if err != nil {
		return "", err
	}
	if len(replacement) > maxReplacement {
		return "", fmt.Errorf("a replacement is longer than %d bytes", maxReplacement)
	}
	if err := e.checkMatches(expression, text); err != nil {
		return "", err
	}
	var replaced []byte
	rest := 0
	for _, found := range expression.FindAllStringSubmatchIndex(text, -1) {
		if len(replacement)+strings.Count(replacement, "$")*(found[1]-found[0]) > maxSize {
			return "", errTooLarge
		}
		replaced = append(replaced, text[rest:found[0]]...)
		replaced = expression.ExpandString(replaced, replacement, text, found)
		if rest = found[1]; len(replaced) > maxSize {
			return "", errTooLarge
		}
	}
	return string(append(replaced, text[rest:]...)), nil
}

// checkMatches looks for all matches in a text, and fails when the time is over before that.
func (e *execution) checkMatches(expression *regexp.Regexp, text string) (err error) {
	// Only a panic ends what calls the function.
	defer func() {
		if reason := recover(); reason != nil {
			if reason != any(errTooSlow) {
				panic(reason)
			}
			err = errTooSlow
		}
	}()
	expression.ReplaceAllStringFunc(text, func(string) string {
		if time.Now().After(e.deadline) {
			panic(errTooSlow)
		}
		return ""
	})
	return nil
}

// unboundedVerb is a verb of printf that has a width or a precision of more than three digits or
// from an argument, or that names its argument, which it could then do often.
var unboundedVerb = regexp.MustCompile(`%[-+# 0-9.]*([1-9][0-9]{3}|\*|\[)`)

func printf(format string, arguments ...any) (string, error) {
	if verb := unboundedVerb.FindString(format); verb != "" {
		return "", fmt.Errorf("printf takes no %q: a width has at most three digits, and an argument has no number", verb)
	}
	if err := checkPrinted(arguments); err != nil {
		return "", err
	}
	return fmt.Sprintf(format, arguments...), nil
}

// inTimeZone is Alertmanager's tz, for the names of time zones alone: Go takes no path that leads
// out of its time zones, and this takes none that is longer than such a name.
func inTimeZone(name string, moment time.Time) (time.Time, error) {
	if len(name) > 64 || strings.ContainsAny(name, `.\`) {
		return time.Time{}, fmt.Errorf("%.64q is no time zone", name)
	}
	return alertmanager.DefaultFuncs["tz"].(func(string, time.Time) (time.Time, error))(name, moment)
}
