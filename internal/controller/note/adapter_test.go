// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package note

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/patchtest"
)

func noteWith(title, content string) *v1alpha1.TicketNote {
	return &v1alpha1.TicketNote{Spec: v1alpha1.TicketNoteSpec{Title: title, Content: content}}
}

func decodeNote(tb testing.TB, document []byte) *synqly.Note {
	tb.Helper()
	var note synqly.Note
	if err := json.Unmarshal(document, &note); err != nil {
		tb.Fatalf("decoding the note: %v", err)
	}
	return &note
}

func replace(path, value string) synqly.PatchOperation {
	return synqly.PatchOperation{Op: "replace", Path: path, Value: json.RawMessage(value)}
}

func TestNotePatch(t *testing.T) {
	applied := texts.Wanted(noteWith("Cause", "DNS\nagain"))
	asApplied := &synqly.Note{Title: "Cause", Entry: synqly.Entry{Content: "DNS\nagain"}}
	both := []synqly.PatchOperation{replace("/title", `"Effect"`), replace("/content", `"None"`)}
	for name, test := range map[string]struct {
		spec    *v1alpha1.TicketNote
		applied map[string]string
		seen    *synqly.Note
		names   []string
		want    []synqly.PatchOperation
	}{
		"nothing changed":            {noteWith("Cause", "DNS\nagain"), applied, asApplied, nil, nil},
		"line ends changed":          {noteWith("Cause", "DNS\r\nagain"), applied, asApplied, nil, nil},
		"title changed":              {noteWith("Effect", "DNS\nagain"), applied, nil, []string{"title"}, both[:1]},
		"content changed":            {noteWith("Cause", "None"), applied, nil, []string{"content"}, both[1:]},
		"both changed":               {noteWith("Effect", "None"), applied, asApplied, []string{"content", "title"}, both},
		"a person was faster":        {noteWith("Effect", "None"), applied, &synqly.Note{Title: "Effect", Entry: synqly.Entry{Content: "x"}}, []string{"content", "title"}, both[1:]},
		"a person wrote as much":     {noteWith("Effect", "None"), applied, &synqly.Note{Title: "Effect", Entry: synqly.Entry{Content: "None"}}, []string{"content", "title"}, nil},
		"a person changed the other": {noteWith("Effect", "DNS\nagain"), applied, &synqly.Note{Title: "Cause", Entry: synqly.Entry{Content: "x"}}, []string{"title"}, both[:1]},
		"never applied":              {noteWith("Effect", "None"), nil, nil, []string{"content", "title"}, both},
		"emptied by a person": {
			noteWith("Effect", "None"), nil, &synqly.Note{Title: "Effect"}, []string{"content", "title"},
			[]synqly.PatchOperation{{Op: "add", Path: "/content", Value: json.RawMessage(`"None"`)}},
		},
		"cannot be read": {noteWith("Effect", "None"), nil, decodeNote(t, []byte(`{"id": "1", "title": 5, "content": "x"}`)), []string{"content", "title"}, both},
		"not set":        {noteWith("", ""), applied, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			names := remote.Changed(texts.Wanted(test.spec), test.applied)
			if diff := cmp.Diff(test.names, names); diff != "" {
				t.Errorf("fields to write (-want +got):\n%s", diff)
			}
			patch, err := texts.Patch(test.spec, names, test.seen)
			if diff := cmp.Diff(test.want, patch); diff != "" || err != nil {
				t.Errorf("%v, patch (-want +got):\n%s", err, diff)
			}
		})
	}
	if patch, err := texts.Patch(noteWith("", ""), []string{"content", "title"}, nil); len(patch) != 0 || err != nil {
		t.Errorf("of a spec that sets nothing: %v, patch %+v", err, patch)
	}
}

func TestNoteShownFields(t *testing.T) {
	spec := noteWith("Cause", "DNS")
	if diff := cmp.Diff(texts.Wanted(spec), texts.Shown(spec, &synqly.Note{Title: "Cause", Entry: synqly.Entry{Content: "DNS"}})); diff != "" {
		t.Errorf("of a note as the spec asks (-spec +shown):\n%s", diff)
	}
	shown := texts.Shown(spec, &synqly.Note{Title: "DNS", Entry: synqly.Entry{Content: "Cause"}})
	for name, hash := range texts.Wanted(spec) {
		if shown[name] == hash {
			t.Errorf("%s of another note is shown as the spec asks", name)
		}
	}
	if got := texts.Shown(spec, decodeNote(t, []byte(`{"id": "1", "title": "Cause", "content": {}}`))); len(got) != 0 {
		t.Errorf("of a note that cannot be read: %q", slices.Sorted(maps.Keys(got)))
	}
}

// FuzzNotePatch makes a spec that was applied, the one that is wanted now, and the note as people
// have changed it. What the spec changed is then in the note, however people changed that, and
// nothing else of the note is different.
func FuzzNotePatch(f *testing.F) {
	f.Add("Cause", "Effect", "Cause", "DNS", "DNS", "DNS", true)
	f.Add("Cause", "Cause", "a person's", "a\nb", "a\r\nb", "a\r\nb", false)
	f.Add("", "\xff", "~0/", "null", "", "<b>", true)
	f.Fuzz(func(t *testing.T, titleBefore, titleWanted, titleNow, contentBefore, contentWanted, contentNow string, looked bool) {
		before, wanted := noteWith(patchtest.Text(titleBefore), patchtest.Text(contentBefore)), noteWith(patchtest.Text(titleWanted), patchtest.Text(contentWanted))
		members := map[string]any{"id": "1", "creator": "jane@example.com", "unmapped": map[string]any{"votes": 3}, "title": patchtest.Text(titleNow), "content": patchtest.Text(contentNow)}
		if looked && contentNow == "" {
			delete(members, "content")
		}
		document, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		now := decodeNote(t, document)
		seen := now
		if !looked {
			seen = nil
		}
		patch, err := texts.Patch(wanted, remote.Changed(texts.Wanted(wanted), texts.Wanted(before)), seen)
		if err != nil {
			t.Fatalf("notePatch: %v", err)
		}
		patched := patchtest.Apply(t, document, patch)
		after := decodeNote(t, patched)
		for _, text := range [][4]string{{before.Spec.Title, wanted.Spec.Title, now.Title, after.Title}, {before.Spec.Content, wanted.Spec.Content, now.Content, after.Content}} {
			lines := func(i int) string { return strings.ReplaceAll(text[i], "\r\n", "\n") }
			switch changed := text[1] != "" && lines(0) != lines(1); {
			case changed && lines(3) != lines(1):
				t.Errorf("%q became %q, want %q", text[2], text[3], text[1])
			case !changed && text[3] != text[2]:
				t.Errorf("%q became %q, and should have been left", text[2], text[3])
			}
		}
		if looked && len(patch) > 0 && after.Title == now.Title && after.Content == now.Content {
			t.Errorf("the patch %+v changes nothing", patch)
		}
		if left, err := texts.Patch(wanted, remote.Changed(texts.Wanted(wanted), texts.Wanted(before)), after); len(left) != 0 || err != nil {
			t.Errorf("after the patch %+v is left to write, %v", left, err)
		}
		if names := remote.Changed(texts.Wanted(wanted), texts.Wanted(wanted)); names != nil {
			t.Errorf("once it is applied, %q are still to be written", names)
		}
		rest := func(document []byte) map[string]json.RawMessage {
			members := patchtest.Members(t, document)
			delete(members, "title")
			delete(members, "content")
			return members
		}
		if diff := cmp.Diff(rest(document), rest(patched)); diff != "" {
			t.Errorf("what is not managed has changed (-before +after):\n%s", diff)
		}
	})
}
