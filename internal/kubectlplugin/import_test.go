// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// addTickets puts tickets into the simulator, of which every other one is in the project SEC.
func addTickets(simulated *simulator.Server, count int) {
	for i := range count {
		project := "OPS"
		if i%2 == 1 {
			project = "SEC"
		}
		due := now.Add(time.Duration(i) * time.Hour)
		simulated.AddTicket(simulator.Ticket{
			Name: fmt.Sprintf("ticket %d", i), Summary: fmt.Sprintf("summary of %d", i), Description: "- a list\n- of things, too long for a list of tickets",
			Priority: "HIGH", Status: "To Do", Project: project, IssueType: "Incident", Assignee: "jane@example.com", DueDate: &due,
			Tags: []string{"team:checkout"}, CustomFields: map[string]any{"region": "eu", "nothing": nil},
		})
	}
}

// readManifests reads a stream of manifests.
func readManifests(t *testing.T, stream string) []manifest {
	t.Helper()
	var manifests []manifest
	for document := range strings.SplitSeq(strings.TrimPrefix("\n"+stream, "\n---\n"), "\n---\n") {
		var read manifest
		if err := yaml.UnmarshalStrict([]byte(document), &read); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		manifests = append(manifests, read)
	}
	return manifests
}

func TestImportWritesManifests(t *testing.T) {
	terminal, simulated := newProvider(t)
	addTickets(simulated, 3)
	want := `apiVersion: ticketing.synqly.com/v1alpha1
kind: Ticket
metadata:
  name: "10001"
  namespace: ops
spec:
  dueDate: "2026-12-01T12:00:00Z"
  integrationRef:
    name: default
  issueType: Incident
  name: ticket 0
  priority: HIGH
  project: OPS
  summary: summary of 0
  tags:
  - team:checkout
  ticketID: "10001"
`
	output := terminal.mustRun("import", "--filter", "project[eq]OPS")
	first, _, _ := strings.Cut(strings.TrimPrefix(output, "---\n"), "---\n")
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	if manifests := readManifests(t, output); len(manifests) != 2 {
		t.Errorf("%d manifests, want those of the two tickets of the project", len(manifests))
	}
	for name, count := range simulated.RequestCounts() {
		if strings.HasPrefix(name, "Create") || strings.HasPrefix(name, "Patch") || strings.HasPrefix(name, "Delete") {
			t.Errorf("%d requests %s: import writes nothing", count, name)
		}
	}
}

func TestImportToObserve(t *testing.T) {
	terminal, simulated := newProvider(t)
	addTickets(simulated, 1)
	want := []manifest{{
		APIVersion: "ticketing.synqly.com/v1alpha1", Kind: "Ticket", Metadata: manifestMetadata{Namespace: testNamespace, Name: "inc-10001"},
		Spec: v1alpha1.TicketSpec{
			IntegrationRef: v1alpha1.IntegrationReference{Name: "default"}, Summary: "summary of 0", TicketID: "10001",
			ManagementPolicy: v1alpha1.ManagementObserve,
		},
	}}
	if diff := cmp.Diff(want, readManifests(t, terminal.mustRun("import", "--observe", "--name-prefix=inc-"))); diff != "" {
		t.Error(diff)
	}
}

// TestImportFromAListThatShortens: what a list shows shortened is not written into a manifest, from
// where it would be written back.
func TestImportFromAListThatShortens(t *testing.T) {
	terminal, simulated := newProvider(t)
	addTickets(simulated, 3)
	simulated.SetBehaviour(simulator.Behaviour{ShortenLists: true})
	manifests := readManifests(t, terminal.mustRun("import", "--fields=description,customFields"))
	if len(manifests) != 3 {
		t.Fatalf("%d manifests, want 3", len(manifests))
	}
	for _, each := range manifests {
		if want := "- a list\n- of things, too long for a list of tickets"; each.Spec.Description != want {
			t.Errorf("the description of %s is %q, want %q", each.Metadata.Name, each.Spec.Description, want)
		}
		if len(each.Spec.CustomFields) != 1 || string(each.Spec.CustomFields["region"].Raw) != `"eu"` {
			t.Errorf("the custom fields of %s are %v, want the region: a null would clear a field", each.Metadata.Name, each.Spec.CustomFields)
		}
	}
	if got := simulated.RequestCounts()["GetTicket"]; got != 3 {
		t.Errorf("%d tickets were asked for, want each of the 3", got)
	}
}

// TestOtherValuesInLists: one ticket is asked for to see whether lists show the same.
func TestOtherValuesInLists(t *testing.T) {
	for shown, want := range map[string]int{"name": 1, "the whole name": 2} {
		asked := 0
		writer := newManifestWriter(&importFlags{fields: []string{"name"}}, types.NamespacedName{}, existingTickets{})
		writer.get = func(_ context.Context, id string) (*synqly.Ticket, error) {
			asked++
			return &synqly.Ticket{ID: id, Summary: "summary", Name: shown}, nil
		}
		for _, id := range []string{"1", "2"} {
			if err := writer.add(t.Context(), &synqly.Ticket{ID: id, Summary: "summary", Name: "name"}); err != nil {
				t.Fatal(err)
			}
		}
		if asked != want || writer.specs[0].Name != shown || writer.specs[1].Name != shown {
			t.Errorf("a ticket alone shows %q: %d tickets were asked for, want %d; the specs are %+v", shown, asked, want, writer.specs)
		}
	}
}

func TestImportLeavesOutWhatIsNotToBeImported(t *testing.T) {
	adopted := newTicket("adopted", "10001", ready())
	adopted.Spec.TicketID = "10001"
	terminal, simulated := newProvider(t, adopted)
	addTickets(simulated, 2)
	marker := "k8s-0123456789abcdef0123456789abcdef"
	simulated.AddTicket(simulator.Ticket{Name: "made by an operator", Summary: "made", Tags: []string{marker, "team:a"}})
	simulated.AddTicket(simulator.Ticket{Name: "long", Summary: strings.Repeat("x", 1025)})
	simulated.AddTicket(simulator.Ticket{Name: "odd tags", Summary: "odd tags", Tags: []string{"a,b", "c"}})

	output, report, err := terminal.run("import")
	if err != nil {
		t.Fatal(err, report)
	}
	var names []string
	for _, each := range readManifests(t, output) {
		names = append(names, each.Metadata.Name)
	}
	if diff := cmp.Diff([]string{"10002", "10005"}, names); diff != "" {
		t.Error(diff)
	}
	expectParts(t, report, "5 tickets read, 2 manifests written.", "10001: left out, a Ticket of the namespace stands for it already.",
		"10003: left out, an operator has created it", "10004: left out, its summary is empty, has several lines or is longer than 1024 characters.",
		"10005: written without tags or a part of it, which a Ticket cannot have.")

	manifests := readManifests(t, terminal.mustRun("import", "--include-managed", "--filter", "tags[in]team:a"))
	if len(manifests) != 1 || !cmp.Equal(manifests[0].Spec.Tags, []string{"team:a"}) {
		t.Errorf("the manifests are %v, want one with the tag that is not the operator's", manifests)
	}
}

func TestFiltersOfTheProvider(t *testing.T) {
	terminal, simulated := newProvider(t)
	addTickets(simulated, 4)
	terminal.mustFail([]string{"reading tickets", "400"}, "import", "--filter", "project[is]OPS")

	simulated.SetBehaviour(simulator.Behaviour{IgnoreFilters: []string{"project"}})
	output, report, err := terminal.run("import", "--filter", "project[eq]OPS")
	if err != nil || len(readManifests(t, output)) != 2 {
		t.Errorf("error %v, the output is %s, want the two tickets that were asked for", err, output)
	}
	expectParts(t, report, "2 tickets, for example 10002: left out, it does not match --filter 'project[eq]OPS'", "--keep-unmatched")
	if manifests := readManifests(t, terminal.mustRun("import", "--filter", "project[eq]OPS", "--keep-unmatched")); len(manifests) != 4 {
		t.Errorf("%d manifests with --keep-unmatched, want 4", len(manifests))
	}
	simulated.SetBehaviour(simulator.Behaviour{LoseFilters: []string{"project"}})
	terminal.mustFail([]string{"nothing to import"}, "import", "--filter", "project[eq]OPS")
}

func TestFiltersThatCanBeChecked(t *testing.T) {
	ticket := &synqly.Ticket{Project: "OPS", Status: "Done", Tags: []string{"a", "b"}}
	for filter, want := range map[string]bool{
		"project[eq]ops": true, "project[eq]SEC": false, "status[ne]Done": false, "status[ne]Open": true, "project[in]SEC,OPS": true,
		"tags[in]c,b": true, "tags[eq]c": false, "tags[ne]a": false,
		// What only the provider can judge.
		"project[like]%x%": true, "created_at[gt]2999-01-01T00:00:00Z": true, "unknown[eq]x": true, "none": true,
	} {
		matches := true
		for _, each := range parseFilters([]string{filter}) {
			matches = matches && each.matches(ticket)
		}
		if matches != want {
			t.Errorf("%s matches: %t, want %t", filter, matches, want)
		}
	}
}

func TestImportOfAListWithoutAnEnd(t *testing.T) {
	terminal, simulated := newProvider(t)
	addTickets(simulated, 150)
	simulated.SetBehaviour(simulator.Behaviour{EndlessCursor: true})
	folder := filepath.Join(t.TempDir(), "tickets")
	terminal.mustFail([]string{"more than 1000 tickets", "nothing was written"}, "import", "--limit=1000", "--directory", folder)
	if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
		t.Errorf("the folder has %v, error %v, want nothing", files, err)
	}
	if requests := simulated.RequestCounts()["QueryTickets"]; requests > 20 {
		t.Errorf("%d pages were read for 1000 tickets", requests)
	}
}

// TestImportOfThousandsOfTickets: the names are valid and each is there once, and the files are
// bounded.
func TestImportOfThousandsOfTickets(t *testing.T) {
	const count = 5000
	terminal, simulated := newProvider(t)
	addTickets(simulated, count)
	simulated.SetBehaviour(simulator.Behaviour{DuplicateItems: true})
	folder := filepath.Join(t.TempDir(), "tickets")
	output, report, err := terminal.run("import", "--directory", folder)
	if err != nil || output != "" {
		t.Fatal(err, output)
	}
	expectParts(t, report, " tickets read …\n", "5000 tickets read, 5000 manifests written in 50 files of "+folder)
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	names, ids := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manifests := readManifests(t, string(content))
		if len(content) > largestFile || len(manifests) > mostManifests {
			t.Errorf("%s has %d bytes and %d manifests", file, len(content), len(manifests))
		}
		for _, each := range manifests {
			if wrong := validation.IsDNS1123Subdomain(each.Metadata.Name); len(wrong) > 0 {
				t.Errorf("the name %q: %v", each.Metadata.Name, wrong)
			}
			names[each.Metadata.Name], ids[each.Spec.TicketID] = true, true
		}
	}
	if len(names) != count || len(ids) != count {
		t.Errorf("%d names and %d IDs, want %d of each", len(names), len(ids), count)
	}
	if pages := simulated.RequestCounts()["QueryTickets"]; pages != count/importPageSize {
		t.Errorf("%d pages were asked for, want %d", pages, count/importPageSize)
	}
	terminal.mustFail([]string{"tickets-0001.yaml exists already"}, "import", "--directory", folder)
}

func TestFilesAreBoundedInBytes(t *testing.T) {
	folder := t.TempDir()
	output, err := newManifestOutput(nil, folder)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := output.add(bytes.Repeat([]byte("x"), largestFile/2-10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := output.flush(); err != nil {
		t.Fatal(err)
	}
	if output.files != 3 {
		t.Errorf("%d files, want 3 of two manifests at most", output.files)
	}
}

func TestNamesOfImportedTickets(t *testing.T) {
	ids := []string{"OPS-1", "ops-1", "10001", "a/b", "a b", "...", "é", strings.Repeat("x", 300), "taken", "A.b", "-x-"}
	writer := newManifestWriter(&importFlags{}, types.NamespacedName{}, existingTickets{names: map[string]bool{"taken": true}})
	for _, id := range ids {
		writer.specs = append(writer.specs, v1alpha1.TicketSpec{TicketID: id})
	}
	names, seen := writer.names(), map[string]bool{"taken": true}
	for i, name := range names {
		if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 || seen[name] {
			t.Errorf("the ID %q becomes the name %q: %v, taken %t", ids[i], name, wrong, seen[name])
		}
		seen[name] = true
	}
	if names[2] != "10001" || names[9] != "a.b" {
		t.Errorf("the names are %q, want an ID that is a name to stay one", names)
	}
}

// TestImportGoesOnWhenTheProviderAsksToSlowDown: from the page that it was at.
func TestImportGoesOnWhenTheProviderAsksToSlowDown(t *testing.T) {
	terminal, simulated := newProvider(t)
	addTickets(simulated, 250)
	simulated.Inject(simulator.Fault{Operation: "QueryTickets", Skip: 1, Times: 1, Status: http.StatusTooManyRequests, RetryAfter: "1"})
	terminal.passTime = true
	output, report, err := terminal.run("import")
	if err != nil || len(readManifests(t, output)) != 250 {
		t.Fatal(err, report)
	}
	expectParts(t, report, "asks to slow down: going on in 1s")
	if pages := simulated.RequestCounts()["QueryTickets"]; pages != 4 {
		t.Errorf("%d requests for 3 pages and one refusal, want 4", pages)
	}
}

// TestImportIsNeverEarlierThanTheProviderAsks: neither for a page nor for a ticket.
func TestImportIsNeverEarlierThanTheProviderAsks(t *testing.T) {
	for name, test := range map[string]struct {
		operation, retryAfter string
		want                  []string
		ends                  bool
	}{
		"as long as it waits at most": {"QueryTickets", "300", []string{"going on in 5m0s"}, false},
		"a second longer": {
			"QueryTickets", "301",
			[]string{"reading tickets", "asks to wait for at least 5m1s", "waits for 5m0s at most", "nothing was written", "run it again after that time"}, true,
		},
		"more than the client reads": {"QueryTickets", "86400", []string{"asks to wait for at least 1h0m0s"}, true},
		"for a ticket":               {"GetTicket", "301", []string{"reading the ticket 1", "asks to wait for at least 5m1s"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, simulated := newProvider(t)
			addTickets(simulated, 3)
			simulated.Inject(simulator.Fault{Operation: test.operation, Times: 1, Status: http.StatusTooManyRequests, RetryAfter: test.retryAfter})
			terminal.passTime = true
			output, report, err := terminal.run("import", "--fields=description")
			requests := simulated.RequestCounts()[test.operation]
			if !test.ends {
				expectParts(t, report, test.want...)
				if err != nil || len(readManifests(t, output)) != 3 || requests != 2 {
					t.Errorf("error %v, %d requests, want 2 and the 3 tickets:\n%s", err, requests, output)
				}
				return
			}
			if err == nil || output != "" || requests != 1 {
				t.Fatalf("error %v, %d requests, want an error after one, and no output:\n%s", err, requests, output)
			}
			expectParts(t, err.Error(), test.want...)
		})
	}
}

func TestImportFlagsThatAreWrong(t *testing.T) {
	terminal, _ := newProvider(t)
	for flag, said := range map[string]string{
		"--limit=0": "between 1 and", "--limit=100001": "between 1 and", "--name-prefix=A_": "cannot begin a name",
		"--fields=color": `--fields has "color"`,
	} {
		terminal.mustFail([]string{said}, "import", flag)
	}
}

// TestTextsOfTheProviderInManifests: whatever a text is made of, the manifest has it unchanged.
func TestTextsOfTheProviderInManifests(t *testing.T) {
	for _, text := range []string{"yes", "1e3", "a: b # c", "one\r\ntwo\n\n", "\ttab", "💥 ünï", "{{ .x }}", "---\nx", "a\u0085b", "\x00\x1b"} {
		encoded, err := encodeManifest(manifest{Spec: v1alpha1.TicketSpec{Description: text}})
		if err != nil {
			t.Fatal(err)
		}
		var read manifest
		if err := yaml.UnmarshalStrict(encoded, &read); err != nil || read.Spec.Description != text {
			t.Errorf("%q becomes %q, error %v, in:\n%s", text, read.Spec.Description, err, encoded)
		}
	}
}

// TestCustomFieldsInManifests: they say the same, however they were written.
func TestCustomFieldsInManifests(t *testing.T) {
	spec := v1alpha1.TicketSpec{CustomFields: map[string]apiextensionsv1.JSON{
		"b": {Raw: []byte(`{"b": [1.50, 9007199254740993, true],  "a": {"x":null}}`)}, "no": {Raw: []byte(`"no"`)},
	}}
	encoded, err := encodeManifest(manifest{Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	expectParts(t, string(encoded), "        x: null\n", "      - 1.5\n      - 9007199254740993\n      - true\n", "    \"no\": \"no\"\n")
}
