// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"testing"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestMatches(t *testing.T) {
	sent := snapshotWith("Ausfälle: heap.txt", []byte("goroutine 1"))
	for name, test := range map[string]struct {
		sent  string
		shown synqly.AttachmentMetadata
		want  remote.Verdict
	}{
		"name and size":              {sent.String(), synqly.AttachmentMetadata{FileName: sent.name, FileSize: 11}, remote.Yes},
		"the name in another form":   {sent.String(), synqly.AttachmentMetadata{FileName: "Ausfa\u0308lle: heap.txt", FileSize: 11}, remote.Yes},
		"a size that is not shown":   {sent.String(), synqly.AttachmentMetadata{FileName: sent.name}, remote.Yes},
		"another size":               {sent.String(), synqly.AttachmentMetadata{FileName: sent.name, FileSize: 12}, remote.No},
		"another name":               {sent.String(), synqly.AttachmentMetadata{FileName: "heap.txt", FileSize: 11}, remote.No},
		"what was sent is lost":      {"", synqly.AttachmentMetadata{FileName: sent.name, FileSize: 11}, remote.Unclear},
		"the record is damaged":      {"no record", synqly.AttachmentMetadata{FileName: sent.name, FileSize: 11}, remote.Unclear},
		"the size is damaged":        {"1f0c:-1:heap.txt", synqly.AttachmentMetadata{FileName: "heap.txt"}, remote.Unclear},
		"a source that was not read": {snapshot{name: "heap.txt"}.String(), synqly.AttachmentMetadata{FileName: "heap.txt", FileSize: 11}, remote.Unclear},
	} {
		t.Run(name, func(t *testing.T) {
			if got := matches(test.sent, &test.shown); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestWhatWasUploadedOfASource(t *testing.T) {
	attachment := attachmentOf(v1alpha1.TicketAttachmentSpec{ConfigMapKeyRef: dump})
	attachment.Status.SHA256 = digest([]byte("first"))
	if got := snapshotOf(attachment); got.digest != "" {
		t.Errorf("of a source that has not been applied, %q is known", got)
	}
	attachment.Status.Applied = newAdapter().Fields(attachment)
	if got := snapshotOf(attachment); got.digest != attachment.Status.SHA256 {
		t.Errorf("of a source that has been applied, %q is known", got)
	}
}

func FuzzSnapshot(f *testing.F) {
	f.Add("heap.txt", []byte("goroutine 1"))
	f.Add("a:b:c", []byte{0})
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		made := snapshotWith(name, content)
		if read := parseSnapshot(made.String()); read != made {
			t.Errorf("%q is read as %q", made, read)
		}
	})
}
