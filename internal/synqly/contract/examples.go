// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// ExampleProblem is the body of an answer that is not a success, with every known member.
func ExampleProblem() json.RawMessage {
	return encode(load().document.Components.Schemas["Problem"].Value.Example)
}

func exampleOf(content *openapi3.MediaType) any {
	if content.Example != nil {
		return content.Example
	}
	return exampleOfSchema(content.Schema.Value)
}

// exampleOfSchema returns the schema's example, or makes one from the examples of its members. A
// member without one is left out.
func exampleOfSchema(schema *openapi3.Schema) any {
	if schema.Example != nil {
		return schema.Example
	}
	if schema.Items != nil {
		return []any{exampleOfSchema(schema.Items.Value)}
	}
	object := map[string]any{}
	for name, property := range schema.Properties {
		if property.Value.Example != nil || name == "result" {
			object[name] = exampleOfSchema(property.Value)
		}
	}
	return object
}

// InvalidBody is a request body that an operation must refuse.
type InvalidBody struct {
	// Name says what is wrong, as the name of a test case.
	Name string
	// Field is the wire name of the member that is wrong, empty when it is not one member.
	Field string
	Body  []byte
}

// InvalidBodies returns the operation's example request with one thing wrong each time, as its
// schema tells: every required member dropped, every member of a wrong type, every value outside of
// its enum or format, a member that the operation does not have, and bodies that are no such
// document at all. It is empty for an operation without a body.
func InvalidBodies(operation Operation) []InvalidBody {
	if operation.Body == nil {
		return nil
	}
	bodies := []InvalidBody{
		{Name: "no body", Body: nil},
		{Name: "null", Body: []byte(`null`)},
		{Name: "a string", Body: []byte(`"text"`)},
		{Name: "a number", Body: []byte(`1`)},
		{Name: "cut off", Body: operation.ExampleRequest[:len(operation.ExampleRequest)/2]},
		{Name: "trailing data", Body: slices.Concat(operation.ExampleRequest, []byte(` {}`))},
	}
	if operation.Body.Items != nil {
		return append(bodies, invalidPatches(operation.Body.Items.Value)...)
	}
	bodies = append(bodies, InvalidBody{Name: "an array", Body: slices.Concat([]byte("["), operation.ExampleRequest, []byte("]"))})
	return append(bodies, invalidObjects(operation.Body, operation.Body.Example)...)
}

// invalidPatches returns arrays of one element that is none of the alternatives.
func invalidPatches(element *openapi3.Schema) []InvalidBody {
	bodies := []InvalidBody{{Name: "element null", Body: []byte(`[null]`)}, {Name: "element a string", Body: []byte(`["replace"]`)}}
	for _, alternative := range element.OneOf {
		schema := alternative.Value
		for _, op := range schema.Properties[element.Discriminator.PropertyName].Value.Enum {
			example := maps.Clone(schema.Example.(map[string]any))
			example[element.Discriminator.PropertyName] = op
			bodies = append(bodies, InvalidBody{Name: fmt.Sprintf("%v: an object", op), Body: encode(example)})
			for _, invalid := range invalidObjects(schema, example) {
				invalid.Name = fmt.Sprintf("%v: %s", op, invalid.Name)
				invalid.Body = slices.Concat([]byte("["), invalid.Body, []byte("]"))
				bodies = append(bodies, invalid)
			}
		}
	}
	return bodies
}

func invalidObjects(schema *openapi3.Schema, valid any) []InvalidBody {
	example := valid.(map[string]any)
	change := func(what, field string, value any) InvalidBody {
		changed := maps.Clone(example)
		changed[field] = value
		return InvalidBody{Name: what, Field: field, Body: encode(changed)}
	}
	bodies := []InvalidBody{change("unknown member", "no_such_member", "x")}
	for _, name := range schema.Required {
		dropped := maps.Clone(example)
		delete(dropped, name)
		bodies = append(bodies, InvalidBody{Name: name + " dropped", Field: name, Body: encode(dropped)})
	}
	for _, name := range Properties(schema) {
		for _, wrong := range wrongValues(schema.Properties[name].Value) {
			bodies = append(bodies, change(fmt.Sprintf("%s is %s", name, encode(wrong)), name, wrong))
		}
	}
	return bodies
}

// wrongValues returns values that the schema must not accept.
func wrongValues(schema *openapi3.Schema) []any {
	if schema.Type == nil {
		return nil // Anything goes.
	}
	wrong := []any{true, 7}
	switch {
	case schema.Type.Is(openapi3.TypeString):
		wrong = append(wrong, []any{"x"}, map[string]any{"x": "y"})
	case schema.Type.Is(openapi3.TypeArray):
		wrong = append(wrong, "x", map[string]any{"x": "y"}, []any{1})
	case schema.Type.Is(openapi3.TypeObject):
		wrong = append(wrong, "x", []any{"x"})
	}
	if !schema.Nullable {
		wrong = append(wrong, nil)
	}
	if len(schema.Enum) > 0 {
		wrong = append(wrong, "NO_SUCH_VALUE", "")
	}
	if schema.Format != "" {
		wrong = append(wrong, "not "+schema.Format)
	}
	return wrong
}

// encode writes what the document has as JSON.
func encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("contract: encoding an example: %v", err)) // It was read from JSON or YAML.
	}
	return encoded
}
