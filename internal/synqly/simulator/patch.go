// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

const (
	maxPatchOperations = 1000
	// maxCopiedBytes bounds by how much a document may grow beyond what the patch brings: each copy can double it.
	maxCopiedBytes = 2 << 20
)

// patchOperation is one element of a JSON Patch (RFC 6902), checked.
type patchOperation struct {
	op, path, from string
	raw            json.RawMessage
}

// decodePatch reads a JSON Patch and refuses what RFC 6902 does, and members that it does not name.
func decodePatch(body []byte) ([]patchOperation, *problem) {
	if invalid := decodeDocument(body); invalid != nil {
		return nil, invalid
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(body, &elements); err != nil || elements == nil {
		return nil, refuse(inBody("", "the body is %s and must be an array of JSON Patch operations", describe(body)))
	}
	if len(elements) > maxPatchOperations {
		return nil, refuse(inBody("", "the patch has %d operations, more than %d", len(elements), maxPatchOperations))
	}
	operations := make([]patchOperation, 0, len(elements))
	for i, element := range elements {
		operation, invalid := decodePatchOperation("/"+strconv.Itoa(i), element)
		if invalid != nil {
			return nil, invalid
		}
		operations = append(operations, operation)
	}
	return operations, nil
}

func decodePatchOperation(pointer string, element json.RawMessage) (patchOperation, *problem) {
	members, invalid := decodeObject(pointer, element)
	if invalid != nil {
		return patchOperation{}, invalid
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains([]string{"op", "path", "from", "value"}, name) {
			return patchOperation{}, refuse(inBody(join(pointer, name), "%s is no member of a patch operation", shorten(name)))
		}
	}
	operation := patchOperation{raw: element}
	needsValue, needsFrom := false, false
	if operation.op, invalid = patchText(pointer, "op", members, true); invalid != nil {
		return patchOperation{}, invalid
	}
	switch operation.op {
	case "add", "replace", "test":
		needsValue = true
	case "copy", "move":
		needsFrom = true
	case "remove":
	default:
		return patchOperation{}, refuse(inBody(pointer+"/op", "op is %q, which is no patch operation", shorten(operation.op)).
			remedy("Use one of add, copy, move, remove, replace, test."))
	}
	if operation.path, invalid = patchPointer(pointer, "path", members, true); invalid != nil {
		return patchOperation{}, invalid
	}
	if operation.from, invalid = patchPointer(pointer, "from", members, needsFrom); invalid != nil {
		return patchOperation{}, invalid
	}
	if _, given := members["value"]; needsValue && !given {
		return patchOperation{}, refuse(inBody(pointer+"/value", "value is missing: the operation %s needs it", operation.op))
	}
	return operation, nil
}

// patchText reads a member that is a string. Where it is not required, null counts as absent.
func patchText(pointer, name string, members map[string]json.RawMessage, required bool) (string, *problem) {
	value, given := members[name]
	if !given && required {
		return "", refuse(inBody(pointer+"/"+name, "%s is missing from the patch operation", name))
	}
	if !given || (string(value) == "null" && !required) {
		return "", nil
	}
	if describe(value) != "a string" {
		return "", refuse(mistyped(pointer+"/"+name, name, "a string", value)...)
	}
	var content string
	if err := json.Unmarshal(value, &content); err != nil {
		return "", refuse(inBody(pointer+"/"+name, "%s cannot be read: %v", name, err))
	}
	return content, nil
}

// patchPointer reads a member that is a JSON Pointer into the document, but not to all of it.
func patchPointer(pointer, name string, members map[string]json.RawMessage, required bool) (string, *problem) {
	given, invalid := patchText(pointer, name, members, required)
	if invalid != nil || (!required && given == "") {
		return given, invalid
	}
	if _, err := pointerTokens(given); err != nil {
		return "", refuse(inBody(pointer+"/"+name, "%s is %q: %v", name, shorten(given), err).sent(quote(given)))
	}
	return given, nil
}

// pointerTokens splits a JSON Pointer (RFC 6901).
func pointerTokens(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, errors.New("the document as a whole cannot be patched, only its members")
	}
	if !strings.HasPrefix(pointer, "/") {
		return nil, errors.New("a JSON Pointer starts with a slash")
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, token := range tokens {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(token), "~") {
			return nil, errors.New("in a JSON Pointer, ~ is followed by 0 or 1")
		}
		if token == "" {
			return nil, errors.New("the name of a member is empty")
		}
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return tokens, nil
}

// writes returns the members of the document that the operation changes.
func (o patchOperation) writes() []string {
	switch o.op {
	case "test":
		return nil
	case "move":
		return []string{firstToken(o.from), firstToken(o.path)}
	default:
		return []string{firstToken(o.path)}
	}
}

func firstToken(pointer string) string {
	tokens, err := pointerTokens(pointer)
	if err != nil {
		return ""
	}
	return tokens[0]
}

// applyPatch applies the operations, all or none, and returns the new document.
//
// Operations are applied one by one so that an answer can name the one that failed. Whether a path exists is checked here: the
// library takes a test of a missing member for one of null, and understands negative indices, which RFC 6902 does not have.
func applyPatch(document []byte, operations []patchOperation) ([]byte, *problem) {
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.EscapeHTML = false
	limit := len(document) + maxCopiedBytes
	for i, operation := range operations {
		pointer := "/" + strconv.Itoa(i)
		if invalid := checkPaths(pointer, document, operation); invalid != nil {
			return nil, invalid
		}
		step, err := jsonpatch.DecodePatch(slices.Concat([]byte("["), operation.raw, []byte("]")))
		if err != nil {
			return nil, refuse(inBody(pointer, "the patch operation cannot be read: %v", err))
		}
		limit += len(operation.raw)
		document, err = step.ApplyWithOptions(document, options)
		switch {
		case errors.Is(err, jsonpatch.ErrTestFailed):
			return nil, testFailed(pointer, operation)
		case err != nil:
			return nil, refuse(inBody(pointer+"/path", "the operation %s of %q failed: %v", operation.op, shorten(operation.path), err))
		case len(document) > limit:
			return nil, refuse(inBody(pointer, "the patch makes the document larger than %d bytes", limit))
		}
	}
	return document, nil
}

func testFailed(pointer string, operation patchOperation) *problem {
	conflict := newProblem(http.StatusConflict, "conflict",
		fmt.Sprintf("the test of %q failed: the value is another one; nothing was changed", shorten(operation.path)))
	conflict.Remediation = "Read the object again and make the patch from what it is now."
	conflict.Context = &problemContext{Parameter: problemParameter{ID: pointer + "/path", Location: "body", Value: quote(operation.path)}}
	return conflict
}

// checkPaths checks that what the operation needs to exist does.
func checkPaths(pointer string, document []byte, operation patchOperation) *problem {
	var root any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&root); err != nil {
		return refuse(inBody(pointer, "the patch made a document that cannot be read: %v", err))
	}
	missing := func(member, path string) *problem {
		return refuse(inBody(pointer+"/"+member, "%s is %q, which does not exist", member, shorten(path)).sent(quote(path)))
	}
	if (operation.op == "copy" || operation.op == "move") && !exists(root, operation.from) {
		return missing("from", operation.from)
	}
	if operation.op == "move" && strings.HasPrefix(operation.path, operation.from+"/") {
		return refuse(inBody(pointer+"/path", "%q cannot be moved into itself", shorten(operation.from)))
	}
	switch operation.op {
	case "remove", "replace", "test":
		if !exists(root, operation.path) {
			return missing("path", operation.path)
		}
	default:
		if !canAdd(root, operation.path) {
			return refuse(inBody(pointer+"/path", "path is %q, where nothing can be added", shorten(operation.path)).
				sent(quote(operation.path)))
		}
	}
	return nil
}

// exists tells whether the document has something at the pointer, if only a null.
func exists(document any, pointer string) bool {
	tokens, err := pointerTokens(pointer)
	if err != nil {
		return false
	}
	_, found := walk(document, tokens)
	return found
}

// canAdd tells whether the parent of the pointer is an object, or an array in which the index is no more than one past the end.
func canAdd(document any, pointer string) bool {
	tokens, err := pointerTokens(pointer)
	if err != nil {
		return false
	}
	last := tokens[len(tokens)-1]
	parent, found := walk(document, tokens[:len(tokens)-1])
	if !found {
		return false
	}
	switch container := parent.(type) {
	case map[string]any:
		return true
	case []any:
		index, ok := arrayIndex(last)
		return last == "-" || (ok && index <= len(container))
	default:
		return false
	}
}

func walk(value any, tokens []string) (any, bool) {
	for _, token := range tokens {
		switch container := value.(type) {
		case map[string]any:
			member, found := container[token]
			if !found {
				return nil, false
			}
			value = member
		case []any:
			index, ok := arrayIndex(token)
			if !ok || index >= len(container) {
				return nil, false
			}
			value = container[index]
		default:
			return nil, false
		}
	}
	return value, true
}

// arrayIndex reads an index as RFC 6901 writes it: digits without a leading zero.
func arrayIndex(token string) (int, bool) {
	index, err := strconv.Atoi(token)
	return index, err == nil && index >= 0 && strconv.Itoa(index) == token
}
