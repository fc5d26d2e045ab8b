// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// intent is the create attempt that an object's annotations record.
type intent struct {
	key     string
	attempt int64
	// started is by the clock of the process that made the attempt.
	started      time.Time
	window       Window
	installation string
	hash         string
	text         string
	place        Place
	// parent is the Parent, as the adapter names it, that the place came from.
	parent string
	// unmarked: what the attempt creates does not carry the key.
	unmarked bool
}

// recordedPlace is the place of an attempt as an annotation holds it.
type recordedPlace struct {
	Place
	Parent string `json:"parent,omitempty"`
}

// CreateKey is the key under which the remote object of a custom resource can be found again: 32
// hexadecimal digits that depend on the installation (the UID of the kube-system namespace) and the
// object's UID.
func CreateKey(installation string, uid types.UID) string {
	sum := sha256.Sum256([]byte(installation + "/" + string(uid)))
	return hex.EncodeToString(sum[:16])
}

// GroupKey is the key that all remote objects have in common which an installation creates through
// one Integration: 32 hexadecimal digits. It depends on the Integration's name and not on its UID,
// so it stays when the Integration is made anew.
func GroupKey(installation string, integration types.NamespacedName) string {
	sum := sha256.Sum256([]byte(installation + "/" + integration.String()))
	return hex.EncodeToString(sum[:16])
}

// readIntent reads the annotations. What does not parse counts as not there; an attempt whose
// number was damaged counts as the first, so that it is looked for.
func readIntent(object client.Object) intent {
	annotations := unpackRecord(object.GetAnnotations())
	recorded := intent{
		key:          annotations[v1alpha1.CreateKeyAnnotation],
		installation: annotations[v1alpha1.CreateInstallationAnnotation],
		hash:         annotations[v1alpha1.CreateHashAnnotation],
		text:         annotations[v1alpha1.CreateTextAnnotation],
		unmarked:     annotations[v1alpha1.CreateUnmarkedAnnotation] == "true",
	}
	if recorded.key == "" {
		return intent{}
	}
	var place recordedPlace
	if json.Unmarshal([]byte(annotations[v1alpha1.CreatePlaceAnnotation]), &place) == nil {
		recorded.place, recorded.parent = place.Place, place.Parent // one that was damaged counts as unknown, as a whole
	}
	attempt, err := strconv.ParseInt(annotations[v1alpha1.CreateAttemptAnnotation], 10, 64)
	if err != nil || attempt < 1 || attempt == math.MaxInt64 {
		attempt = 1
	}
	recorded.attempt = attempt
	if started, err := time.Parse(time.RFC3339, annotations[v1alpha1.CreateStartedAnnotation]); err == nil {
		recorded.started = started
	}
	recorded.window = parseWindow(annotations[v1alpha1.CreateWindowAnnotation])
	return recorded
}

// write puts the intent into the annotations.
func (i intent) write(object client.Object) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.CreateKeyAnnotation] = i.key
	annotations[v1alpha1.CreateAttemptAnnotation] = strconv.FormatInt(i.attempt, 10)
	annotations[v1alpha1.CreateStartedAnnotation] = i.started.UTC().Format(time.RFC3339)
	annotations[v1alpha1.CreateWindowAnnotation] = i.window.String()
	annotations[v1alpha1.CreateInstallationAnnotation] = i.installation
	annotations[v1alpha1.CreateHashAnnotation] = i.hash
	annotations[v1alpha1.CreateTextAnnotation] = i.text
	place, err := json.Marshal(recordedPlace{Place: i.place, Parent: i.parent})
	if err == nil {
		annotations[v1alpha1.CreatePlaceAnnotation] = string(place)
	}
	delete(annotations, v1alpha1.CreateClaimAnnotation)
	// What is empty is left out of the record, with what it has from an earlier attempt.
	annotations[v1alpha1.CreateUnmarkedAnnotation] = ""
	if i.unmarked {
		annotations[v1alpha1.CreateUnmarkedAnnotation] = "true"
	}
	packRecord(annotations)
	object.SetAnnotations(annotations)
}
