// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// InvalidBody is a request body that an operation must refuse.
type InvalidBody struct {
	// Name says what is wrong, as the name of a test case.
	Name string
	// Field is the wire name of the member that is wrong, empty when it is not one member.
	Field string
	Body  []byte
}

// InvalidBodies returns the operation's example request with one thing wrong each time: every required member dropped, every
// member of a wrong type, every value outside of its enum or format, a member that the operation does not have, and bodies
// that are no such document at all. It is empty for an operation without a body.
func InvalidBodies(operation Operation) []InvalidBody {
	switch operation.Body {
	case NoBody:
		return nil
	case PatchBody:
		return slices.Concat(invalidDocuments(), invalidPatches())
	default:
		return slices.Concat(invalidDocuments(), invalidObjects(operation))
	}
}

func invalidDocuments() []InvalidBody {
	return []InvalidBody{
		{Name: "no body", Body: nil},
		{Name: "null", Body: []byte(`null`)},
		{Name: "a string", Body: []byte(`"text"`)},
		{Name: "a number", Body: []byte(`1`)},
		{Name: "cut off", Body: []byte(`{"summary": "p9`)},
	}
}

func invalidObjects(operation Operation) []InvalidBody {
	var example map[string]any
	if err := json.Unmarshal(operation.ExampleRequest, &example); err != nil {
		panic(fmt.Sprintf("contract: example request of %s: %v", operation.Name, err))
	}
	change := func(what, field string, value any) InvalidBody {
		changed := maps.Clone(example)
		changed[field] = value
		return InvalidBody{Name: what, Field: field, Body: encode(changed)}
	}
	bodies := []InvalidBody{
		{Name: "an array", Body: encode([]any{example})},
		{Name: "trailing data", Body: append(encode(example), []byte(` {}`)...)},
		change("unknown member", "no_such_member", "x"),
	}
	for _, field := range operation.BodyFields {
		if field.Required {
			dropped := maps.Clone(example)
			delete(dropped, field.Name)
			bodies = append(bodies, InvalidBody{Name: field.Name + " dropped", Field: field.Name, Body: encode(dropped)})
		}
		for _, wrong := range wrongValues(field) {
			bodies = append(bodies, change(fmt.Sprintf("%s is %s", field.Name, encode(wrong)), field.Name, wrong))
		}
	}
	return bodies
}

// wrongValues returns values that the field must not have.
func wrongValues(field Field) []any {
	wrong := []any{true, 7}
	switch field.Type {
	case Any:
		return nil
	case String:
		wrong = append(wrong, []any{"x"}, map[string]any{"x": "y"})
	case Array:
		wrong = append(wrong, "x", map[string]any{"x": "y"}, []any{1})
	case Object:
		wrong = append(wrong, "x", []any{"x"})
	case Integer:
		wrong = []any{true, "7", 1.5}
	}
	if !field.Nullable {
		wrong = append(wrong, nil)
	}
	if len(field.Enum) > 0 {
		wrong = append(wrong, "NO_SUCH_VALUE", "")
	}
	if field.Format != "" {
		wrong = append(wrong, "not "+string(field.Format))
	}
	return wrong
}

func invalidPatches() []InvalidBody {
	patch := func(what, field, element string) InvalidBody {
		return InvalidBody{Name: what, Field: field, Body: []byte("[" + element + "]")}
	}
	bodies := []InvalidBody{
		{Name: "an object", Body: []byte(`{"op": "replace", "path": "/title", "value": "x"}`)},
		{Name: "trailing data", Body: []byte(`[{"op": "replace", "path": "/title", "value": "x"}] []`)},
		patch("element null", "", `null`),
		patch("element a string", "", `"replace"`),
		patch("unknown member", "no_such_member", `{"op": "replace", "path": "/title", "value": "x", "no_such_member": 1}`),
		patch("op dropped", "op", `{"path": "/title", "value": "x"}`),
		patch("op null", "op", `{"op": null, "path": "/title", "value": "x"}`),
		patch("op a number", "op", `{"op": 1, "path": "/title", "value": "x"}`),
		patch("op unknown", "op", `{"op": "merge", "path": "/title", "value": "x"}`),
		patch("path dropped", "path", `{"op": "replace", "value": "x"}`),
		patch("path null", "path", `{"op": "replace", "path": null, "value": "x"}`),
		patch("path a number", "path", `{"op": "replace", "path": 1, "value": "x"}`),
		patch("path no pointer", "path", `{"op": "replace", "path": "title", "value": "x"}`),
		patch("from a number", "from", `{"op": "copy", "path": "/title", "from": 1}`),
	}
	for _, op := range []string{"add", "replace", "test"} {
		bodies = append(bodies, patch(op+" without value", "value", fmt.Sprintf(`{"op": %q, "path": "/title"}`, op)))
	}
	for _, op := range []string{"copy", "move"} {
		bodies = append(bodies,
			patch(op+" without from", "from", fmt.Sprintf(`{"op": %q, "path": "/title"}`, op)),
			patch(op+" from null", "from", fmt.Sprintf(`{"op": %q, "path": "/title", "from": null}`, op)))
	}
	return bodies
}

func encode(value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("contract: encoding an example: %v", err))
	}
	return body
}
