// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// The bounds of a file: what people can review, and what Git and kubectl take with ease.
	mostManifests     = 100
	largestFile       = 1 << 20
	manifestSeparator = "---\n"
	// longestBaseName leaves room for the prefix and the hash in the 253 characters of a name.
	longestBaseName = 200
)

// manifest is a Ticket as it stands in a file.
type manifest struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Metadata   manifestMetadata    `json:"metadata"`
	Spec       v1alpha1.TicketSpec `json:"spec"`
}

type manifestMetadata struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// manifestWriter makes manifests of remote tickets.
type manifestWriter struct {
	flags       *importFlags
	integration types.NamespacedName
	// namespace of the manifests, empty to leave it out.
	namespace string
	existing  existingTickets
	matchers  []matcher
	// get reads one ticket.
	get func(ctx context.Context, id string) (*synqly.Ticket, error)

	// fetches: each ticket is read by a request of its own. tried: it is known whether it has to
	// be.
	fetches, tried bool
	seen           map[string]bool
	specs          []v1alpha1.TicketSpec
	leftOut        map[string]*leftOut
}

func newManifestWriter(flags *importFlags, integration types.NamespacedName, existing existingTickets) *manifestWriter {
	w := &manifestWriter{
		flags: flags, integration: integration, existing: existing, matchers: parseFilters(flags.filters),
		seen: map[string]bool{}, leftOut: map[string]*leftOut{},
	}
	for _, field := range importedFields {
		w.fetches = w.fetches || (field.onlyOfItself && slices.Contains(flags.fields, field.name))
	}
	return w
}

// leftOut counts what is not in the manifests for one reason, with one example.
type leftOut struct {
	reason, example string
	count           int
}

func (l *leftOut) String() string {
	if l.count == 1 {
		return fmt.Sprintf("%s: %s.", oneLine(l.example), l.reason)
	}
	return fmt.Sprintf("%d tickets, for example %s: %s.", l.count, oneLine(l.example), l.reason)
}

func (w *manifestWriter) leaveOut(id, reason string) {
	if w.leftOut[reason] == nil {
		w.leftOut[reason] = &leftOut{reason: reason, example: id}
	}
	w.leftOut[reason].count++
}

// reasons are why something is not in the manifests, in a fixed order.
func (w *manifestWriter) reasons() []*leftOut {
	var reasons []*leftOut
	for _, each := range w.leftOut {
		reasons = append(reasons, each)
	}
	slices.SortFunc(reasons, func(a, b *leftOut) int { return cmp.Compare(a.reason, b.reason) })
	return reasons
}

// add makes a Ticket of a remote ticket, or says why not. A ticket that moves while the pages are
// read may come twice.
func (w *manifestWriter) add(ctx context.Context, ticket *synqly.Ticket) error {
	if w.seen[ticket.ID] {
		return nil
	}
	w.seen[ticket.ID] = true
	reason := w.reasonAgainst(ticket)
	if reason == "" {
		complete, err := w.completed(ctx, ticket)
		if err != nil || complete == nil {
			return err
		}
		ticket, reason = complete, w.reasonAgainst(complete)
	}
	if reason != "" {
		w.leaveOut(ticket.ID, "left out, "+reason)
		return nil
	}
	spec, incomplete := w.specOf(ticket)
	for _, reason := range incomplete {
		w.leaveOut(ticket.ID, reason)
	}
	w.specs = append(w.specs, spec)
	return nil
}

// completed is a ticket of a list as the provider shows it when it is asked for that ticket alone,
// where that is another thing. Some providers shorten texts in lists, and what is shortened must
// not be written back. Whether they do is tried with the first ticket. Nil for one that is gone.
func (w *manifestWriter) completed(ctx context.Context, listed *synqly.Ticket) (*synqly.Ticket, error) {
	if w.flags.observe || (w.tried && !w.fetches) {
		return listed, nil
	}
	ticket, err := w.get(ctx, listed.ID)
	switch {
	case synqly.IsNotFound(err):
		w.leaveOut(listed.ID, "left out, it does not exist any more")
		return nil, nil //nolint:nilnil // There is neither a ticket nor an error.
	case err != nil:
		return nil, err
	}
	if !w.tried {
		w.tried = true
		before, _ := w.specOf(listed)
		after, _ := w.specOf(ticket)
		w.fetches = w.fetches || !equality.Semantic.DeepEqual(before, after)
	}
	ticket.ID = listed.ID // It may have several names, and this is the one that was asked for.
	return ticket, nil
}

// specOf is the spec of a Ticket that adopts the remote ticket, and what it lacks.
func (w *manifestWriter) specOf(ticket *synqly.Ticket) (spec v1alpha1.TicketSpec, incomplete []string) {
	spec = v1alpha1.TicketSpec{
		IntegrationRef: integrationReference(w.integration), TicketID: ticket.ID, Summary: ticket.Summary,
	}
	if w.flags.observe {
		spec.ManagementPolicy = v1alpha1.ManagementObserve
		return spec, nil
	}
	for _, field := range importedFields {
		switch {
		case !slices.Contains(w.flags.fields, field.name):
		case !ticket.Readable(field.member):
			incomplete = append(incomplete, "written without "+field.name+", which cannot be read")
		case !field.set(&spec, ticket):
			incomplete = append(incomplete, "written without "+field.name+" or a part of it, which a Ticket cannot have")
		}
	}
	return spec, incomplete
}

var remoteIDForm = regexp.MustCompile(`^\S(.*\S)?$`)

// reasonAgainst says why a ticket is not imported; empty where it is.
func (w *manifestWriter) reasonAgainst(ticket *synqly.Ticket) string {
	for _, matcher := range w.matchers {
		if !w.flags.keepUnmatched && !matcher.matches(ticket) {
			return fmt.Sprintf("it does not match --filter '%s', although the provider has returned it: it may ignore the filter, or show other values than it filters by; --keep-unmatched imports it too", matcher.filter)
		}
	}
	switch {
	case w.existing.standFor[remoteTicket{w.integration, ticket.ID}]:
		return "a Ticket of the namespace stands for it already"
	case !w.flags.observe && !w.flags.includeManaged && slices.ContainsFunc(ticket.Tags, operatorTag.MatchString):
		return "an operator has created it, and a Ticket may manage it elsewhere; --include-managed imports it too"
	case !fitsLine(ticket.ID, longestLine) || !remoteIDForm.MatchString(ticket.ID):
		return "its ID cannot be the ticketID of a Ticket"
	case !ticket.Readable("summary") || !fitsLine(ticket.Summary, longestLine):
		return fmt.Sprintf("its summary is empty, has several lines or is longer than %d characters", longestLine)
	}
	return ""
}

// names are names for the Tickets, each once and the same in every import: of two IDs that become
// the same name both get a hash, and so does one whose name another Ticket has.
func (w *manifestWriter) names() []string {
	bases, taken := make([]string, len(w.specs)), map[string]int{}
	for i := range w.specs {
		bases[i] = baseName(w.flags.namePrefix, w.specs[i].TicketID)
		taken[bases[i]]++
	}
	for i, base := range bases {
		if taken[base] > 1 || w.existing.names[base] {
			bases[i] = withHash(base, w.specs[i].TicketID)
		}
	}
	return bases
}

var notInNames = regexp.MustCompile(`[^a-z0-9.-]+`)

// baseName makes a name of an ID. Where that takes more than lower case, a hash of the ID follows,
// because other IDs may become the same.
func baseName(prefix, id string) string {
	name := prefix + strings.ToLower(id)
	if len(name) <= longestBaseName && len(validation.IsDNS1123Subdomain(name)) == 0 {
		return name
	}
	name = prefix + notInNames.ReplaceAllString(strings.ToLower(id), "-")
	labels := strings.FieldsFunc(name[:min(len(name), longestBaseName)], func(r rune) bool { return r == '.' })
	for i := range labels {
		labels[i] = strings.Trim(labels[i], "-")
	}
	labels = slices.DeleteFunc(labels, func(label string) bool { return label == "" })
	return withHash(cmp.Or(strings.Join(labels, "."), "ticket"), id)
}

func withHash(name, id string) string {
	hash := sha256.Sum256([]byte(id))
	return name + "-" + hex.EncodeToString(hash[:5])
}

// writeTo writes the manifests, sorted by name, so that a second import differs by what has
// changed.
func (w *manifestWriter) writeTo(output *manifestOutput) (written, files int, err error) {
	names := w.names()
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(names[a], names[b]) })
	for _, i := range order {
		encoded, err := encodeManifest(manifest{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "Ticket",
			Metadata: manifestMetadata{Namespace: w.namespace, Name: names[i]}, Spec: w.specs[i],
		})
		if err != nil {
			return written, output.files, err
		}
		if len(encoded) > largestFile {
			w.leaveOut(w.specs[i].TicketID, "left out, its manifest would be larger than 1 MiB")
			continue
		}
		if err := output.add(encoded); err != nil {
			return written, output.files, err
		}
		written++
	}
	return written, output.files, output.flush()
}

// encodeManifest writes a manifest as YAML. Few texts do not survive that, such as those with the
// line break U+0085, which becomes a space: applied, such a manifest would change the remote
// ticket. It is written as JSON, which is YAML as well.
func encodeManifest(manifest manifest) ([]byte, error) {
	plain, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the manifest of %s: %w", manifest.Metadata.Name, err)
	}
	encoded, err := yaml.JSONToYAML(plain)
	if err == nil && survives(manifest, encoded) {
		return encoded, nil
	}
	escaped := append(bytes.ReplaceAll(plain, []byte("\u0085"), []byte(`\u0085`)), '\n')
	if !survives(manifest, escaped) {
		return nil, fmt.Errorf("the manifest of %s cannot be written as YAML", manifest.Metadata.Name)
	}
	return escaped, nil
}

// survives reports whether whoever reads the encoded manifest reads the same.
func survives(written manifest, encoded []byte) bool {
	var read manifest
	if yaml.Unmarshal(encoded, &read) != nil || !equality.Semantic.DeepEqual(decoded(written.Spec.CustomFields), decoded(read.Spec.CustomFields)) {
		return false
	}
	written.Spec.CustomFields, read.Spec.CustomFields = nil, nil
	return equality.Semantic.DeepEqual(written, read)
}

// decoded are custom fields by what they say, in whatever way they are written.
func decoded(fields map[string]apiextensionsv1.JSON) map[string]any {
	values := map[string]any{}
	for name, field := range fields {
		var value any
		// Whoever has set the field has seen that it is JSON.
		_ = json.Unmarshal(field.Raw, &value)
		values[name] = value
	}
	return values
}

// manifestOutput writes manifests to a stream, or into the files of a folder.
type manifestOutput struct {
	stream    io.Writer // nil for files
	directory string
	files     int
	pending   bytes.Buffer
	manifests int
}

// newManifestOutput checks that nothing would be overwritten.
func newManifestOutput(stream io.Writer, directory string) (*manifestOutput, error) {
	if directory == "" {
		return &manifestOutput{stream: stream}, nil
	}
	if err := os.MkdirAll(directory, 0o755); err != nil { //nolint:gosec // Others may read what comes into Git.
		return nil, fmt.Errorf("making the folder for the manifests: %w", err)
	}
	present, err := filepath.Glob(filepath.Join(directory, "tickets-*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("looking for manifests in %s: %w", directory, err)
	}
	if len(present) > 0 {
		return nil, fmt.Errorf("%s exists already: remove the files of an earlier import, or choose another folder", present[0])
	}
	return &manifestOutput{directory: directory}, nil
}

func (o *manifestOutput) add(encoded []byte) error {
	if o.manifests == mostManifests || (o.manifests > 0 && o.pending.Len()+len(manifestSeparator)+len(encoded) > largestFile) {
		if err := o.flush(); err != nil {
			return err
		}
	}
	// Before the first one too: a stream that begins like JSON is taken for one of JSON alone.
	o.pending.WriteString(manifestSeparator)
	o.pending.Write(encoded)
	o.manifests++
	return nil
}

// flush writes what has come together.
func (o *manifestOutput) flush() error {
	if o.manifests == 0 {
		return nil
	}
	o.files++
	content := bytes.Clone(o.pending.Bytes())
	o.pending.Reset()
	o.manifests = 0
	if o.stream != nil {
		_, err := o.stream.Write(content)
		return err
	}
	return writeNewFile(filepath.Join(o.directory, fmt.Sprintf("tickets-%04d.yaml", o.files)), content)
}

// writeNewFile writes a file that does not exist yet, wholly or not at all.
func writeNewFile(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // Others may read it, as the umask says.
	if err != nil {
		return fmt.Errorf("creating a file: %w", err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}
