// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// mergeTags is the ticket's list of tags without the named ones that the spec does not have any
// more, and with the named ones of the spec. All others, of people and of the operator, stay. A
// spec without tags changes none.
func mergeTags(wanted, names []string, seen *synqly.Ticket) (tags []string, changed bool) {
	if seen == nil || len(wanted) == 0 {
		return nil, false
	}
	named := func(tag string) bool { return slices.Contains(names, tagPrefix+tag) }
	tags = slices.Clone(seen.Tags)
	for _, name := range names {
		if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag && !slices.Contains(wanted, tag) {
			tags = withoutTag(tags, tag, wanted, named)
		}
	}
	changed = len(tags) != len(seen.Tags)
	for _, tag := range slices.Sorted(slices.Values(wanted)) {
		if named(tag) && !slices.Contains(tags, tag) {
			tags, changed = append(tags, tag), true
		}
	}
	return tags, changed
}

// withoutTag takes a tag off that is not wanted any more: as it was written or, where it is not
// there so, in any case, because providers change the case of tags. The marks of the operator stay.
// So does the last form of a wanted tag that is not going to be written: a provider that writes all
// in lower case shows "Team" and "TEAM" as one.
func withoutTag(tags []string, tag string, wanted []string, named func(string) bool) []string {
	exactly := slices.Contains(tags, tag)
	rest := slices.DeleteFunc(slices.Clone(tags), func(other string) bool {
		is := other == tag || (!exactly && strings.EqualFold(other, tag) && !slices.Contains(wanted, other))
		return is && !anyMarker.MatchString(other)
	})
	sameTag := func(other string) bool { return strings.EqualFold(other, tag) }
	if !slices.ContainsFunc(rest, sameTag) && slices.ContainsFunc(wanted, func(other string) bool { return sameTag(other) && !named(other) }) {
		return tags
	}
	return rest
}

// WithoutEffect names the tags that were to be taken off and were not there under that name, and
// says which tags the provider shows in another form than they were written in.
func (adapter) WithoutEffect(ticket *v1alpha1.Ticket, shown *synqly.Ticket, written []string) (without []string, remark string) {
	if !shown.Readable("tags") {
		return nil, ""
	}
	var remarks []string
	for _, name := range written {
		tag, isTag := strings.CutPrefix(name, tagPrefix)
		wanted := slices.Contains(ticket.Spec.Tags, tag)
		switch {
		case !isTag:
		case wanted && !synqly.HasTag(shown.Tags, tag):
			remarks = append(remarks, fmt.Sprintf("the provider does not show the tag %s as it was written", quoted(tag)))
		case !wanted && ticket.Status.Remote != nil && !synqly.HasTag(ticket.Status.Remote.Tags, tag):
			without = append(without, name)
			remarks = append(remarks, fmt.Sprintf("the tag %s was not removed, because the provider does not show it as it was written", quoted(tag)))
		}
	}
	if len(remarks) == 0 {
		return nil, ""
	}
	others := slices.DeleteFunc(slices.Clone(shown.Tags), anyMarker.MatchString)
	return without, fmt.Sprintf("%s; the remote ticket has the tags %s", strings.Join(remarks, "; "), status.Truncate(fmt.Sprintf("%q", others), longestRemark))
}

func namesTags(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, tagPrefix) })
}

// hashShownTag tells apart a tag that is there as the spec writes it, there in another case, which
// some providers make of every tag, and not there.
func hashShownTag(ticket *synqly.Ticket, tag string) string {
	exactly := slices.Contains(ticket.Tags, tag)
	if !exactly && synqly.HasTag(ticket.Tags, tag) {
		return remote.Hash("in another case")
	}
	return remote.Hash(exactly)
}

// markerTag is the tag that marks a remote ticket as created for an object.
func markerTag(key string) string { return v1alpha1.CreateKeyTagPrefix + key }

// groupTag marks all remote tickets that are created through one Integration, so that one query
// finds them.
func groupTag(group string) string { return v1alpha1.CreateKeyTagPrefix + group }

// anyMarker matches every marker tag; the schema keeps users from such tags.
var anyMarker = regexp.MustCompile("^(?i:" + v1alpha1.CreateKeyTagPrefix + "[0-9a-f]{32})$")

func isMarked(ticket *synqly.Ticket) bool {
	return slices.ContainsFunc(ticket.Tags, anyMarker.MatchString)
}
