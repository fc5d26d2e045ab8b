// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package providermetadata keeps which projects and fields a provider has, and compares with them
// what a ticket asks for.
//
// What is kept is bounded. A list that is beyond the bounds, or that could not be read completely,
// is only counted: nothing is said to be missing from it.
package providermetadata

import (
	"encoding/json"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/lru"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// mostProjects and mostFields bound the lists that are kept. Fields that differ in nothing but
	// their project count once.
	mostProjects = 10_000
	mostFields   = 10_000
	// mostText bounds the names and values of each list, in bytes: what a ConfigMap holds.
	mostText = 1 << 20
	// mostValues is how many values of an enumeration are kept. A longer one is taken for a field
	// of any value.
	mostValues = 1000
	// placeSize is what a field costs in bytes for each project that has it.
	placeSize = 4
	// longestAlias is the longest text, in bytes, that a Ticket can name a project by.
	longestAlias = 4 * 255
	// mostMessages is how many messages about mistakes are kept: many tickets make the same one.
	mostMessages = 256
)

// seed of all hashes of this process.
var seed = maphash.MakeSeed()

// Metadata is what is known of the projects and fields of a provider. It is never changed; nil
// where nothing is known.
type Metadata struct {
	projects *Projects
	fields   *Fields
	// messages about mistakes, by the mistake.
	messages *lru.Cache
}

// New returns the metadata of a provider with these projects and fields.
func New(projects *Projects, fields *Fields) *Metadata {
	return &Metadata{projects: projects, fields: fields, messages: lru.New(mostMessages)}
}

// Fields are the fields of the provider, nil where nothing is known.
func (m *Metadata) Fields() *Fields {
	if m == nil {
		return nil
	}
	return m.fields
}

// Equal reports whether both say the same, in whatever order the provider lists it.
func (m *Metadata) Equal(other *Metadata) bool {
	if m == nil || other == nil {
		return m == other
	}
	return m.projects.digest == other.projects.digest && m.fields.digest == other.fields.digest
}

// list is what Projects and Fields have in common.
type list struct {
	count, text int
	cut         bool
	// digest does not depend on the order of the items.
	digest uint64
}

// take makes room for another item, with its texts, in a list of so many, and reports whether there
// is any.
func (l *list) take(items, mostItems int, texts ...string) bool {
	for _, text := range texts {
		l.text += len(text)
	}
	l.cut = l.cut || items >= mostItems || l.text > mostText
	return !l.cut
}

// Projects are the projects of a provider.
type Projects struct {
	list
	ids, names []string
	// byName has the project of each name, ID and other text that the provider tells of a project,
	// and ambiguous for one that several have.
	byName map[string]int32
}

const ambiguous = -1

// NewProjects returns a list without projects.
func NewProjects() *Projects { return &Projects{byName: map[string]int32{}} }

// Add adds a page.
func (p *Projects) Add(page synqly.Page[synqly.Project]) {
	p.count += len(page.Items)
	p.cut = p.cut || len(page.Skipped) > 0
	for i := range page.Items {
		p.add(&page.Items[i])
	}
	if p.cut {
		p.ids, p.names, p.byName, p.digest = nil, nil, nil, 0
	}
}

func (p *Projects) add(project *synqly.Project) {
	names := append([]string{project.ID, project.Name}, aliases(project.Unmapped)...)
	if !p.take(len(p.ids), mostProjects, names...) {
		return
	}
	index := int32(len(p.ids)) // #nosec G115 -- below mostProjects
	p.ids, p.names = append(p.ids, project.ID), append(p.names, project.Name)
	for _, name := range names {
		name = fold(name)
		if before, taken := p.byName[name]; taken && before != index {
			p.byName[name] = ambiguous
		} else {
			p.byName[name] = index
		}
	}
	p.digest += maphash.Comparable(seed, [2]string{project.ID, strings.Join(names, "\x00")})
}

// Count is how many projects the provider has.
func (p *Projects) Count() int { return p.count }

// complete reports whether what is not in the list does not exist. A provider without any project
// does not list them.
func (p *Projects) complete() bool { return !p.cut && len(p.ids) > 0 }

// find returns the project that a text names. It is known where the text is one that the provider
// has for a project, and unique where it has it for one alone.
func (p *Projects) find(text string) (index int32, known, unique bool) {
	index, known = p.byName[fold(text)]
	return index, known, known && index != ambiguous
}

// aliases are the texts and numbers that a provider tells of a project besides its ID and name: a
// key, for example, which its tickets may name it by.
func aliases(unmapped map[string]json.RawMessage) []string {
	var texts []string
	for _, raw := range unmapped {
		if text, isScalar := scalar(raw); isScalar && text != "" && len(text) <= longestAlias && !strings.Contains(text, "://") {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return texts
}

// Fields are the fields of a provider.
type Fields struct {
	list
	// ReadAgain is when the list is old enough to be read again.
	ReadAgain time.Time

	all []*field
	// byName has the fields of each name, ID and path.
	byName map[string][]*field
	// projects are the IDs of those that fields name.
	projects []string
	// reading is what is known while the list is read, nil after that.
	reading *reading
	// listsCustom: there is a custom field, so the provider does list them.
	listsCustom bool
}

// reading finds what the list has already.
type reading struct {
	// fields by the hash of all but their projects, and projects by their IDs.
	fields   map[uint64]*field
	projects map[string]int32
	// places are the hashes of fields with one of their projects.
	places map[uint64]struct{}
}

// field is a field of the provider.
type field struct {
	id, name, path string
	kind           string
	custom         bool
	// values are those that an enumeration allows, as the provider writes them.
	values []string
	// everywhere: tickets of all projects have it. Otherwise those of the projects do, which are
	// indexes of Fields.projects.
	everywhere bool
	projects   []int32
}

// NewFields returns a list without fields that is to be read again by a time.
func NewFields(readAgain time.Time) *Fields {
	return &Fields{
		ReadAgain: readAgain, byName: map[string][]*field{},
		reading: &reading{fields: map[uint64]*field{}, projects: map[string]int32{}, places: map[uint64]struct{}{}},
	}
}

// Add adds a page. It is not called after Complete.
func (f *Fields) Add(page synqly.Page[synqly.RemoteField]) {
	f.count += len(page.Items)
	f.cut = f.cut || len(page.Skipped) > 0
	for i := range page.Items {
		f.add(&page.Items[i])
	}
	if f.cut {
		f.all, f.byName, f.projects, f.digest = nil, nil, nil, 0
	}
}

// Complete ends the reading of the list.
func (f *Fields) Complete() { f.reading = nil }

func (f *Fields) add(listed *synqly.RemoteField) {
	if f.cut {
		return
	}
	added := field{
		id: listed.FieldID, name: listed.ProviderFieldName, path: listed.ProviderFieldPath,
		kind: fold(listed.Schema.FieldTypeID), custom: listed.FieldScope != "standard", values: valuesOf(&listed.Schema),
	}
	if len(added.values) > mostValues {
		added.kind, added.values = "", nil
	}
	hash := maphash.Comparable(seed, [6]string{added.id, added.name, added.path, listed.FieldScope, added.kind, strings.Join(added.values, "\x00")})
	known := f.reading.fields[hash]
	if known == nil {
		if !f.take(len(f.all), mostFields, append(slices.Clone(added.values), added.id, added.name, added.path)...) {
			return
		}
		known = &added
		f.reading.fields[hash] = known
		f.insert(known)
	}
	project := fold(listed.ProjectID)
	place := maphash.Comparable(seed, struct {
		field   uint64
		project string
	}{hash, project})
	if _, seen := f.reading.places[place]; seen {
		return // Some providers list the fields of each type of issue.
	}
	f.reading.places[place] = struct{}{}
	f.digest += place
	if project == "" {
		known.everywhere = true
		return
	}
	known.projects = append(known.projects, f.project(project))
	f.text += placeSize
}

// project is the index of a project that a field names.
func (f *Fields) project(id string) int32 {
	index, known := f.reading.projects[id]
	if !known {
		index = int32(len(f.projects)) // #nosec G115 -- mostText bounds it
		f.projects = append(f.projects, id)
		f.reading.projects[id] = index
		f.take(0, 1, id)
	}
	return index
}

// insert makes a field known by all that a ticket may name it by: the end of its path as well.
func (f *Fields) insert(added *field) {
	f.all = append(f.all, added)
	f.listsCustom = f.listsCustom || added.custom
	for _, name := range added.names() {
		if name = fold(name); !slices.Contains(f.byName[name], added) {
			f.byName[name] = append(f.byName[name], added)
		}
	}
}

// names are all that a ticket may name the field by.
func (f *field) names() []string {
	names := []string{f.id, f.name}
	for path := f.path; path != ""; {
		names = append(names, path)
		_, path, _ = strings.Cut(path, ".")
	}
	return slices.DeleteFunc(names, func(name string) bool { return strings.TrimSpace(name) == "" })
}

// Count is how many fields the provider has in all projects.
func (f *Fields) Count() int { return f.count }

// complete reports whether a custom field that is not in the list does not exist. A provider that
// lists no custom field at all does not list those that it has.
func (f *Fields) complete() bool { return !f.cut && f.listsCustom }

// valuesOf are the values of an enumeration, by ID and by name.
func valuesOf(schema *synqly.RemoteFieldSchema) []string {
	values := slices.Clone(schema.EnumValues)
	for _, option := range schema.EnumOptionValues {
		values = append(values, option.Name, option.ID)
	}
	var distinct []string
	seen := map[string]bool{}
	for _, value := range values {
		if folded := fold(value); folded != "" && !seen[folded] {
			seen[folded] = true
			distinct = append(distinct, value)
		}
	}
	return distinct
}

// fold makes texts equal that providers take for the same.
func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// scalar is the text of a JSON string, number or boolean.
func scalar(raw json.RawMessage) (text string, isScalar bool) {
	switch jsonType(raw) {
	case "string":
		return text, json.Unmarshal(raw, &text) == nil
	case "number", "boolean":
		return strings.TrimSpace(string(raw)), true
	}
	return "", false
}

// jsonType names the type of a JSON value.
func jsonType(raw json.RawMessage) string {
	text := strings.TrimSpace(string(raw))
	if text == "" {
		return "null"
	}
	switch text[0] {
	case '{':
		return "object"
	case '[':
		return "list"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}
