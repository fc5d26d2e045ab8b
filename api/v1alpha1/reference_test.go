// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// referenceRow is what docs/reference/api.md says of a field.
type referenceRow struct {
	about string
	// section is the heading under which the fields of the field are; empty where it has none.
	section string
}

// reference are the rows of docs/reference/api.md by their heading, in lower case as in links to
// it, and the name of the field.
type reference map[string]map[string]referenceRow

func readReference(t *testing.T) reference {
	t.Helper()
	content, err := os.ReadFile("../../docs/reference/api.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` _(.*?)_ \\| (.*?) \\|")
	link := regexp.MustCompile(`\(#(\w+)\)`)
	sections := reference{}
	for _, section := range strings.Split(string(content), "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		rows := map[string]referenceRow{}
		for _, cells := range row.FindAllStringSubmatch(text, -1) {
			of := referenceRow{about: strings.ReplaceAll(cells[3], "<br />", " ")}
			if linked := link.FindStringSubmatch(cells[2]); linked != nil {
				of.section = linked[1]
			}
			rows[cells[1]] = of
		}
		sections[strings.ToLower(heading)] = rows
	}
	return sections
}

// The pages of the kinds leave the fields to the reference. So it must have each of them, with all
// that the schema says of it.
func TestTheReferenceDescribesEveryField(t *testing.T) {
	described := readReference(t)
	for kind, fields := range generatedFields(t) {
		// The section with the fields of each group, by its path.
		sections := map[string]string{}
		for _, part := range []string{"spec", "status"} {
			sections[part] = described[strings.ToLower(kind)][part].section
		}
		for _, field := range fields {
			group, name, isBelow := cutLast(field.path)
			if field.isElement {
				sections[field.path] = sections[strings.TrimSuffix(field.path, "[*]")]
				continue
			}
			if !isBelow || isOfKubernetes(field.path) {
				continue
			}
			row, found := described[sections[group]][name]
			if !found {
				t.Errorf("%s.%s: docs/reference/api.md has no such field under %q: run make generate", kind, field.path, sections[group])
				continue
			}
			if squeezed(row.about) != squeezed(field.schema.Description) {
				t.Errorf("%s.%s: docs/reference/api.md says %q, and the schema %q", kind, field.path, row.about, field.schema.Description)
			}
			sections[field.path] = row.section
		}
	}
}

func cutLast(path string) (group, name string, found bool) {
	dot := strings.LastIndex(path, ".")
	if dot < 0 {
		return "", path, false
	}
	return path[:dot], path[dot+1:], true
}

// isOfKubernetes says whether the field is one of a type that Kubernetes describes, to which the
// reference links.
func isOfKubernetes(path string) bool {
	return strings.Contains(path, "conditions[*].")
}

// squeezed is the text on one line, without what a table has to escape.
func squeezed(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(`\{`, "{", `\}`, "}", `\|`, "|", `\*`, "*").Replace(text)), " ")
}

// A table on the page of a kind would be another place to change with each field.
func TestThePagesOfTheKindsLeaveTheFieldsToTheReference(t *testing.T) {
	described := readReference(t)
	for kind := range manifestOf {
		name := strings.ToLower(kind) + ".md"
		content, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		page := string(content)
		for _, part := range []string{"spec", "status"} {
			section := described[strings.ToLower(kind)][part].section
			if !strings.Contains(page, "(reference/api.md#"+section+")") {
				t.Errorf("docs/%s does not link to the fields of the %s: reference/api.md#%s", name, part, section)
			}
			if strings.Contains(page, "| field of `"+part+"`") {
				t.Errorf("docs/%s has a table of the fields of the %s, which docs/reference/api.md describes", name, part)
			}
		}
	}
}
