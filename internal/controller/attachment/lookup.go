// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"context"
	"fmt"

	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// mostCompared bounds how many files are downloaded to find the one that an attempt has uploaded.
const mostCompared = 10

// Find looks among the attachments of the ticket for those that the attempt may have made: by name,
// size, time and creator. Where that leaves a choice or a doubt, the content decides.
func (a adapter) Find(ctx context.Context, call call) (remote.Search[synqly.AttachmentMetadata], error) {
	search, err := a.Adapter.Find(ctx, call)
	if err != nil {
		return search, err
	}
	search.Found, err = withContent(ctx, call, search.Found)
	return search, err
}

// withContent are those that have the content that was sent. One alone that the operator's own user
// has made, with the name and the size that were sent, is taken without a look into it.
func withContent(ctx context.Context, call call, found []remote.Found[synqly.AttachmentMetadata]) ([]remote.Found[synqly.AttachmentMetadata], error) {
	sent := parseSnapshot(call.Text)
	if sent.digest == "" || len(found) == 1 && found[0].Proven && found[0].Doubt == "" && found[0].Remote.FileSize == sent.size {
		return found, nil
	}
	var same []remote.Found[synqly.AttachmentMetadata]
	for i, candidate := range found {
		if i >= mostCompared {
			candidate.Doubt = fmt.Sprintf("there are %d attachments with its name and its size, too many to compare", len(found))
			same = append(same, candidate)
			break
		}
		isSame, err := hasContent(ctx, call, candidate.Remote.ID, sent)
		switch {
		case synqly.ClassOf(err) == synqly.Unsupported && len(found) > 1:
			candidate.Doubt = fmt.Sprintf("the attachment %q may be the one that was sent, or somebody else's: the provider does not let it be compared", candidate.Remote.ID)
			same = append(same, candidate)
		case synqly.ClassOf(err) == synqly.Unsupported:
			same = append(same, candidate)
		case err != nil:
			return nil, fmt.Errorf("comparing the attachment %q with what was sent: %w", candidate.Remote.ID, err)
		case isSame:
			candidate.Doubt = doubtAbout(call, &candidate.Remote)
			same = append(same, candidate)
		}
	}
	return same, nil
}

// hasContent downloads an attachment. One that the list has just shown and that is not there now
// may come back, so that is a failure like any other.
func hasContent(ctx context.Context, call call, id string, sent snapshot) (bool, error) {
	file, err := call.Connection.DownloadAttachment(ctx, call.Place.TicketID, id)
	if err != nil {
		return false, err
	}
	return digest(file.Content) == sent.digest, nil
}

// doubtAbout says why an attachment with the content that was sent may be somebody else's; empty
// where it is taken for the attempt's.
func doubtAbout(call call, shown *synqly.AttachmentMetadata) string {
	if call.Window.Holds(shown.CreatedDate) == remote.Yes {
		return ""
	}
	return fmt.Sprintf("the attachment %q has the content that was sent, and its creation time does not tell whether it is somebody else's", shown.ID)
}
