// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// operationCall calls the client's method of one operation, with the arguments of the contract's
// example.
type operationCall struct {
	call func(context.Context, *Client) (any, error)
	// want is what the method makes of the example response: the object, the list of objects, or
	// nil.
	want any
}

func operationCalls() map[string]operationCall {
	return map[string]operationCall{
		contract.ListRemoteFields: {
			func(ctx context.Context, c *Client) (any, error) { return list(All(c.ListRemoteFields(ctx))) },
			[]RemoteField{exampleRemoteField()},
		},
		contract.ListProjects: {
			func(ctx context.Context, c *Client) (any, error) {
				return list(All(c.ListProjects(ctx, PageQuery{Limit: 7})))
			},
			[]Project{{ID: "OPS", Name: "Operations", Unmapped: raw(`"lead"`, `"jane"`)}},
		},
		contract.QueryTickets: {
			func(ctx context.Context, c *Client) (any, error) {
				return list(All(c.QueryTickets(ctx, TicketQuery{Filters: []string{"tags[in]a,b", "project[eq]OPS"}})))
			},
			[]Ticket{exampleTicket()},
		},
		contract.CreateTicket: {
			func(ctx context.Context, c *Client) (any, error) {
				return object(c.CreateTicket(ctx, exampleCreateTicket()))
			},
			exampleTicket(),
		},
		contract.GetTicket: {
			func(ctx context.Context, c *Client) (any, error) { return object(c.GetTicket(ctx, "10023")) },
			exampleTicket(),
		},
		contract.PatchTicket: {
			func(ctx context.Context, c *Client) (any, error) {
				return object(c.PatchTicket(ctx, "10023", exampleTicketPatch()))
			},
			exampleTicket(),
		},
		contract.CreateAttachment: {
			func(ctx context.Context, c *Client) (any, error) {
				request := CreateAttachmentRequest{FileName: "trace.txt", Content: []byte("slow span")}
				return object(c.CreateAttachment(ctx, "10023", request))
			},
			exampleAttachmentMetadata(),
		},
		contract.ListAttachments: {
			func(ctx context.Context, c *Client) (any, error) { return list(All(c.ListAttachments(ctx, "10023"))) },
			[]AttachmentMetadata{exampleAttachmentMetadata()},
		},
		contract.DownloadAttachment: {
			func(ctx context.Context, c *Client) (any, error) {
				return object(c.DownloadAttachment(ctx, "10023", "30007"))
			},
			Attachment{
				FileName: "trace.txt", FileType: "text/plain", Content: []byte("slow span"), Unmapped: raw(`"checksum"`, `"1f0c"`),
			},
		},
		contract.DeleteAttachment: {
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.DeleteAttachment(ctx, "10023", "30007")
			}, nil,
		},
		contract.ListComments: {
			func(ctx context.Context, c *Client) (any, error) { return list(All(c.ListComments(ctx, "10023"))) },
			[]Comment{exampleComment()},
		},
		contract.CreateComment: {
			func(ctx context.Context, c *Client) (any, error) {
				request := CreateCommentRequest{Content: "Mitigation *started*.", Creator: "jane@example.com"}
				return object(c.CreateComment(ctx, "10023", request))
			},
			exampleComment(),
		},
		contract.DeleteComment: {
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteComment(ctx, "10023", "20011") }, nil,
		},
		contract.CreateNote: {
			func(ctx context.Context, c *Client) (any, error) {
				return object(c.CreateNote(ctx, "10023", CreateNoteRequest{Title: "Rollback", Content: "Rolled back to **v41**."}))
			},
			exampleNote(),
		},
		contract.ListNotes: {
			func(ctx context.Context, c *Client) (any, error) { return list(All(c.ListNotes(ctx, "10023"))) },
			[]Note{exampleNote()},
		},
		contract.DeleteNote: {
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteNote(ctx, "10023", "40005") }, nil,
		},
		contract.PatchNote: {
			func(ctx context.Context, c *Client) (any, error) {
				return object(c.PatchNote(ctx, "10023", "40005", exampleNotePatch()))
			},
			exampleNote(),
		},
	}
}

func TestEveryOperationKeepsToTheContract(t *testing.T) {
	calls := operationCalls()
	for _, operation := range contract.Operations() {
		t.Run(operation.Name, func(t *testing.T) {
			test, ok := calls[operation.Name]
			if !ok {
				t.Fatal("the client has no method for the operation")
			}
			server, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				checkRequest(t, operation, r)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(operation.SuccessStatus())
				_, _ = w.Write(operation.ExampleResponse)
			})
			got, err := test.call(t.Context(), client)
			if err != nil {
				t.Fatalf("%s against %s: %v", operation.Name, server.URL, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			expectNothingLost(t, operation, got)
		})
	}
}

func TestEveryOperationReportsAProblem(t *testing.T) {
	for name, test := range operationCalls() {
		t.Run(name, func(t *testing.T) {
			_, client := newServer(t, respondJSON(http.StatusBadRequest, string(contract.ExampleProblem())))
			_, err := test.call(t.Context(), client)
			want := name + ": 400 Bad Request: The ticket was refused. (/summary). " +
				"The summary is longer than 255 characters. Shorten the summary"
			if err == nil || err.Error() != want {
				t.Errorf("error = %v\nwant    %s", err, want)
			}
		})
	}
}

// checkRequest is what the contract says about the request, and that it has everything of the
// example and the usual headers.
func checkRequest(t *testing.T, operation contract.Operation, r *http.Request) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	err = contract.CheckRequest(operation, contract.Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), ContentType: r.Header.Get("Content-Type"), Body: body,
	})
	if err != nil {
		t.Error(err)
	}
	if operation.Body != nil {
		if diff := cmp.Diff(decoded(t, operation.ExampleRequest), decoded(t, body)); diff != "" {
			t.Errorf("body (-example +sent):\n%s", diff)
		}
	}
	want := map[string]string{
		"Authorization": "Bearer " + canary, "Accept": "application/json", "User-Agent": "synqly-ticketing-operator",
		"Idempotency-Key": "", "Cookie": "",
	}
	for name, value := range want {
		if got := r.Header.Get(name); got != value {
			t.Errorf("header %s = %q, want %q", name, got, value)
		}
	}
}

// expectNothingLost encodes the result again: a field of the answer that the client does not know
// would be missing.
func expectNothingLost(t *testing.T, operation contract.Operation, result any) {
	t.Helper()
	if operation.Answer == nil {
		return
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	envelope, _ := decoded(t, operation.ExampleResponse).(map[string]any)
	if diff := cmp.Diff(envelope["result"], decoded(t, encoded)); diff != "" {
		t.Errorf("what the client keeps of the result (-answered +kept):\n%s", diff)
	}
}

func exampleCreateTicket() CreateTicketRequest {
	return CreateTicketRequest{
		Name: "Checkout latency", Summary: "p99 above 2s since 10:05 UTC", Creator: "bot@example.com",
		Assignee: "jane@example.com", Contact: "desk@example.com", Description: "The **checkout** is slow.", Priority: "HIGH",
		DueDate: "2026-12-01T08:00:00Z", CompletionDate: "2026-12-02T09:30:00Z", Status: "To Do", Project: "OPS",
		IssueType: "Incident", Tags: []string{"team:checkout", "latency"}, CustomFields: exampleCustomFields(),
	}
}

func exampleTicket() Ticket {
	return Ticket{
		ID: "10023", Name: "Checkout latency", Summary: "p99 above 2s since 10:05 UTC",
		CreatedAt: at(2026, time.November, 1, 10, 6, 7, 0, "2026-11-01T10:06:07Z"),
		UpdatedAt: at(2026, time.November, 2, 11, 12, 13, 456e6, "2026-11-02T11:12:13.456Z"),
		Creator:   "bot@example.com", Assignee: "jane@example.com", Contact: "desk@example.com",
		Description: "The **checkout** is slow.", Priority: "HIGH",
		DueDate:        at(2026, time.December, 1, 8, 0, 0, 0, "2026-12-01T08:00:00Z"),
		CompletionDate: at(2026, time.December, 2, 9, 30, 0, 0, "2026-12-02T09:30:00Z"),
		Status:         "To Do", Project: "OPS", IssueType: "Incident", Tags: []string{"team:checkout", "latency"},
		Parent: "10001", Attachments: []AttachmentMetadata{exampleAttachmentMetadata()}, CustomFields: exampleCustomFields(),
		Unmapped: raw(`"votes"`, `3`),
	}
}

func exampleCustomFields() map[string]json.RawMessage {
	return raw(`"severity"`, `2`, `"region"`, `"eu"`, `"services"`, `["cart","pay"]`, `"paged"`, `true`, `"owner"`, `null`)
}

func exampleTicketPatch() []PatchOperation {
	return []PatchOperation{
		must(Test("/summary", "p99 above 2s since 10:05 UTC")),
		must(Replace("/status", "Done")),
		must(Replace("/assignee", nil)),
		must(Add("/custom_fields/"+EscapePointer("region"), "us")),
		{Op: "copy", From: "/summary", Path: "/description"},
		Remove("/custom_fields/severity"),
	}
}

func exampleNotePatch() []PatchOperation {
	return []PatchOperation{
		must(Replace("/title", "Rollback finished")), must(Replace("/content", "Rolled back to v41, all regions.")),
	}
}

func exampleAttachmentMetadata() AttachmentMetadata {
	return AttachmentMetadata{
		ID: "30007", TicketID: "10023", FileName: "trace.txt", FileType: "text/plain",
		CreatedDate: at(2026, time.November, 3, 12, 0, 0, 0, "2026-11-03T12:00:00Z"), Creator: "uploader@example.com",
		FileSize: 9, Unmapped: raw(`"thumbnail"`, `false`),
	}
}

func exampleComment() Comment {
	return Comment{Entry{
		ID: "20011", TicketID: "10023", Creator: "jane@example.com", Content: "Mitigation *started*.",
		CreatedAt:    at(2026, time.November, 4, 13, 14, 15, 0, "2026-11-04T13:14:15Z"),
		UpdatedAt:    at(2026, time.November, 5, 14, 15, 16, 0, "2026-11-05T14:15:16Z"),
		CustomFields: raw(`"channel"`, `"mail"`), Unmapped: raw(`"visibility"`, `"public"`),
	}}
}

func exampleNote() Note {
	return Note{Title: "Rollback", Entry: Entry{
		ID: "40005", TicketID: "10023", Content: "Rolled back to **v41**.", Creator: "bot@example.com",
		CreatedAt:    at(2026, time.November, 6, 15, 16, 17, 0, "2026-11-06T15:16:17Z"),
		UpdatedAt:    at(2026, time.November, 7, 16, 17, 18, 0, "2026-11-07T16:17:18Z"),
		CustomFields: raw(`"kind"`, `"internal"`), Unmapped: raw(`"pinned"`, `true`),
	}}
}

func exampleRemoteField() RemoteField {
	return RemoteField{
		FieldID: "customfield_10042", FieldScope: "project_custom", ProviderFieldName: "Severity",
		Schema: RemoteFieldSchema{
			FieldTypeID: "enum", EnumValues: []string{"minor", "major"},
			EnumOptionValues: []RemoteFieldOption{{ID: "1", Name: "Minor"}, {ID: "2", Name: "Major"}},
		},
		ProviderFieldPath: "fields.severity", ProjectID: "OPS",
	}
}

func at(year int, month time.Month, day, hour, minute, second, nanosecond int, raw string) Timestamp {
	return Timestamp{Time: time.Date(year, month, day, hour, minute, second, nanosecond, time.UTC), Raw: raw}
}

// raw makes a map of JSON values out of pairs of a quoted name and a value.
func raw(pairs ...string) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		values[strings.Trim(pairs[i], `"`)] = json.RawMessage(pairs[i+1])
	}
	return values
}

func must(operation PatchOperation, err error) PatchOperation {
	if err != nil {
		panic(err)
	}
	return operation
}

// object and list give the results of all methods one form.
func object[T any](result *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return *result, nil
}

func list[T any](items []T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return items, nil
}

func decoded(t *testing.T, data []byte) any {
	t.Helper()
	var document any
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&document); err != nil {
		t.Errorf("decoding %s: %v", data, err)
	}
	return document
}
