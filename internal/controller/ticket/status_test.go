// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/utils/ptr"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// statusSchema is what the API server takes as the status of a Ticket.
func statusSchema(tb testing.TB) *apiextensionsv1.JSONSchemaProps {
	tb.Helper()
	content, err := os.ReadFile("../../../config/crd/bases/ticketing.synqly.com_tickets.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(content, &definition); err != nil {
		tb.Fatal(err)
	}
	schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
	return &schema
}

// violations are the limits of the schema that a JSON value does not keep.
func violations(schema *apiextensionsv1.JSONSchemaProps, path string, value any) []string {
	var broken []string
	exceeds := func(limit *int64, length int) {
		if limit != nil && int64(length) > *limit {
			broken = append(broken, fmt.Sprintf("%s: %d are more than %d", path, length, *limit))
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			property, known := schema.Properties[name]
			if !known && schema.AdditionalProperties == nil {
				broken = append(broken, path+"."+name+": is no field")
				continue
			}
			broken = append(broken, violations(&property, path+"."+name, member)...)
		}
	case []any:
		exceeds(schema.MaxItems, len(value))
		for i, element := range value {
			broken = append(broken, violations(schema.Items.Schema, fmt.Sprintf("%s[%d]", path, i), element)...)
		}
	case string:
		exceeds(schema.MaxLength, utf8.RuneCountInString(value))
		if !regexp.MustCompile(schema.Pattern).MatchString(value) {
			broken = append(broken, fmt.Sprintf("%s: %q is not of the form %s", path, value, schema.Pattern))
		}
	case nil:
		broken = append(broken, path+": is null")
	case float64:
		if schema.Minimum != nil && value < *schema.Minimum || schema.Format == "int32" && value > math.MaxInt32 {
			broken = append(broken, fmt.Sprintf("%s: %v is out of range", path, value))
		}
	}
	return broken
}

// expectValid checks that the API server would take the status.
func expectValid(tb testing.TB, schema *apiextensionsv1.JSONSchemaProps, ticket *v1alpha1.Ticket) {
	tb.Helper()
	encoded, err := json.Marshal(ticket.Status)
	if err != nil {
		tb.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(encoded, &value); err != nil {
		tb.Fatal(err)
	}
	if broken := violations(schema, "status", value); len(broken) > 0 {
		tb.Errorf("the API server would refuse the status: %s", strings.Join(broken, "; "))
	}
}

// numbered are so many different tags.
func numbered(count int) []string {
	var tags []string
	for i := range count {
		tags = append(tags, fmt.Sprint("tag-", i))
	}
	return tags
}

// files are so many attachments, the oldest first, of which the provider says more than the API
// documents.
func files(count int) []synqly.AttachmentMetadata {
	var all []synqly.AttachmentMetadata
	for i := range count {
		all = append(all, synqly.AttachmentMetadata{
			ID: fmt.Sprint(40001 + i), TicketID: "10023", FileName: fmt.Sprintf("heap-%d.txt", i), FileType: "text/plain", FileSize: int64(i),
			Creator: "jane@example.com", CreatedDate: timestamp(time.Date(2026, 11, 3, 0, i, 0, 0, time.UTC).Format(time.RFC3339)),
			Unmapped: map[string]json.RawMessage{"content": json.RawMessage(`"https://acme.example.com/download?token=s3cr3t"`)},
		})
	}
	return all
}

// shownFiles are the same as the status shows them.
func shownFiles(count int) []v1alpha1.RemoteAttachment {
	var shown []v1alpha1.RemoteAttachment
	for _, file := range slices.Backward(files(count)) {
		shown = append(shown, v1alpha1.RemoteAttachment{
			ID: file.ID, FileName: file.FileName, FileType: "text/plain", FileSize: file.FileSize, Creator: "jane@example.com", CreatedAt: file.CreatedDate.Raw,
		})
	}
	return shown
}

// TestRecordBoundsTheBytesOfAttachments tries the longest texts in a script of four bytes a letter.
func TestRecordBoundsTheBytesOfAttachments(t *testing.T) {
	ticket := &v1alpha1.Ticket{}
	shown := &synqly.Ticket{ID: "10023", Attachments: files(50)}
	for i := range shown.Attachments {
		file := &shown.Attachments[i]
		file.FileName, file.Creator = strings.Repeat("𝔞", 255), strings.Repeat("𝔟", 255)
	}
	adapter{}.Record(ticket, shown, &v1alpha1.Integration{}, time.Now())
	encoded, err := json.Marshal(ticket.Status.Remote.Attachments)
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) > 40<<10 {
		t.Errorf("the attachments take %d bytes", len(encoded))
	}
	if len(ticket.Status.Remote.Attachments) < 10 {
		t.Errorf("only %d attachments are shown", len(ticket.Status.Remote.Attachments))
	}
	want := fmt.Sprintf("attachments: the remote ticket has 50, and only the newest %d are shown", len(ticket.Status.Remote.Attachments))
	if !slices.Contains(ticket.Status.Remote.Remarks, want) {
		t.Errorf("remarks %q, want %q among them", ticket.Status.Remote.Remarks, want)
	}
}

// TestRecordShowsNoDownloads keeps out what providers add to the metadata of an attachment: often
// an address that gives everybody the content.
func TestRecordShowsNoDownloads(t *testing.T) {
	ticket := &v1alpha1.Ticket{}
	adapter{}.Record(ticket, &synqly.Ticket{ID: "10023", Attachments: files(2)}, &v1alpha1.Integration{}, time.Now())
	encoded, err := json.Marshal(ticket.Status)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(encoded), "s3cr3t") || !strings.Contains(string(encoded), "heap-1.txt") {
		t.Errorf("the status is %s", encoded)
	}
}

func TestRecord(t *testing.T) {
	schema := statusSchema(t)
	now := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	long := strings.Repeat("ä", 5000)
	for name, test := range map[string]struct {
		change func(*synqly.Ticket)
		// want changes what is shown of wholeTicket.
		want    func(*v1alpha1.RemoteTicket)
		remarks []string
	}{
		"everything as documented": {func(*synqly.Ticket) {}, func(*v1alpha1.RemoteTicket) {}, nil},
		"texts of the greatest length": {
			func(s *synqly.Ticket) { s.Summary, s.Status = long[:2048], long[:510] },
			func(r *v1alpha1.RemoteTicket) { r.Summary, r.Status = long[:2048], long[:510] }, nil,
		},
		"long texts": {
			func(s *synqly.Ticket) { s.Summary, s.Name, s.Status, s.Assignee = long, long, long, long },
			func(r *v1alpha1.RemoteTicket) {
				r.Summary, r.Name, r.Status, r.Assignee = long[:2046]+"…", long[:2046]+"…", long[:508]+"…", long[:508]+"…"
			},
			[]string{
				"name has 5000 characters and is cut to 1024", "summary has 5000 characters and is cut to 1024",
				"status has 5000 characters and is cut to 255", "assignee has 5000 characters and is cut to 255",
			},
		},
		"a description of 2 MB": {
			func(s *synqly.Ticket) { s.Description = strings.Repeat("x", 2<<20) },
			func(*v1alpha1.RemoteTicket) {},
			[]string{"description has 2097152 characters; spec.description allows at most 65536"},
		},
		"a description of the greatest length": {
			func(s *synqly.Ticket) { s.Description = strings.Repeat("ä", 65536) }, func(*v1alpha1.RemoteTicket) {}, nil,
		},
		"a priority of the provider's own": {
			func(s *synqly.Ticket) { s.Priority = "P1" }, func(r *v1alpha1.RemoteTicket) { r.Priority = "P1" },
			[]string{`priority "P1" is not a valid value of spec.priority`},
		},
		"no priority": {func(s *synqly.Ticket) { s.Priority = "" }, func(r *v1alpha1.RemoteTicket) { r.Priority = "" }, nil},
		"a priority that is a novel": {
			func(s *synqly.Ticket) { s.Priority = long }, func(r *v1alpha1.RemoteTicket) { r.Priority = long[:508] + "…" },
			[]string{"priority has 5000 characters and is cut to 255", `priority "` + long[:126] + `…" is not a valid value of spec.priority`},
		},
		"dates that are none": {
			func(s *synqly.Ticket) {
				s.DueDate, s.CompletionDate = timestamp("next tuesday"), timestamp("32.13.2026")
				s.CreatedAt, s.UpdatedAt = timestamp("yesterday"), timestamp(strings.Repeat("9", 200))
			},
			func(r *v1alpha1.RemoteTicket) {
				r.DueDate, r.CompletionDate = "next tuesday", "32.13.2026"
				r.CreatedAt, r.UpdatedAt = "yesterday", strings.Repeat("9", 63)+"…"
			},
			[]string{
				`createdAt "yesterday" is not an RFC 3339 time, such as 2026-12-01T00:00:00Z`, `updatedAt "` + strings.Repeat("9", 63) + `…" is not an RFC 3339 time, such as 2026-12-01T00:00:00Z`,
				`dueDate "next tuesday" is not an RFC 3339 time, such as 2026-12-01T00:00:00Z`, `completionDate "32.13.2026" is not an RFC 3339 time, such as 2026-12-01T00:00:00Z`,
			},
		},
		"no dates": {
			func(s *synqly.Ticket) { s.DueDate, s.CompletionDate = synqly.Timestamp{}, synqly.Timestamp{} },
			func(r *v1alpha1.RemoteTicket) { r.DueDate, r.CompletionDate = "", "" }, nil,
		},
		"dates in another zone": {
			func(s *synqly.Ticket) { s.DueDate = timestamp("2026-12-01T01:00:00.000+0100") },
			func(r *v1alpha1.RemoteTicket) { r.DueDate = "2026-12-01T01:00:00.000+0100" }, nil,
		},
		"tags of several lines": {
			func(s *synqly.Ticket) { s.Tags = []string{"a\r\nb", "tab\there", "plain", "null\x00"} },
			func(r *v1alpha1.RemoteTicket) { r.Tags = []string{"a  b", "tab here", "plain", "null "} },
			[]string{
				`tags: control characters in "a \nb" are shown as spaces`, `tags: control characters in "tab\there" are shown as spaces`,
				"tags: control characters in \"null\uFFFD\" are shown as spaces",
			},
		},
		"300 tags": {
			func(s *synqly.Ticket) { s.Tags = numbered(300) },
			func(r *v1alpha1.RemoteTicket) { r.Tags = numbered(200) },
			[]string{"tags: the remote ticket has 300, and only the first 200 are shown"},
		},
		"200 tags": {
			func(s *synqly.Ticket) { s.Tags = numbered(200) }, func(r *v1alpha1.RemoteTicket) { r.Tags = numbered(200) }, nil,
		},
		"a long tag": {
			func(s *synqly.Ticket) { s.Tags = []string{long} }, func(r *v1alpha1.RemoteTicket) { r.Tags = []string{long[:508] + "…"} },
			[]string{"a tag has 5000 characters and is cut to 255"},
		},
		"no tags": {func(s *synqly.Ticket) { s.Tags = nil }, func(r *v1alpha1.RemoteTicket) { r.Tags = nil }, nil},
		"bytes that are no UTF-8": {
			func(s *synqly.Ticket) {
				s.Summary, s.Tags, s.Priority, s.DueDate.Raw = "a\xffb", []string{"c\xc3"}, "HIGH\x80", "2026\xff"
				s.DueDate.Time = time.Time{}
			},
			func(r *v1alpha1.RemoteTicket) {
				r.Summary, r.Tags, r.Priority, r.DueDate = "a\uFFFDb", []string{"c\uFFFD"}, "HIGH\uFFFD", "2026\uFFFD"
			},
			[]string{
				"priority \"HIGH\uFFFD\" is not a valid value of spec.priority",
				"dueDate \"2026\uFFFD\" is not an RFC 3339 time, such as 2026-12-01T00:00:00Z", "tags: control characters in \"c\uFFFD\" are shown as spaces",
			},
		},
		"fields of other types": {
			func(s *synqly.Ticket) {
				s.Name, s.Unreadable = "", []string{"name cannot be read: its JSON type is number", "tags[3] cannot be read: its JSON type is object"}
			},
			func(r *v1alpha1.RemoteTicket) { r.Name = "" },
			[]string{"name cannot be read: its JSON type is number", "tags[3] cannot be read: its JSON type is object"},
		},
		"a field whose name is a novel": {
			func(s *synqly.Ticket) { s.Unreadable = []string{long} }, func(*v1alpha1.RemoteTicket) {}, []string{long[:1022] + "…"},
		},
		"more oddities than there is room for": {
			func(s *synqly.Ticket) { s.Unreadable, s.Priority = numbered(40), "P1" },
			func(r *v1alpha1.RemoteTicket) { r.Priority = "P1" }, numbered(16),
		},
		"comments": {
			func(s *synqly.Ticket) { s.Unmapped = map[string]json.RawMessage{"comment_count": json.RawMessage("7")} },
			func(r *v1alpha1.RemoteTicket) { r.Comments = ptr.To[int32](7) }, nil,
		},
		"no comments": {
			func(s *synqly.Ticket) { s.Unmapped = map[string]json.RawMessage{"comment_count": json.RawMessage("0")} },
			func(r *v1alpha1.RemoteTicket) { r.Comments = ptr.To[int32](0) }, nil,
		},
		"as many comments as can be counted": {
			func(s *synqly.Ticket) {
				s.Unmapped = map[string]json.RawMessage{"comment_count": json.RawMessage("2147483647")}
			},
			func(r *v1alpha1.RemoteTicket) { r.Comments = ptr.To[int32](math.MaxInt32) }, nil,
		},
		"comments that cannot be counted": {
			func(s *synqly.Ticket) {
				s.Unmapped = map[string]json.RawMessage{"comment_count": json.RawMessage("-1")}
			},
			func(*v1alpha1.RemoteTicket) {}, nil,
		},
		"as many attachments as are shown": {
			func(s *synqly.Ticket) { s.Attachments = files(50) },
			func(r *v1alpha1.RemoteTicket) { r.Attachments = shownFiles(50) }, nil,
		},
		"more attachments": {
			func(s *synqly.Ticket) { s.Attachments = files(3000) },
			func(r *v1alpha1.RemoteTicket) { r.Attachments = shownFiles(3000)[:50] },
			[]string{"attachments: the remote ticket has 3000, and only the newest 50 are shown"},
		},
		"the same attachments in another order, one of them twice": {
			func(s *synqly.Ticket) {
				s.Attachments = files(5)
				slices.Reverse(s.Attachments)
				s.Attachments = append(s.Attachments, s.Attachments[2])
			},
			func(r *v1alpha1.RemoteTicket) { r.Attachments = shownFiles(5) }, nil,
		},
		"an attachment with odd values": {
			func(s *synqly.Ticket) {
				s.Attachments = []synqly.AttachmentMetadata{{
					ID: "40001", FileName: "two\nlines\x1b[31m" + long, FileType: long, FileSize: -1, Creator: "null\x00" + long, CreatedDate: timestamp("yesterday"),
				}}
			},
			func(r *v1alpha1.RemoteTicket) {
				r.Attachments = []v1alpha1.RemoteAttachment{{
					ID: "40001", FileName: "two lines [31m" + long[:480] + "…", FileType: long[:508] + "…", Creator: "null " + long[:498] + "…", CreatedAt: "yesterday",
				}}
			},
			[]string{
				"the file name of an attachment has 5014 characters and is cut to 255", "the type of an attachment has 5000 characters and is cut to 255",
				"the creator of an attachment has 5005 characters and is cut to 255",
				`createdAt of an attachment "yesterday" is not an RFC 3339 time, such as 2026-12-01T00:00:00Z`,
			},
		},
		"attachments that cannot be named": {
			func(s *synqly.Ticket) {
				s.Attachments = append(files(1), synqly.AttachmentMetadata{ID: strings.Repeat("9", 1025)}, synqly.AttachmentMetadata{}, synqly.AttachmentMetadata{ID: "a\x1bb"})
			},
			func(r *v1alpha1.RemoteTicket) { r.Attachments = shownFiles(1) },
			slices.Repeat([]string{"attachments: one has no ID, or one that cannot be used, and is not shown"}, 3),
		},
	} {
		t.Run(name, func(t *testing.T) {
			shown := decodeTicket(t, []byte(wholeTicket))
			want := remoteTicket(shown)
			test.change(shown)
			test.want(want)
			want.Remarks = test.remarks
			ticket := &v1alpha1.Ticket{}
			adapter{}.Record(ticket, shown, &v1alpha1.Integration{}, now)
			if diff := cmp.Diff(want, ticket.Status.Remote); diff != "" {
				t.Errorf("status.remote (-want +got):\n%s", diff)
			}
			expectValid(t, schema, ticket)
		})
	}
}

func TestRecordShowsEveryField(t *testing.T) {
	want := &v1alpha1.RemoteTicket{
		Name: "Checkout latency", Summary: "p99 above 2s", Priority: "HIGH", Status: "To Do", Project: "OPS", IssueType: "Incident",
		Assignee: "jane@example.com", Creator: "bot@example.com", DueDate: "2026-12-01T00:00:00Z", CompletionDate: "2026-12-02T00:00:00Z",
		CreatedAt: "2026-03-01T12:00:00Z", UpdatedAt: "2026-03-01T12:00:00Z", Tags: []string{"triaged", "team:checkout", marker, "sev2"},
		Attachments: []v1alpha1.RemoteAttachment{{
			ID: "40001", FileName: "heap.txt", FileType: "text/plain", FileSize: 11, Creator: "max@example.com", CreatedAt: "2026-03-01T12:00:00Z",
		}},
	}
	if diff := cmp.Diff(want, remoteTicket(decodeTicket(t, []byte(wholeTicket)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever a provider shows, the API server takes the status that records it.
func FuzzRecord(f *testing.F) {
	schema := statusSchema(f)
	f.Add([]byte(wholeTicket))
	f.Add([]byte(`{"id": "1"}`))
	f.Add([]byte(`{"id": "1", "name": 5, "summary": ["a"], "tags": [1, "x\ny", null, {}], "due_date": {}, "custom_fields": "none"}`))
	f.Add([]byte(`{"id": "1", "status": "done", "completion_date": "9999-12-31T23:59:59-05:00", "updated_at": "0000-01-01T00:00:00+01:00"}`))
	f.Add([]byte(`{"id": "1", "status": "` + strings.Repeat("€", 300) + `", "tags": ["` + strings.Repeat(`a","`, 300) + `"]}`))
	f.Add([]byte("{\"id\": \"1\", \"priority\": \"\xff\\u0000\\ud800\", \"unmapped\": {\"comments\": 1e9}}"))
	now := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, document []byte) {
		var shown synqly.Ticket
		if json.Unmarshal(document, &shown) != nil {
			return
		}
		ticket, integration := &v1alpha1.Ticket{}, &v1alpha1.Integration{}
		adapter{}.Record(ticket, &shown, integration, now)
		expectValid(t, schema, ticket)
		if closed := ticket.Status.ClosedAt; closed != nil && closed.IsZero() {
			t.Error("closedAt is set, and no time")
		}
		// What was written down is what is read again, so that it is not written for ever.
		before, err := json.Marshal(ticket.Status)
		if err != nil {
			t.Fatal(err)
		}
		var read v1alpha1.Ticket
		if err := json.Unmarshal(before, &read.Status); err != nil {
			t.Fatal(err)
		}
		if shown.UpdatedAt.Time.IsZero() && (adapter{}).Newer(&read, &shown, integration, now) {
			t.Errorf("a ticket that was recorded just now counts as changed: %s", before)
		}
		adapter{}.Record(&read, &shown, integration, now.Add(time.Hour))
		if after, err := json.Marshal(read.Status); err != nil || !bytes.Equal(before, after) {
			t.Errorf("recorded again it is %s, before it was %s (%v)", after, before, err)
		}
	})
}

func TestChangedSinceItWasRecorded(t *testing.T) {
	later := func(s *synqly.Ticket) { s.UpdatedAt = timestamp("2026-03-01T12:00:00.000001Z") }
	undated := func(s *synqly.Ticket) { s.UpdatedAt = synqly.Timestamp{} }
	for name, test := range map[string]struct {
		before, after func(*synqly.Ticket)
		recorded      func(*v1alpha1.Ticket)
		want          bool
	}{
		"nothing":                          {nil, nil, nil, false},
		"a later change":                   {nil, later, nil, true},
		"an earlier change":                {later, func(s *synqly.Ticket) { s.Status = "Blocked" }, nil, false},
		"a time in another zone":           {nil, func(s *synqly.Ticket) { s.UpdatedAt = timestamp("2026-03-01T13:00:00+0100") }, nil, false},
		"never recorded":                   {nil, nil, func(t *v1alpha1.Ticket) { t.Status.Remote = nil }, true},
		"recorded without a time":          {undated, nil, nil, true},
		"closed, by other closed statuses": {nil, nil, func(t *v1alpha1.Ticket) { t.Status.ClosedAt = at(today) }, true},
		"no time, nothing":                 {undated, undated, nil, false},
		"no time, a field that is shown": {undated, func(s *synqly.Ticket) {
			undated(s)
			s.Assignee = "max@example.com"
		}, nil, true},
		"no time, a managed field that is not shown": {undated, func(s *synqly.Ticket) {
			undated(s)
			s.Description = "changed"
		}, nil, true},
		"no time, a field that is neither": {undated, func(s *synqly.Ticket) {
			undated(s)
			s.CustomFields["squad"] = json.RawMessage(`["c"]`)
		}, nil, false},
		"no time, drift that is known": {undated, undated, func(t *v1alpha1.Ticket) {
			t.Status.Returned["description"], t.Status.Drift = "other", []string{"description"}
		}, false},
		"no time, drift that is over": {undated, undated, func(t *v1alpha1.Ticket) { t.Status.Drift = []string{"description"} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			shown := func(change func(*synqly.Ticket)) *synqly.Ticket {
				listed := decodeTicket(t, []byte(wholeTicket))
				if change != nil {
					change(listed)
				}
				return listed
			}
			ticket, integration := &v1alpha1.Ticket{Spec: *wholeSpec()}, &v1alpha1.Integration{}
			before := shown(test.before)
			adapter{}.Record(ticket, before, integration, at(today).Time)
			ticket.Status.Returned = adapter{}.RemoteFields(ticket, before)
			if test.recorded != nil {
				test.recorded(ticket)
			}
			if got := (adapter{}).Newer(ticket, shown(test.after), integration, at(today).Time); got != test.want {
				t.Errorf("changed = %t, want %t; drift would be %v", got, test.want,
					remote.Drifted(ticket.Status.Returned, adapter{}.RemoteFields(ticket, shown(test.after))))
			}
		})
	}
}
