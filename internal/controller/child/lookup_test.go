// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// ticketReader has the Tickets of one namespace.
type ticketReader struct {
	client.Reader // nil: nothing but Get may be called
	statuses      map[types.NamespacedName]v1alpha1.TicketStatus
	err           error
	reads         int
}

func (r *ticketReader) Get(_ context.Context, name types.NamespacedName, object client.Object, _ ...client.GetOption) error {
	r.reads++
	if r.err != nil {
		return r.err
	}
	status, exists := r.statuses[name]
	if !exists {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "tickets"}, name.Name)
	}
	ticket, isTicket := object.(*v1alpha1.Ticket)
	if !isTicket {
		return fmt.Errorf("asked for a %T", object)
	}
	ticket.Namespace, ticket.Name, ticket.Status = name.Namespace, name.Name, status
	return nil
}

func TestChildPlace(t *testing.T) {
	ref := &v1alpha1.TicketReference{Name: "checkout"}
	existing := v1alpha1.TicketStatus{RemoteObjectStatus: v1alpha1.RemoteObjectStatus{ID: "10023", Integration: "jira"}}
	broken := errors.New("no leader")
	for name, test := range map[string]struct {
		parent v1alpha1.ParentReference
		status v1alpha1.RemoteChildStatus
		ticket *v1alpha1.TicketStatus // nil where it does not exist
		err    error
		want   remote.Place
		// waits is what is said about what is not there yet.
		waits string
		fails string
		reads int
	}{
		"by its Ticket": {
			parent: v1alpha1.ParentReference{TicketRef: ref}, ticket: &existing, reads: 1,
			want: remote.Place{Integration: "jira", TicketID: "10023"},
		},
		"recorded, without its Ticket": {
			parent: v1alpha1.ParentReference{TicketRef: ref},
			status: v1alpha1.RemoteChildStatus{TicketID: "7", RemoteObjectStatus: v1alpha1.RemoteObjectStatus{Integration: "old"}},
			want:   remote.Place{Integration: "old", TicketID: "7"},
		},
		"half recorded": {
			parent: v1alpha1.ParentReference{TicketRef: ref}, status: v1alpha1.RemoteChildStatus{TicketID: "7"}, ticket: &existing, reads: 1,
			want: remote.Place{Integration: "jira", TicketID: "10023"},
		},
		"by ID": {
			parent: v1alpha1.ParentReference{TicketID: "7"}, want: remote.Place{Integration: "default", TicketID: "7"},
		},
		"by ID, with an Integration": {
			parent: v1alpha1.ParentReference{TicketID: "7", IntegrationRef: &v1alpha1.IntegrationReference{Name: "jira"}},
			want:   remote.Place{Integration: "jira", TicketID: "7"},
		},
		"no Ticket": {
			parent: v1alpha1.ParentReference{TicketRef: ref}, reads: 1, waits: `Ticket "checkout" does not exist`,
		},
		"Ticket that is not created yet": {
			parent: v1alpha1.ParentReference{TicketRef: ref}, ticket: &v1alpha1.TicketStatus{}, reads: 1, waits: `Ticket "checkout" has no remote ticket yet`,
		},
		"API server down": {
			parent: v1alpha1.ParentReference{TicketRef: ref}, err: broken, reads: 1, fails: `reading Ticket "checkout": no leader`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			reader := &ticketReader{statuses: map[types.NamespacedName]v1alpha1.TicketStatus{}, err: test.err}
			reader.statuses[types.NamespacedName{Namespace: "team-b", Name: "checkout"}] = v1alpha1.TicketStatus{RemoteObjectStatus: v1alpha1.RemoteObjectStatus{ID: "of another namespace"}}
			if test.ticket != nil {
				reader.statuses[types.NamespacedName{Namespace: "team-a", Name: "checkout"}] = *test.ticket
			}
			got, err := placeOf(t.Context(), reader, "team-a", &test.parent, &test.status)
			if diff := cmp.Diff(test.want, got); diff != "" || reader.reads != test.reads {
				t.Errorf("%d reads, want %d, place (-want +got):\n%s", reader.reads, test.reads, diff)
			}
			var waiting *remote.WaitingError
			switch isWaiting := errors.As(err, &waiting); {
			case test.waits != "" && (!isWaiting || waiting.Reason != v1alpha1.ReasonWaitingForTicket || !strings.Contains(waiting.Message, test.waits)):
				t.Errorf("error = %#v, want to wait for the Ticket: %s", err, test.waits)
			case test.fails != "" && (isWaiting || err == nil || !errors.Is(err, test.err) || err.Error() != test.fails):
				t.Errorf("error = %v, want %s", err, test.fails)
			case test.waits == "" && test.fails == "" && err != nil:
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestRecord(t *testing.T) {
	notes := Adapter[*v1alpha1.TicketNote, synqly.Note]{Entry: func(note *synqly.Note) *synqly.Entry { return &note.Entry }}
	note := &v1alpha1.TicketNote{}
	notes.RecordPlace(note, remote.Place{Integration: "jira", TicketID: "10023"})
	notes.Record(note, &synqly.Note{Entry: synqly.Entry{
		Creator: strings.Repeat("ü", 300), CreatedAt: synqly.Timestamp{Raw: "2026-03-01T12:00:00Z"}, UpdatedAt: synqly.Timestamp{Raw: strings.Repeat("9", 100)},
	}}, nil, time.Time{})
	status := note.Status
	if status.Integration != "jira" || status.TicketID != "10023" || status.CreatedAt != "2026-03-01T12:00:00Z" {
		t.Errorf("status %+v", status)
	}
	if creator, updated := utf8.RuneCountInString(status.Creator), utf8.RuneCountInString(status.UpdatedAt); creator != 255 || updated != 64 {
		t.Errorf("creator of %d characters, updatedAt of %d, want 255 and 64", creator, updated)
	}
}

func TestCreatedBy(t *testing.T) {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	window := remote.Window{From: started, Until: started.Add(150 * time.Second)}
	comment := func(id, content, creator string, after time.Duration) synqly.Comment {
		return synqly.Comment{Entry: synqly.Entry{ID: id, Content: content, Creator: creator, CreatedAt: synqly.Timestamp{Time: started.Add(after)}}}
	}
	for name, test := range map[string]struct {
		comments []synqly.Comment
		creator  string
		want     []string
		doubts   []string
	}{
		"none":                      {nil, "", nil, nil},
		"match":                     {[]synqly.Comment{comment("1", "Done.", "", 0)}, "", []string{"1"}, nil},
		"another text":              {[]synqly.Comment{comment("1", "Not done.", "", 0)}, "", nil, nil},
		"other signs":               {[]synqly.Comment{comment("1", "done!", "", 0)}, "", nil, []string{"1"}},
		"from before":               {[]synqly.Comment{comment("1", "Done.", "", -time.Hour)}, "", nil, nil},
		"from later":                {[]synqly.Comment{comment("1", "Done.", "", time.Hour)}, "", nil, nil},
		"other signs, from before":  {[]synqly.Comment{comment("1", "done!", "", -time.Hour)}, "", nil, nil},
		"without a time":            {[]synqly.Comment{{Entry: synqly.Entry{ID: "1", Content: "Done."}}}, "", nil, []string{"1"}},
		"without a time, and match": {[]synqly.Comment{{Entry: synqly.Entry{ID: "1", Content: "Done."}}, comment("2", "Done.", "", 0)}, "", []string{"2"}, []string{"1"}},
		"another creator, alone":    {[]synqly.Comment{comment("1", "Done.", "bot", 0)}, "jane", []string{"1"}, nil},
		"the creator decides":       {[]synqly.Comment{comment("1", "Done.", "joe", 0), comment("2", "Done.", "Jane", 0)}, "jane", []string{"2"}, nil},
		"the creator does not":      {[]synqly.Comment{comment("1", "Done.", "joe", 0), comment("2", "Done.", "bot", 0)}, "jane", []string{"1", "2"}, nil},
		"the text comes first":      {[]synqly.Comment{comment("1", "Other.", "jane", 0), comment("2", "Done.", "bot", 0)}, "jane", []string{"2"}, nil},
		"the time comes first":      {[]synqly.Comment{comment("1", "Done.", "jane", -time.Hour), comment("2", "Done.", "bot", 0)}, "jane", []string{"2"}, nil},
		"several of that creator":   {[]synqly.Comment{comment("1", "Done.", "jane", 0), comment("2", "**Done.**", "jane", time.Second), comment("3", "Done.", "joe", 0)}, "jane", []string{"1", "2"}, nil},
	} {
		attempt := Attempt{Noun: "comment", Text: remote.Fingerprint("Done."), Window: window, Creators: Creators{Wanted: test.creator}}
		var got, doubts []string
		for _, found := range CreatedBy(attempt, test.comments, entryOf, ByWords(wordsOf)) {
			if found.Doubt != "" {
				doubts = append(doubts, found.Remote.ID)
			} else {
				got = append(got, found.Remote.ID)
			}
		}
		if diff := cmp.Diff([][]string{test.want, test.doubts}, [][]string{got, doubts}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatTheTokensOwnUserWroteIsProven(t *testing.T) {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		creator  string
		siblings []sibling
		want     bool
	}{
		"by the own user":                             {"Bot", []sibling{{"", "bot", true}}, true},
		"by somebody else":                            {"", []sibling{{"", "bot", true}}, false},
		"nothing shows who the own user is":           {"bot", nil, false},
		"what shows it may be somebody else's":        {"bot", []sibling{{"", "bot", false}}, false},
		"what shows it asked for a creator":           {"jane", []sibling{{"jane", "jane", true}}, false},
		"what shows it asked for one by another name": {"Jane Doe", []sibling{{"jane", "Jane Doe", true}}, false},
	} {
		comments := []synqly.Comment{{Entry: synqly.Entry{ID: "1", Content: "Done.", Creator: test.creator, CreatedAt: synqly.Timestamp{Time: started}}}}
		attempt := Attempt{Text: remote.Fingerprint("Done."), Window: remote.Window{From: started}, Creators: creatorsAmong(test.siblings, "")}
		found := CreatedBy(attempt, comments, entryOf, ByWords(wordsOf))
		if len(found) != 1 || found[0].Proven != test.want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestUnrecognised(t *testing.T) {
	shown := []synqly.Comment{{Entry: synqly.Entry{ID: "1", Content: "<p>Done.</p>"}}, {Entry: synqly.Entry{ID: "2", Content: "Rewritten."}}}
	for name, test := range map[string]struct {
		known []Known
		want  string
	}{
		"nothing is known":         {nil, ""},
		"recognised":               {[]Known{{ID: "1", Text: remote.Fingerprint("Done."), Owner: "x"}}, ""},
		"not on the list":          {[]Known{{ID: "3", Text: remote.Fingerprint("Done."), Owner: "x"}}, ""},
		"shown in another wording": {[]Known{{ID: "1", Text: remote.Fingerprint("Done.")}, {ID: "2", Text: remote.Fingerprint("Written."), Owner: `the TicketComment "x"`}}, `the comment "2" of the TicketComment "x"`},
	} {
		if got := Unrecognised("comment", test.known, shown, entryOf, ByWords(wordsOf)); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func entryOf(comment *synqly.Comment) *synqly.Entry { return &comment.Entry }

func wordsOf(comment *synqly.Comment) []string { return []string{comment.Content} }

func TestCreatorsAmong(t *testing.T) {
	for name, test := range map[string]struct {
		siblings []sibling
		wanted   string
		known    []string
	}{
		"nothing to go by":                                {nil, "jane", nil},
		"a provider that takes creators":                  {[]sibling{{"joe", "Joe", false}}, "jane", []string{"jane"}},
		"a provider that puts its own user there":         {[]sibling{{"joe", "bot", false}}, "jane", []string{"bot"}},
		"none wanted, and what others without one became": {[]sibling{{"", "bot", false}}, "", []string{"bot"}},
		"others that wanted one tell nothing":             {[]sibling{{"joe", "joe", false}}, "", nil},
		"others that wanted none tell nothing":            {[]sibling{{"", "bot", false}}, "jane", nil},
		"a provider that shows no creators":               {[]sibling{{"joe", "", false}, {"", "", false}}, "jane", nil},
	} {
		if diff := cmp.Diff(Creators{Wanted: test.wanted, known: test.known}, creatorsAmong(test.siblings, test.wanted), cmp.AllowUnexported(Creators{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestACommentOfAnotherCreatorIsNotOurs(t *testing.T) {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	comments := []synqly.Comment{{Entry: synqly.Entry{ID: "1", Content: "Done.", Creator: "a person", CreatedAt: synqly.Timestamp{Time: started}}}}
	attempt := Attempt{Text: remote.Fingerprint("Done."), Window: remote.Window{From: started}, Creators: Creators{known: []string{"bot"}}}
	ours := CreatedBy(attempt, comments, entryOf, ByWords(wordsOf))
	if len(ours) > 0 {
		t.Errorf("took %v", ours)
	}
}
