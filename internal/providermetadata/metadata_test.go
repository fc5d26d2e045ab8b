// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package providermetadata

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// manyFields are fields that differ in everything, in pages of a hundred.
func manyFields(count int) *Fields {
	list := NewFields(time.Time{})
	for first := 0; first < count; first += 100 {
		var page synqly.Page[synqly.RemoteField]
		for i := first; i < min(first+100, count); i++ {
			page.Items = append(page.Items, synqly.RemoteField{
				FieldID: fmt.Sprintf("customfield_%05d", i), FieldScope: "project_custom", ProviderFieldName: fmt.Sprintf("The field %d", i),
				ProviderFieldPath: fmt.Sprintf("fields.customfield_%05d", i), ProjectID: "OPS", Schema: synqly.RemoteFieldSchema{FieldTypeID: "string"},
			})
		}
		list.Add(page)
	}
	list.Complete()
	return list
}

func TestTenThousandFieldsAreKept(t *testing.T) {
	before := heap()
	fieldsOfAll := manyFields(10_000)
	if used := heap() - before; used > 16<<20 {
		t.Errorf("they take %d MiB", used>>20)
	}
	metadata := New(projectList(synqly.Project{ID: "OPS"}), fieldsOfAll)
	if !metadata.Fits(Wanted{Project: "OPS", CustomFields: fields("customfield_09999", `"x"`)}) {
		t.Error("the last one is not known")
	}
	found := metadata.Check(Wanted{Project: "OPS", CustomFields: fields("custmfield_05000", `"x"`)})
	if len(found) != 1 || !strings.Contains(found[0].Message, `did you mean "customfield_05000"?`) || !strings.Contains(found[0].Message, "and 9990 more") {
		t.Errorf("found %v", found)
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestMoreThanIsKeptIsCountedAlone(t *testing.T) {
	long := NewFields(time.Time{})
	for i := range 20 {
		long.Add(synqly.Page[synqly.RemoteField]{Items: []synqly.RemoteField{{FieldID: fmt.Sprint(i), FieldScope: "project_custom", ProviderFieldName: strings.Repeat("x", mostText/10)}}})
	}
	tooMany := manyFields(mostFields + 1)
	for name, list := range map[string]*Fields{"too many": tooMany, "too long": long} {
		if found := New(NewProjects(), list).Check(Wanted{CustomFields: fields("unknown", `1`)}); len(found) > 0 || list.all != nil || list.byName != nil {
			t.Errorf("%s: found %v among %d fields", name, found, len(list.all))
		}
	}
	if tooMany.Count() != mostFields+1 || long.Count() != 20 {
		t.Errorf("counted %d and %d", tooMany.Count(), long.Count())
	}

	projects := NewProjects()
	for i := range mostProjects + 1 {
		projects.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: fmt.Sprint(i)}}})
	}
	if found := New(projects, NewFields(time.Time{})).Check(Wanted{Project: "unknown"}); len(found) > 0 || projects.ids != nil || projects.Count() != mostProjects+1 {
		t.Errorf("found %v among %d projects", found, projects.Count())
	}
}

// Some providers list the fields of each project and each type of issue, which are mostly the same.
func TestAFieldOfManyProjectsIsKeptOnce(t *testing.T) {
	list, projects := NewFields(time.Time{}), NewProjects()
	for project := range 500 {
		id := fmt.Sprintf("P%d", project)
		projects.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: id}}})
		for range 3 {
			var page synqly.Page[synqly.RemoteField]
			for field := range 100 {
				if field != 7 || project != 1 {
					page.Items = append(page.Items, synqly.RemoteField{FieldID: fmt.Sprintf("customfield_%d", field), FieldScope: "project_custom", ProjectID: id})
				}
			}
			list.Add(page)
		}
	}
	list.Complete()
	if len(list.all) != 100 || len(list.all[0].projects) != 500 || list.Count() != 150_000-3 {
		t.Errorf("kept %d of %d fields, of %d projects", len(list.all), list.Count(), len(list.all[0].projects))
	}
	metadata := New(projects, list)
	if !metadata.Fits(Wanted{Project: "P2", CustomFields: fields("customfield_7", `1`)}) || metadata.Fits(Wanted{Project: "P1", CustomFields: fields("customfield_7", `1`)}) {
		t.Error("the projects of the fields are mixed up")
	}
}

// The values of a long enumeration are people or hosts, perhaps.
func TestAnEnumerationWithoutEndTakesAnyValue(t *testing.T) {
	var values []string
	for i := range mostValues + 1 {
		values = append(values, fmt.Sprint(i))
	}
	enumeration := func(values []string) *Metadata {
		return New(NewProjects(), fieldList(synqly.RemoteField{FieldID: "host", FieldScope: "project_custom", Schema: synqly.RemoteFieldSchema{FieldTypeID: "enum", EnumValues: values}}))
	}
	wanted := Wanted{CustomFields: fields("host", `"another"`)}
	if !enumeration(values).Fits(wanted) || !enumeration(nil).Fits(wanted) || enumeration(values[:mostValues]).Fits(wanted) {
		t.Error("the bound is wrong")
	}
}

func TestEqualIsWhatSaysTheSame(t *testing.T) {
	a, b := synqly.Project{ID: "A"}, synqly.Project{ID: "B"}
	x, y := synqly.RemoteField{FieldID: "x", FieldScope: "project_custom"}, synqly.RemoteField{FieldID: "y", FieldScope: "project_custom"}
	first := New(projectList(a, b), fieldList(x, y))
	if !first.Equal(New(projectList(b, a), fieldList(y, x, x))) {
		t.Error("the order makes a difference")
	}
	number := x
	number.Schema.FieldTypeID = "number"
	elsewhere := x
	elsewhere.ProjectID = "A"
	for name, other := range map[string]*Metadata{
		"none": nil, "a project less": New(projectList(a), fieldList(x, y)), "a field less": New(projectList(a, b), fieldList(x)),
		"another type": New(projectList(a, b), fieldList(number, y)), "another project": New(projectList(a, b), fieldList(elsewhere, y)),
		"another name": New(projectList(a, synqly.Project{ID: "B", Name: "Bee"}), fieldList(x, y)),
	} {
		if first.Equal(other) || other.Equal(first) {
			t.Errorf("%s makes no difference", name)
		}
	}
}
