// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"reflect"
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"
)

// A list may have the same alerts a hundred thousand times and be small: it is its text that is
// not. So what makes text of values looks at their size before it does.

// printing is a function of text/template that makes text of values of any type, for values whose
// text is bounded. What escapes a text makes it at most six times as long.
func printing(text func(...any) string) func(...any) (string, error) {
	return func(arguments ...any) (string, error) {
		if err := checkPrinted(arguments); err != nil {
			return "", err
		}
		return text(arguments...), nil
	}
}

func toJSON(value any) (string, error) {
	if err := checkPrinted(value); err != nil {
		return "", err
	}
	return alertmanager.DefaultFuncs["toJson"].(func(any) (string, error))(value)
}

// checkPrinted fails for a value whose text is too long.
func checkPrinted(value any) error {
	if room := printed(reflect.ValueOf(value), maxSize); room < 0 {
		return errTooLarge
	}
	return nil
}

// longestNumber, in bytes, is what a number, a truth value or a time takes at most as text, and the
// least that any value is taken for.
const longestNumber, least = 64, 1

var timeType = reflect.TypeFor[time.Time]()

// printed takes the size of a value's text from the room that there is, and returns the rest. It
// stops when there is none.
func printed(value reflect.Value, room int) int {
	room -= least
	if room < 0 {
		return room
	}
	switch value.Kind() {
	case reflect.Invalid:
		return room
	case reflect.String:
		return room - value.Len()
	case reflect.Interface, reflect.Pointer:
		return printed(value.Elem(), room)
	case reflect.Slice, reflect.Array:
		for i := 0; i < value.Len() && room >= 0; i++ {
			room = printed(value.Index(i), room)
		}
		return room
	case reflect.Map:
		for each := value.MapRange(); room >= 0 && each.Next(); {
			room = printed(each.Value(), printed(each.Key(), room))
		}
		return room
	case reflect.Struct:
		if value.Type() == timeType {
			return room - longestNumber
		}
		for i := 0; i < value.NumField() && room >= 0; i++ {
			room = printed(value.Field(i), room)
		}
		return room
	default:
		return room - longestNumber
	}
}
