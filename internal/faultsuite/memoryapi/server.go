// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package memoryapi is an API server in memory, for simulations that need thousands of clusters a
// minute. It does what the real one does for the operator: UIDs, resourceVersions and conflicts,
// generations, the separation of status and spec, finalizers, merge patches, and on request the
// removal of what has lost its owners. Of schemas it knows nothing but the default of the status.
// It keeps every version, so that a reader can be shown an earlier state, as a cache that is behind
// shows it.
package memoryapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Latest is the revision that stands for the present state.
const Latest int64 = -1

// Change is a write that changed something. Before is nil for a create, After for a removal;
// neither may be changed.
type Change struct {
	Revision      int64
	Kind          string
	Before, After client.Object
}

// Object is the object that was changed.
func (c Change) Object() client.Object {
	if c.After != nil {
		return c.After
	}
	return c.Before
}

// Server holds the objects of a cluster. It is not safe for concurrent use: a simulation does one
// thing at a time.
type Server struct {
	scheme   *runtime.Scheme
	now      func() time.Time
	revision int64
	kinds    map[string]*kind
	// Changed, when set, is called after each write that changed something.
	Changed func(Change)
	changes []Change
}

// kind has the objects of one kind.
type kind struct {
	gvk     schema.GroupVersionKind
	objects map[types.NamespacedName][]version
}

// version is an object as it was from a revision on; nil once it is gone.
type version struct {
	revision int64
	object   client.Object
}

// NewServer returns a cluster without objects.
func NewServer(scheme *runtime.Scheme, now func() time.Time) *Server {
	return &Server{scheme: scheme, now: now, kinds: map[string]*kind{}}
}

// Revision is that of the latest write.
func (s *Server) Revision() int64 { return s.revision }

// Changes are all writes after a revision that changed something.
func (s *Server) Changes(after int64) []Change {
	first := slices.IndexFunc(s.changes, func(c Change) bool { return c.Revision > after })
	if first < 0 {
		return nil
	}
	return s.changes[first:]
}

func (s *Server) kindOf(object runtime.Object) (*kind, error) {
	gvk, err := apiutil.GVKForObject(object, s.scheme)
	if err != nil {
		return nil, err
	}
	gvk.Kind = strings.TrimSuffix(gvk.Kind, "List")
	known := s.kinds[gvk.Kind]
	if known == nil {
		known = &kind{gvk: gvk, objects: map[types.NamespacedName][]version{}}
		s.kinds[gvk.Kind] = known
	}
	return known, nil
}

// at is the object as of a revision, nil where there is none.
func (k *kind) at(key types.NamespacedName, revision int64) client.Object {
	versions := k.objects[key]
	for i := len(versions) - 1; i >= 0; i-- {
		if revision == Latest || versions[i].revision <= revision {
			return versions[i].object
		}
	}
	return nil
}

// names are those of all objects that there ever were, in order.
func (k *kind) names() []types.NamespacedName {
	names := make([]types.NamespacedName, 0, len(k.objects))
	for name := range k.objects {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	return names
}

func (k *kind) resource() schema.GroupResource {
	return schema.GroupResource{Group: k.gvk.Group, Resource: strings.ToLower(k.gvk.Kind) + "s"}
}

func (k *kind) notFound(name string) error { return apierrors.NewNotFound(k.resource(), name) }

func (k *kind) conflict(name string) error {
	return apierrors.NewConflict(k.resource(), name, errors.New("the object has been modified; please apply your changes to the latest version and try again"))
}

// get copies the object as of a revision into out.
func (s *Server) get(key types.NamespacedName, out client.Object, revision int64) error {
	known, err := s.kindOf(out)
	if err != nil {
		return err
	}
	object := known.at(key, revision)
	if object == nil {
		return known.notFound(key.Name)
	}
	assign(out, object)
	return nil
}

// list returns the objects of a kind as of a revision; they must not be changed.
func (s *Server) list(list client.ObjectList, namespace string, revision int64) ([]client.Object, error) {
	known, err := s.kindOf(list)
	if err != nil {
		return nil, err
	}
	var objects []client.Object
	for _, name := range known.names() {
		if object := known.at(name, revision); object != nil && (namespace == "" || name.Namespace == namespace) {
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// create keeps a new object, and completes the caller's.
func (s *Server) create(object client.Object) error {
	known, err := s.kindOf(object)
	if err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(object)
	if known.at(key, Latest) != nil {
		return apierrors.NewAlreadyExists(known.resource(), key.Name)
	}
	created, err := normalised(object)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	created.SetUID(types.UID(fmt.Sprintf("uid-%04d", s.revision+1)))
	created.SetCreationTimestamp(metav1.NewTime(s.now()).Rfc3339Copy())
	created.SetDeletionTimestamp(nil)
	created.SetGeneration(0)
	if hasStatus(created) {
		created.SetGeneration(1)
		setStatus(created, nil)
	}
	complete(created)
	s.store(known, nil, created)
	assign(object, created)
	return nil
}

// remove deletes an object, or marks it as being deleted while it has finalizers.
func (s *Server) remove(object client.Object, preconditions *metav1.Preconditions) error {
	known, err := s.kindOf(object)
	if err != nil {
		return err
	}
	current := known.at(client.ObjectKeyFromObject(object), Latest)
	switch {
	case current == nil:
		return known.notFound(object.GetName())
	case preconditions != nil && !met(preconditions, current):
		return known.conflict(object.GetName())
	case len(current.GetFinalizers()) == 0:
		s.store(known, current, nil)
	case current.GetDeletionTimestamp() == nil:
		deleting := clone(current)
		now := metav1.NewTime(s.now()).Rfc3339Copy()
		deleting.SetDeletionTimestamp(&now)
		deleting.SetDeletionGracePeriodSeconds(new(int64))
		if hasStatus(deleting) {
			deleting.SetGeneration(deleting.GetGeneration() + 1)
		}
		s.store(known, current, deleting)
	}
	return nil
}

// met reports whether an object is the one, and in the version, that is to be deleted.
func met(preconditions *metav1.Preconditions, current client.Object) bool {
	return (preconditions.UID == nil || *preconditions.UID == current.GetUID()) &&
		(preconditions.ResourceVersion == nil || *preconditions.ResourceVersion == current.GetResourceVersion())
}

// patch merges a JSON Merge Patch into the object, or into its status alone.
func (s *Server) patch(object client.Object, data []byte, subresource string) error {
	known, current, err := s.current(object)
	if err != nil {
		return err
	}
	before, err := json.Marshal(current)
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	merged, err := jsonpatch.MergePatch(before, data)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	wanted := newLike(current)
	if err := json.Unmarshal(merged, wanted); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return s.change(known, current, wanted, subresource, object)
}

// update replaces the object, or its status alone.
func (s *Server) update(object client.Object, subresource string) error {
	known, current, err := s.current(object)
	if err != nil {
		return err
	}
	wanted, err := normalised(object)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	switch {
	case wanted.GetResourceVersion() != "":
	case hasStatus(wanted):
		missing := field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update")
		return apierrors.NewInvalid(known.gvk.GroupKind(), current.GetName(), field.ErrorList{missing})
	default: // A Secret may be updated without one.
		wanted.SetResourceVersion(current.GetResourceVersion())
	}
	return s.change(known, current, wanted, subresource, object)
}

func (s *Server) current(object client.Object) (*kind, client.Object, error) {
	known, err := s.kindOf(object)
	if err != nil {
		return nil, nil, err
	}
	current := known.at(client.ObjectKeyFromObject(object), Latest)
	if current == nil {
		return nil, nil, known.notFound(object.GetName())
	}
	return known, current, nil
}

// change writes what is wanted, as far as the caller may change it, and gives the caller the
// result.
func (s *Server) change(known *kind, current, wanted client.Object, subresource string, out client.Object) error {
	if wanted.GetResourceVersion() != current.GetResourceVersion() {
		return known.conflict(current.GetName())
	}
	if wanted.GetUID() != "" && wanted.GetUID() != current.GetUID() {
		immutable := field.Invalid(field.NewPath("metadata", "uid"), wanted.GetUID(), "field is immutable")
		return apierrors.NewInvalid(known.gvk.GroupKind(), current.GetName(), field.ErrorList{immutable})
	}
	var next client.Object
	switch {
	case subresource == "status":
		next = clone(current)
		setStatus(next, wanted)
	case subresource != "":
		return apierrors.NewNotFound(known.resource(), current.GetName()+"/"+subresource)
	default:
		next = clone(wanted)
		next.SetUID(current.GetUID())
		next.SetCreationTimestamp(current.GetCreationTimestamp())
		next.SetGeneration(current.GetGeneration())
		next.SetDeletionTimestamp(current.GetDeletionTimestamp())
		next.SetDeletionGracePeriodSeconds(current.GetDeletionGracePeriodSeconds())
		if hasStatus(next) {
			setStatus(next, current)
			if !equality.Semantic.DeepEqual(member(next, "Spec").Interface(), member(current, "Spec").Interface()) {
				next.SetGeneration(current.GetGeneration() + 1)
			}
		}
		if added := newFinalizers(current, next); len(added) > 0 && current.GetDeletionTimestamp() != nil {
			invalid := field.Forbidden(field.NewPath("metadata", "finalizers"), fmt.Sprintf("no new finalizers can be added if the object is being deleted, found new finalizers %q", added))
			return apierrors.NewInvalid(known.gvk.GroupKind(), current.GetName(), field.ErrorList{invalid})
		}
	}
	complete(next)
	switch {
	case equality.Semantic.DeepEqual(next, current):
		// A write that changes nothing makes no new resourceVersion.
	case next.GetDeletionTimestamp() != nil && len(next.GetFinalizers()) == 0:
		s.store(known, current, nil)
	default:
		s.store(known, current, next)
	}
	assign(out, next)
	return nil
}

// complete gives a status that is not there the default that the schemas of the custom resources
// have for it.
func complete(object client.Object) {
	if !hasStatus(object) || !member(object, "Status").IsZero() {
		return
	}
	if observed := member(object, "Status").FieldByName("ObservedGeneration"); observed.IsValid() {
		observed.SetInt(-1)
	}
}

// store makes a new revision.
func (s *Server) store(known *kind, before, after client.Object) {
	s.revision++
	object := after
	if after == nil {
		object = before
	} else {
		after.SetResourceVersion(strconv.FormatInt(s.revision, 10))
	}
	key := client.ObjectKeyFromObject(object)
	known.objects[key] = append(known.objects[key], version{revision: s.revision, object: after})
	change := Change{Revision: s.revision, Kind: known.gvk.Kind, Before: before, After: after}
	s.changes = append(s.changes, change)
	if s.Changed != nil {
		s.Changed(change)
	}
}

func newFinalizers(before, after client.Object) []string {
	return slices.DeleteFunc(slices.Clone(after.GetFinalizers()), func(name string) bool { return slices.Contains(before.GetFinalizers(), name) })
}

// normalised is the object as it comes back from JSON: times to the second, no empty maps.
func normalised(object client.Object) (client.Object, error) {
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	decoded := newLike(object)
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	if err := decoder.Decode(decoded); err != nil {
		return nil, err
	}
	return decoded, nil
}

func newLike(object client.Object) client.Object {
	return reflect.New(reflect.TypeOf(object).Elem()).Interface().(client.Object)
}

func clone(object client.Object) client.Object { return object.DeepCopyObject().(client.Object) }

// assign sets what out points to.
func assign(out, object client.Object) {
	reflect.ValueOf(out).Elem().Set(reflect.ValueOf(clone(object)).Elem())
}

func member(object client.Object, name string) reflect.Value {
	return reflect.ValueOf(object).Elem().FieldByName(name)
}

// hasStatus reports whether the kind has a status subresource. All custom resources do; of the
// built-in kinds, those that have one are not written through it here.
func hasStatus(object client.Object) bool {
	return member(object, "Status").IsValid() && member(object, "Spec").IsValid()
}

// setStatus takes the status of another object, or empties it where that is nil.
func setStatus(object, from client.Object) {
	status := member(object, "Status")
	if from == nil {
		status.SetZero()
		return
	}
	status.Set(member(clone(from), "Status"))
}

// History returns all versions of an object, oldest first, over all objects that ever had the name.
func (s *Server) History(kindName string, key types.NamespacedName) []client.Object {
	known := s.kinds[kindName]
	if known == nil {
		return nil
	}
	var history []client.Object
	for _, version := range known.objects[key] {
		if version.object != nil {
			history = append(history, version.object)
		}
	}
	return history
}
