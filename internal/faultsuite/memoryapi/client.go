// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// errUnsupported is the answer to what the operator has no use for.
var errUnsupported = errors.New("memoryapi: the operation is not supported")

// Operation is a call of a client.
type Operation struct {
	// Verb is get, list, create, update, patch or delete.
	Verb string
	// Kind and Name of the object; of a list the name is empty.
	Kind string
	Name types.NamespacedName
	// Fields is the field selector of a list; empty for none.
	Fields string
	// Subresource is "status" or empty.
	Subresource string
	// Data is the patch, of the verb patch.
	Data []byte
}

// Reads reports whether the operation changes nothing.
func (o Operation) Reads() bool { return o.Verb == "get" || o.Verb == "list" }

func (o Operation) String() string {
	text := o.Verb + " " + o.Kind
	if o.Name.Name != "" {
		text += " " + o.Name.Name
	}
	if o.Subresource != "" {
		text += "/" + o.Subresource
	}
	return text
}

// Hooks see the operations of a client.
type Hooks struct {
	// Read is called before a read and says as of which revision it is answered.
	Read func(Operation) (revision int64, err error)
	// Write is called instead of a write, which commit carries out.
	Write func(operation Operation, commit func() error) error
}

// Client is a client of a Server. It is one process's, or one person's.
type Client struct {
	server  *Server
	hooks   Hooks
	indexes map[string]client.IndexerFunc
}

var (
	_ client.Client       = (*Client)(nil)
	_ client.FieldIndexer = (*Client)(nil)
)

// NewClient returns a client whose reads are answered as of the latest revision, and whose writes
// succeed, unless hooks say otherwise.
func (s *Server) NewClient(hooks Hooks) *Client {
	if hooks.Read == nil {
		hooks.Read = func(Operation) (int64, error) { return Latest, nil }
	}
	if hooks.Write == nil {
		hooks.Write = func(_ Operation, commit func() error) error { return commit() }
	}
	return &Client{server: s, hooks: hooks, indexes: map[string]client.IndexerFunc{}}
}

// IndexField implements client.FieldIndexer.
func (c *Client) IndexField(_ context.Context, object client.Object, name string, extract client.IndexerFunc) error {
	known, err := c.server.kindOf(object)
	if err != nil {
		return err
	}
	c.indexes[known.gvk.Kind+"/"+name] = extract
	return nil
}

// Get implements client.Reader.
func (c *Client) Get(ctx context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	known, err := c.server.kindOf(object)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	revision, err := c.hooks.Read(Operation{Verb: "get", Kind: known.gvk.Kind, Name: key})
	if err != nil {
		return err
	}
	return c.server.get(key, object, revision)
}

// List implements client.Reader. The answer is one page, whatever the limit.
func (c *Client) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	known, err := c.server.kindOf(list)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	applied := (&client.ListOptions{}).ApplyOptions(options)
	operation := Operation{Verb: "list", Kind: known.gvk.Kind}
	if applied.FieldSelector != nil {
		operation.Fields = applied.FieldSelector.String()
	}
	revision, err := c.hooks.Read(operation)
	if err != nil {
		return err
	}
	objects, err := c.server.list(list, applied.Namespace, revision)
	if err != nil {
		return err
	}
	matching := []runtime.Object{}
	for _, object := range objects {
		matches, err := c.matches(known.gvk.Kind, object, applied.FieldSelector)
		if err != nil {
			return err
		}
		if matches && (applied.LabelSelector == nil || applied.LabelSelector.Matches(labels(object.GetLabels()))) {
			matching = append(matching, clone(object))
		}
	}
	return meta.SetList(list, matching)
}

// labels implements k8s.io/apimachinery/pkg/labels.Labels.
type labels map[string]string

func (l labels) Has(label string) bool   { _, has := l[label]; return has }
func (l labels) Get(label string) string { return l[label] }
func (l labels) Lookup(label string) (string, bool) {
	value, has := l[label]
	return value, has
}

func (c *Client) matches(kind string, object client.Object, selector fields.Selector) (bool, error) {
	if selector == nil {
		return true, nil
	}
	for _, requirement := range selector.Requirements() {
		extract, indexed := c.indexes[kind+"/"+requirement.Field]
		if !indexed {
			return false, fmt.Errorf("memoryapi: there is no index %q of the kind %s", requirement.Field, kind)
		}
		if !slices.Contains(extract(object), requirement.Value) {
			return false, nil
		}
	}
	return true, nil
}

// Create implements client.Writer.
func (c *Client) Create(ctx context.Context, object client.Object, _ ...client.CreateOption) error {
	return c.write(ctx, "create", object, "", nil, func() error { return c.server.create(object) })
}

// Delete implements client.Writer.
func (c *Client) Delete(ctx context.Context, object client.Object, options ...client.DeleteOption) error {
	preconditions := (&client.DeleteOptions{}).ApplyOptions(options).Preconditions
	return c.write(ctx, "delete", object, "", nil, func() error { return c.server.remove(object, preconditions) })
}

// Update implements client.Writer.
func (c *Client) Update(ctx context.Context, object client.Object, _ ...client.UpdateOption) error {
	return c.write(ctx, "update", object, "", nil, func() error { return c.server.update(object, "") })
}

// Patch implements client.Writer, for merge patches.
func (c *Client) Patch(ctx context.Context, object client.Object, patch client.Patch, _ ...client.PatchOption) error {
	return c.patch(ctx, object, patch, "")
}

func (c *Client) patch(ctx context.Context, object client.Object, patch client.Patch, subresource string) error {
	if patch.Type() != types.MergePatchType {
		return errUnsupported
	}
	data, err := patch.Data(object)
	if err != nil {
		return err
	}
	return c.write(ctx, "patch", object, subresource, data, func() error { return c.server.patch(object, data, subresource) })
}

func (c *Client) write(ctx context.Context, verb string, object client.Object, subresource string, data []byte, commit func() error) error {
	known, err := c.server.kindOf(object)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	operation := Operation{Verb: verb, Kind: known.gvk.Kind, Name: client.ObjectKeyFromObject(object), Subresource: subresource, Data: data}
	return c.hooks.Write(operation, commit)
}

// Apply is not supported.
func (c *Client) Apply(context.Context, runtime.ApplyConfiguration, ...client.ApplyOption) error {
	return errUnsupported
}

// DeleteAllOf is not supported.
func (c *Client) DeleteAllOf(context.Context, client.Object, ...client.DeleteAllOfOption) error {
	return errUnsupported
}

// Status implements client.StatusClient.
func (c *Client) Status() client.SubResourceWriter { return c.SubResource("status") }

// SubResource implements client.SubResourceClientConstructor.
func (c *Client) SubResource(name string) client.SubResourceClient {
	return subresourceClient{client: c, name: name}
}

// Scheme implements client.Client.
func (c *Client) Scheme() *runtime.Scheme { return c.server.scheme }

// RESTMapper implements client.Client; there is none.
func (c *Client) RESTMapper() meta.RESTMapper { return nil }

// GroupVersionKindFor implements client.Client.
func (c *Client) GroupVersionKindFor(object runtime.Object) (schema.GroupVersionKind, error) {
	return apiutil.GVKForObject(object, c.server.scheme)
}

// IsObjectNamespaced implements client.Client.
func (c *Client) IsObjectNamespaced(object runtime.Object) (bool, error) {
	known, err := c.server.kindOf(object)
	if err != nil {
		return false, err
	}
	return known.gvk.Kind != "Namespace", nil
}

// subresourceClient patches and updates a subresource.
type subresourceClient struct {
	client *Client
	name   string
}

func (s subresourceClient) Get(context.Context, client.Object, client.Object, ...client.SubResourceGetOption) error {
	return errUnsupported
}

func (s subresourceClient) Create(context.Context, client.Object, client.Object, ...client.SubResourceCreateOption) error {
	return errUnsupported
}

func (s subresourceClient) Update(ctx context.Context, object client.Object, _ ...client.SubResourceUpdateOption) error {
	return s.client.write(ctx, "update", object, s.name, nil, func() error { return s.client.server.update(object, s.name) })
}

func (s subresourceClient) Patch(ctx context.Context, object client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	return s.client.patch(ctx, object, patch, s.name)
}

func (s subresourceClient) Apply(context.Context, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
	return errUnsupported
}
