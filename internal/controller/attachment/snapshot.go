// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// snapshot identifies a file: what an attempt has sent, even if its source has changed since then.
type snapshot struct {
	// digest is the SHA-256 of the content, empty where that is not known.
	digest string
	// size is that of the content in bytes, 0 where it is not known: nothing empty is sent.
	size int64
	// name is that of the file.
	name string
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func snapshotWith(fileName string, content []byte) snapshot {
	return snapshot{digest: digest(content), size: int64(len(content)), name: fileName}
}

// snapshotOf is what an attempt for the object sends, as far as the object alone tells: of a source
// that the spec only names, it tells what was uploaded once that has been applied.
func snapshotOf(attachment *v1alpha1.TicketAttachment) snapshot {
	spec := &attachment.Spec
	if spec.ConfigMapKeyRef == nil && spec.SecretKeyRef == nil {
		if content, err := inlineContent(spec); err == nil {
			return snapshotWith(spec.FileName, content)
		}
	}
	known := snapshot{name: spec.FileName}
	if len(newAdapter().Diff(attachment)) == 0 {
		known.digest = attachment.Status.SHA256
	}
	return known
}

// String is the form in which an attempt records it.
func (s snapshot) String() string {
	return s.digest + ":" + strconv.FormatInt(s.size, 10) + ":" + s.name
}

// parseSnapshot reads what String has written. What it cannot read is a snapshot of which nothing
// is known.
func parseSnapshot(text string) snapshot {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 {
		return snapshot{}
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || size < 0 {
		return snapshot{}
	}
	return snapshot{digest: parts[0], size: size, name: parts[2]}
}

// matches reports whether the provider shows an attachment with the name and the size that were
// sent. What was sent is not known of an attempt whose record is lost.
func matches(sent string, shown *synqly.AttachmentMetadata) remote.Verdict {
	file := parseSnapshot(sent)
	switch {
	case file.name == "":
		return remote.Unclear
	case norm.NFC.String(file.name) != norm.NFC.String(shown.FileName):
		return remote.No
	case file.size > 0 && shown.FileSize > 0 && file.size != shown.FileSize:
		return remote.No
	case file.digest == "":
		return remote.Unclear
	}
	return remote.Yes
}

// IsSent reports whether the remote attachment has the content.
func (adapter) IsSent(attachment *v1alpha1.TicketAttachment, source remote.Source) bool {
	return attachment.Status.ID != "" && attachment.Status.SHA256 == parseSnapshot(source.Text).digest
}

// RecordSent shows the hash of what was uploaded.
func (adapter) RecordSent(attachment *v1alpha1.TicketAttachment, text string) {
	attachment.Status.SHA256 = parseSnapshot(text).digest
}
