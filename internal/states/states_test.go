// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package states

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// The list has to have a reason as soon as there is a constant for it.
func TestEveryReasonIsListed(t *testing.T) {
	var listed []string
	for _, kind := range Kinds {
		for _, state := range OfKind[kind] {
			listed = append(listed, state.Reason)
		}
		for _, remark := range RemarksOf[kind] {
			listed = append(listed, remark.Reasons...)
		}
	}
	slices.Sort(listed)
	if diff := cmp.Diff(reasonConstants(t), slices.Compact(listed)); diff != "" {
		t.Errorf("reasons (-constants of api/v1alpha1 +listed):\n%s", diff)
	}
}

// reasonConstants are the values of all constants of api/v1alpha1 that are called Reason….
func reasonConstants(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../../api/v1alpha1")
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".go") && !strings.HasSuffix(entry.Name(), "_test.go") {
			reasons = append(reasons, reasonsIn(t, "../../api/v1alpha1/"+entry.Name())...)
		}
	}
	slices.Sort(reasons)
	return reasons
}

func reasonsIn(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, isValue := node.(*ast.ValueSpec)
		if !isValue {
			return true
		}
		for i, name := range spec.Names {
			if !strings.HasPrefix(name.Name, "Reason") {
				continue
			}
			reason, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, reason)
		}
		return true
	})
	return reasons
}

func TestEveryKindIsListed(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for kind, typ := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		if _, hasStatus := typ.FieldByName("Status"); hasStatus {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	if diff := cmp.Diff(kinds, slices.Sorted(slices.Values(Kinds))); diff != "" {
		t.Errorf("kinds (-scheme +listed):\n%s", diff)
	}
	if diff := cmp.Diff(kinds, slices.Sorted(maps.Keys(OfKind))); diff != "" {
		t.Errorf("kinds (-scheme +with states):\n%s", diff)
	}
}

// The pages of the kinds say in tables what to do about a reason. One that is not listed for the
// kind is a mistake in the page or in the list.
func TestThePagesOfTheKindsNameNoOtherReasons(t *testing.T) {
	known := map[string]bool{}
	for _, reason := range reasonConstants(t) {
		known[reason] = true
	}
	for _, kind := range Kinds {
		content, err := os.ReadFile("../../docs/" + strings.ToLower(kind) + ".md")
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range reasonsInTables(string(content)) {
			if known[reason] && !lists(kind, reason) {
				t.Errorf("docs/%s.md names the reason %s, which is not listed for the kind", strings.ToLower(kind), reason)
			}
		}
	}
}

// reasonsInTables are the words in code that begin a line of a table.
func reasonsInTables(page string) []string {
	var words []string
	for line := range strings.Lines(page) {
		cell, isRow := strings.CutPrefix(line, "| `")
		if !isRow {
			continue
		}
		first, _, _ := strings.Cut(cell, " |")
		for i, word := range strings.Split("`"+first, "`") {
			if i%2 == 1 {
				words = append(words, word)
			}
		}
	}
	return words
}

func lists(kind, reason string) bool {
	return slices.ContainsFunc(OfKind[kind], func(s State) bool { return s.Reason == reason }) ||
		slices.ContainsFunc(RemarksOf[kind], func(r Remark) bool { return slices.Contains(r.Reasons, reason) })
}

// example is one object, and what the tools are to make of it.
type example struct {
	name    string
	object  *unstructured.Unstructured
	kstatus KStatus
	health  Health
}

// examples are the objects of a kind in every state, with and without the remarks that they can
// have, and in each of them edited and deleted.
func examples(t *testing.T, kind string) []example {
	t.Helper()
	sample := sampleOf(t, kind)
	all := []example{{"not looked at", NotLookedAt(sample), InProgress, Progressing}}
	for _, state := range OfKind[kind] {
		object, err := Written(sample, state)
		if err != nil {
			t.Fatal(err)
		}
		name := state.Reason
		if state.Stalled {
			name += ", stalled"
		}
		if state.Recreated {
			name += ", recreated"
		}
		all = append(all, example{name, object, state.KStatus, state.Health})
		for _, remark := range RemarksOf[kind] {
			for _, reason := range remark.Reasons {
				remarked := object.DeepCopy()
				if err := Add(remarked, remark, reason); err != nil {
					t.Fatal(err)
				}
				all = append(all, example{name + " with " + reason, remarked, state.KStatus, state.Health})
			}
		}
		if state.Deleted {
			continue
		}
		deletedState := state
		deletedState.Deleted = true
		leaving, err := Written(sample, deletedState)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, example{name + ", deleted", leaving, Terminating, Progressing}, example{name + ", edited", Edited(object), InProgress, Progressing})
	}
	return all
}

func sampleOf(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile("../../config/samples/" + strings.ToLower(kind) + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	sample := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, &sample.Object); err != nil {
		t.Fatal(err)
	}
	return sample
}

func TestKStatus(t *testing.T) {
	for _, kind := range Kinds {
		for _, test := range examples(t, kind) {
			result, err := status.Compute(test.object)
			if err != nil {
				t.Errorf("%s, %s: %v", kind, test.name, err)
			} else if got := KStatus(result.Status); got != test.kstatus {
				t.Errorf("%s, %s: kstatus says %s (%s), want %s", kind, test.name, got, result.Message, test.kstatus)
			}
		}
	}
}
