// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package remote is what every custom resource that stands for a remote object shares: its
// lifecycle, the protocol that creates the remote object exactly once, and the translation of
// errors into conditions.
//
// Start reading at Reconciler.lifecycle.
package remote

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/priority"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// Object is a custom resource that stands for a remote object.
type Object interface {
	client.Object
	// RemoteStatus is the part of the status that the lifecycle keeps.
	RemoteStatus() *v1alpha1.RemoteObjectStatus
}

// Adapter is what is particular about one kind. R is the remote object.
//
// Its methods are in three groups, and a kind that can do more has optional ones: it is either a
// Patcher or a Replacer, and may be a Commenter. Defaults has the methods that most kinds have no
// use for.
type Adapter[O Object, R any] interface {
	Description[O]
	Mapping[O, R]
	Calls[O, R]
}

// Description is what a kind is, and what the spec of its objects asks for.
type Description[O Object] interface {
	// New returns an empty object, and NewList an empty list of them.
	New() O
	NewList() client.ObjectList
	// Kind is the kind's name, and Noun what people call the remote object.
	Kind() string
	Noun() string
	// Removed is what Remove has done to the remote object, as a participle: closed or removed.
	Removed() string

	// Policy is what the spec asks.
	Policy(object O) Policy
	// Integration is the name of the Integration that the spec names; empty where another object
	// decides.
	Integration(object O) string
	// RemoteIDs are the remote objects that the object stands for, or claims to.
	RemoteIDs(object O) []RemoteID
	// Place says where the remote object lives, or will. It MUST prefer what the status has
	// recorded, so that a deletion needs no other object; it MUST return a *WaitingError for what
	// is not there yet.
	Place(ctx context.Context, reader client.Reader, object O) (Place, error)
	// Parent is what the spec names as the parent of the remote object, as people are told of it;
	// empty where there is none.
	Parent(object O) string
	// Misplaced names the reference in the spec that speaks of another place than the one at which
	// the remote object is, and says where that is; empty where there is none. parent is the Parent
	// that the remote object was created through, or empty where that is not known.
	Misplaced(object O, parent string) (reference, recorded string)
	// MarksRemote reports whether what is created carries the create key. What does not is
	// recognised by its words alone.
	MarksRemote() bool
	// Class is that of a request for a remote object that does not exist yet.
	Class() priority.Class
	// ExpiresAt is when the object is removed, and its remote object left alone; zero for never.
	ExpiresAt(object O) time.Time
}

// Mapping translates between an object and its remote object. Its methods are pure, but for Record
// and RecordPlace, which change nothing but the object's status.
type Mapping[O Object, R any] interface {
	// Fields are the managed fields with a hash of the value in the spec.
	Fields(object O) map[string]string
	// Diff names the managed fields that have to be written, in a fixed order: those whose hash
	// differs from status.applied.
	Diff(object O) []string
	// RemoteFields are the fields that Fields names, with a hash of what the provider shows.
	RemoteFields(object O, remote *R) map[string]string
	// Fingerprint is a short form of the words that Create would send now, which is the same for
	// words that the provider returns in another markup.
	Fingerprint(object O) string

	// Shows reports whether the remote object shows a managed field as the spec has it, whatever
	// the provider makes of the markup and the case.
	Shows(object O, remote *R, field string) bool

	// ID, CreatedAt and UpdatedAt are those of the remote object. The times are zero where the
	// provider does not say.
	ID(remote *R) string
	CreatedAt(remote *R) time.Time
	UpdatedAt(remote *R) time.Time
	// Record copies the remote object as seen through the Integration now into the status. It MUST
	// cut what is too long for the schema.
	Record(object O, remote *R, integration connection.Integration, now time.Time)
	// RecordPlace puts the place into the status.
	RecordPlace(object O, place Place)

	// ShowsKey reports whether the remote object that the object's status shows carries a create
	// key.
	ShowsKey(object O, key string) bool

	// Drift is the list, in the object's status, of the managed fields that were changed remotely;
	// nil for a kind that does not show drift.
	Drift(object O) *[]string
	// Change describes, for people, how a managed field of the remote object differs from what the
	// object's status and spec say of it. changed is false where the value is the one that was last
	// seen, or that is not known.
	Change(object O, remote *R, field string) (description string, changed bool)
	// Newer reports whether a remote object, as a list showed it now, is newer than what the
	// object's status has recorded.
	Newer(object O, remote *R, integration connection.Integration, now time.Time) bool
}

// Calls make remote calls. A method MUST make each of them once, MUST return the client's errors
// wrapped, and MUST NOT write to Kubernetes or change the object.
type Calls[O Object, R any] interface {
	// Create sends one create request. It MUST NOT look for anything first.
	Create(ctx context.Context, call Call[O, R]) (*R, error)
	// Find looks for the remote objects that the create attempt may have made. It MUST read every
	// page, or fail: where it finds nothing, and names no doubt, that is taken as proof.
	Find(ctx context.Context, call Call[O, R]) (Search[R], error)
	// Get fetches the remote object. It MUST return a *MissingError where the provider does not
	// have it.
	Get(ctx context.Context, call Call[O, R]) (*R, error)
	// ConfirmMissing is called before another object is created for one that Get has not found
	// several times. It fails where another operation still shows the object, or cannot tell.
	ConfirmMissing(ctx context.Context, call Call[O, R]) error
	// Remove deletes or closes the remote object call.ID. It MUST treat what is gone already as
	// success, and one answer that says so as no proof where another operation can tell.
	Remove(ctx context.Context, call Call[O, R]) error
}

// Patcher is an Adapter whose remote objects can be changed in place.
type Patcher[O Object, R any] interface {
	// Patch writes the named fields, as the spec has them, and no others. Where call.Seen shows
	// that all of them have their values already, it sends nothing and returns call.Seen.
	Patch(ctx context.Context, call Call[O, R], fields []string) (*R, error)
}

// Replacer is an Adapter whose remote objects cannot be changed: a new one is created, and then the
// old one is removed.
type Replacer[O Object] interface {
	// Replaced is the list, in the object's status, of the remote objects that have been replaced
	// and are still to be removed.
	Replaced(object O) *[]string
}

// Adopter is an Adapter whose objects can name a remote object to adopt. Providers know a remote
// object by several names, a key and a number for example; the ID that they return is what it is
// identified by.
type Adopter[O Object] interface {
	// AdoptedID is where the object's status has the name that the remote object was adopted by,
	// empty where that is its ID.
	AdoptedID(object O) *string
}

// Locator is an Adapter whose remote objects live in a place that the spec may name in several
// ways.
type Locator[O Object, R any] interface {
	// Locate returns call.Place as the provider identifies it. It MUST make no call where that is
	// known.
	Locate(ctx context.Context, call Call[O, R]) (Place, error)
}

// Linker is an Adapter whose remote objects have an address at which people open them in a browser.
type Linker[O Object] interface {
	// ShowLink puts the address into the object's status, as that and the Integration say it, and
	// returns it; empty where it is not known. It makes no remote call.
	ShowLink(object O, integration connection.Integration) string
}

// Commenter is an Adapter that posts a comment before Remove. Comments have no idempotency key
// either, so it is created under the same protocol.
type Commenter[O Object, R any] interface {
	// ClosingComment is the status field with the ID of the comment, once it is posted.
	ClosingComment(object O) *string
	// ClosingText is the fingerprint of the comment to post; empty for none.
	ClosingText(object O) string
	// Closed reports whether there is nothing to close any more, and so nothing to say.
	Closed(ctx context.Context, call Call[O, R]) (bool, error)
	// PostClosing sends one create request and returns the comment's ID.
	PostClosing(ctx context.Context, call Call[O, R]) (string, error)
	// FindClosing returns the IDs of the comments that the attempt has made, as far as can be told,
	// the oldest first. It MUST read every page, or fail; where it finds none, and one may be the
	// attempt's, it MUST return an *InconclusiveError.
	FindClosing(ctx context.Context, call Call[O, R]) ([]string, error)
}

// Search is what a look-up for the result of a create attempt has found.
type Search[R any] struct {
	Found []Found[R]
	// Doubt says why an empty result proves nothing; empty where it does.
	Doubt string
}

// Found is a remote object that a create attempt may have made.
type Found[R any] struct {
	Remote R
	// Proven: it was certainly made by the operator, and for this object.
	Proven bool
	// Marked: it carries the key of the attempt.
	Marked bool
	// Doubt says why it may be somebody else's as well; empty where it is taken for the attempt's.
	Doubt string
}

// Reporter is an Adapter that says what the provider makes of fields.
type Reporter[O Object, R any] interface {
	// WithoutEffect names those of the fields that were written just now, before the status has
	// recorded that, whose write has changed nothing. remark says, for people, what the remote
	// object shows in another form than it was written in; empty for nothing.
	WithoutEffect(object O, remote *R, written []string) (fields []string, remark string)
}

// Validator is an Adapter that compares the spec with the projects and fields that the provider
// has.
type Validator[O Object] interface {
	// Validate finds what does not fit the metadata, in a request that has the defaults of the
	// Integration. It makes no remote call.
	Validate(object O, defaults *v1alpha1.TicketDefaults, metadata *providermetadata.Metadata) []providermetadata.Finding
}

// Defaults are for adapters to embed: their objects do not expire, show no drift, and are not seen
// in lists.
type Defaults[O Object, R any] struct{}

// MarksRemote is false: the API has no place for a key.
func (Defaults[O, R]) MarksRemote() bool { return false }

// ShowsKey is false for the same reason.
func (Defaults[O, R]) ShowsKey(O, string) bool { return false }

// Class is that of what is added to a ticket.
func (Defaults[O, R]) Class() priority.Class { return priority.Addition }

// ExpiresAt is never.
func (Defaults[O, R]) ExpiresAt(O) time.Time { return time.Time{} }

// Drift is not shown.
func (Defaults[O, R]) Drift(O) *[]string { return nil }

// Change is not described.
func (Defaults[O, R]) Change(O, *R, string) (string, bool) { return "", false }

// ConfirmMissing has nothing to ask beyond what Get does.
func (Defaults[O, R]) ConfirmMissing(context.Context, Call[O, R]) error { return nil }

// Newer is never reported, because there are no lists.
func (Defaults[O, R]) Newer(O, *R, connection.Integration, time.Time) bool { return false }

// Place is where a remote object lives.
type Place struct {
	// Integration is the name of the Integration, in the object's namespace.
	Integration string `json:"integration"`
	// TicketID is the remote ticket that a comment, a note or an attachment belongs to; empty for a
	// ticket.
	TicketID string `json:"ticketID,omitempty"`
}

// Policy is what an object's spec asks of the lifecycle.
type Policy struct {
	// AdoptID is the remote object to adopt instead of creating one.
	AdoptID string
	// Observe forbids every write.
	Observe bool
	// Enforce writes back what was changed remotely.
	Enforce bool
	// Recreate creates another remote object where somebody has deleted the one there was.
	Recreate bool
	// RemoveOnDelete makes the deletion of the object remove, or close, the remote object. It is
	// what the finalizer is for.
	RemoveOnDelete bool
}

// Call is what an adapter gets for a remote call.
type Call[O Object, R any] struct {
	// Connection has the client and the Integration's settings.
	Connection *connection.Connection
	// Reader reads the cache. Lists MUST be of what an index finds, except those of Integrations:
	// there may be very many objects.
	Reader client.Reader
	Place  Place
	Object O
	// ID of the remote object; empty in Create and Find.
	ID string
	// Key marks the object that Create makes and that Find looks for.
	Key string
	// Group marks all that is created through the Integration. See GroupKey.
	Group string
	// Unmarked: what Create makes, or has made, does not carry the Key.
	Unmarked bool
	// Text is the fingerprint of the words that the create attempt sent, as Fingerprint made it
	// then.
	Text string
	// Window is when the create attempt that Find looks for can have created something.
	Window Window
	// Now is the time of this cluster.
	Now time.Time
	// Seen is the remote object as fetched in this very reconcile, or nil.
	Seen *R
	// Content is what Create sends, of a Sourcer.
	Content []byte
}
