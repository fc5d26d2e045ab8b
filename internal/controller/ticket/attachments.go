// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	mostAttachments = 50
	// mostAttachmentBytes bounds the texts of all that are shown: names of 255 characters can be
	// four times as many bytes, and every write and every list of Tickets carries them.
	mostAttachmentBytes = 32 << 10
	longestID           = 1024
)

// attachments are the files of the ticket that the status shows: what the API documents of them and
// nothing else, because providers add addresses from which everybody can download the content. They
// are in one order, whatever the provider's is: another order alone must not be a change.
func (r *remarks) attachments(files []synqly.AttachmentMetadata) []v1alpha1.RemoteAttachment {
	files = newestFirst(files)
	var shown []v1alpha1.RemoteAttachment
	room := mostAttachmentBytes
	for i := range files {
		if !isUsableID(files[i].ID) {
			r.add("attachments: one has no ID, or one that cannot be used, and is not shown")
			continue
		}
		attachment := r.attachment(&files[i])
		if room -= size(&attachment); room < 0 || len(shown) == mostAttachments {
			r.add("attachments: the remote ticket has %d, and only the newest %d are shown", len(files), len(shown))
			break
		}
		shown = append(shown, attachment)
	}
	return shown
}

// newestFirst are the attachments in the order in which they are shown, each of them once.
func newestFirst(files []synqly.AttachmentMetadata) []synqly.AttachmentMetadata {
	ordered := slices.Clone(files)
	slices.SortStableFunc(ordered, func(a, b synqly.AttachmentMetadata) int {
		return cmp.Or(b.CreatedDate.Compare(a.CreatedDate.Time), strings.Compare(b.ID, a.ID))
	})
	met := map[string]bool{}
	return slices.DeleteFunc(ordered, func(file synqly.AttachmentMetadata) bool {
		repeated := met[file.ID]
		met[file.ID] = true
		return repeated
	})
}

// isUsableID reports whether the attachment can be named: an ID that is cut would be another's, and
// people are shown IDs on terminals.
func isUsableID(id string) bool {
	return id != "" && len(id) <= longestID && !strings.ContainsFunc(id, unicode.IsControl)
}

func (r *remarks) attachment(file *synqly.AttachmentMetadata) v1alpha1.RemoteAttachment {
	return v1alpha1.RemoteAttachment{
		ID:        file.ID,
		FileName:  r.text("the file name of an attachment", withoutControls(file.FileName), longestWord),
		FileType:  r.text("the type of an attachment", withoutControls(file.FileType), longestWord),
		FileSize:  max(file.FileSize, 0),
		Creator:   r.text("the creator of an attachment", withoutControls(file.Creator), longestWord),
		CreatedAt: r.time("createdAt of an attachment", file.CreatedDate),
	}
}

func size(shown *v1alpha1.RemoteAttachment) int {
	return len(shown.ID) + len(shown.FileName) + len(shown.FileType) + len(shown.Creator) + len(shown.CreatedAt)
}
