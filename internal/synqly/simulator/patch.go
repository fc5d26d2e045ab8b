// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

const (
	maxPatchOperations = 1000
	// maxCopiedBytes bounds by how much a document may grow beyond what the patch brings: each copy
	// can double it.
	maxCopiedBytes = 2 << 20
)

// patchOperation is one element of a JSON Patch (RFC 6902), checked.
type patchOperation struct {
	Op   string `json:"op"`
	Path string `json:"path"`
	From string `json:"from"` // Empty when it is null.

	raw json.RawMessage
}

// decodePatch reads a JSON Patch that the contract accepts, and refuses one on the document as a
// whole.
func decodePatch(body []byte) ([]patchOperation, *problem) {
	var elements []json.RawMessage
	if invalid := decodeInto(body, &elements); invalid != nil {
		return nil, invalid
	}
	if len(elements) > maxPatchOperations {
		return nil, refuse(inBody("", "the patch has %d operations, more than %d", len(elements), maxPatchOperations))
	}
	operations := make([]patchOperation, len(elements))
	for i, element := range elements {
		operation := patchOperation{raw: element}
		if invalid := decodeInto(element, &operation); invalid != nil {
			return nil, invalid
		}
		if reason := refusePointer(operation.Path); reason != "" {
			return nil, refuse(inBody(patchMember(i), "path is %q: %s", shorten(operation.Path), reason).sent(quote(operation.Path)))
		}
		if reason := refusePointer(operation.From); reason != "" && (operation.From != "" || operation.needsFrom()) {
			return nil, refuse(inBody(fmt.Sprintf("/%d/from", i), "from is %q: %s", shorten(operation.From), reason).
				sent(quote(operation.From)))
		}
		operations[i] = operation
	}
	return operations, nil
}

func (o patchOperation) needsFrom() bool { return o.Op == "copy" || o.Op == "move" }

// refusePointer says why a JSON Pointer is none that the simulator takes, although RFC 6901 allows
// it.
func refusePointer(pointer string) string {
	switch {
	case pointer == "":
		return "the document as a whole cannot be patched, only its members"
	case slices.Contains(pointerTokens(pointer), ""):
		return "the name of a member is empty"
	default:
		return ""
	}
}

// pointerTokens splits a JSON Pointer (RFC 6901).
func pointerTokens(pointer string) []string {
	tokens := strings.Split(pointer, "/")[1:]
	for i, token := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return tokens
}

// writes returns the members of the document that the operation changes.
func (o patchOperation) writes() []string {
	switch o.Op {
	case "test":
		return nil
	case "move":
		return []string{firstToken(o.From), firstToken(o.Path)}
	default:
		return []string{firstToken(o.Path)}
	}
}

func firstToken(pointer string) string { return pointerTokens(pointer)[0] }

// applyPatch applies the operations, all or none, and returns the new document.
//
// Operations are applied one by one so that an answer can name the one that failed. Whether a path
// exists is checked here: the library takes a test of a missing member for one of null, and
// understands negative indices, which RFC 6902 does not have.
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
			return nil, refuse(inBody(pointer+"/path", "the operation %s of %q failed: %v", operation.Op, shorten(operation.Path), err))
		case len(document) > limit:
			return nil, refuse(inBody(pointer, "the patch makes the document larger than %d bytes", limit))
		}
	}
	return document, nil
}

func testFailed(pointer string, operation patchOperation) *problem {
	conflict := newProblem(http.StatusConflict, "conflict",
		fmt.Sprintf("the test of %q failed: the value is another one; nothing was changed", shorten(operation.Path)))
	conflict.Remediation = "Read the object again and make the patch from what it is now."
	conflict.Context = &problemContext{Parameter: problemParameter{ID: pointer + "/path", Location: "body", Value: quote(operation.Path)}}
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
	if operation.needsFrom() && !exists(root, operation.From) {
		return missing("from", operation.From)
	}
	if operation.Op == "move" && strings.HasPrefix(operation.Path, operation.From+"/") {
		return refuse(inBody(pointer+"/path", "%q cannot be moved into itself", shorten(operation.From)))
	}
	switch operation.Op {
	case "remove", "replace", "test":
		if !exists(root, operation.Path) {
			return missing("path", operation.Path)
		}
	default:
		if !canAdd(root, operation.Path) {
			return refuse(inBody(pointer+"/path", "path is %q, where nothing can be added", shorten(operation.Path)).
				sent(quote(operation.Path)))
		}
	}
	return nil
}

// exists tells whether the document has something at the pointer, if only a null.
func exists(document any, pointer string) bool {
	_, found := walk(document, pointerTokens(pointer))
	return found
}

// canAdd tells whether the parent of the pointer is an object, or an array in which the index is no
// more than one past the end.
func canAdd(document any, pointer string) bool {
	tokens := pointerTokens(pointer)
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
