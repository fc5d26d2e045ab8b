// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// sources has one ConfigMap and one Secret, or fails.
type sources struct {
	client.Reader // nil: nothing but Get may be called
	configMap     *corev1.ConfigMap
	secret        *corev1.Secret
	err           error
}

func (s sources) Get(_ context.Context, name client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	if name.Namespace != "team-a" {
		return fmt.Errorf("asked for an object of the namespace %q", name.Namespace)
	}
	switch into := object.(type) {
	case *corev1.ConfigMap:
		if s.configMap != nil {
			s.configMap.DeepCopyInto(into)
			return s.err
		}
	case *corev1.Secret:
		if s.secret != nil {
			s.secret.DeepCopyInto(into)
			return s.err
		}
	}
	if s.err != nil {
		return s.err
	}
	return apierrors.NewNotFound(schema.GroupResource{}, name.Name)
}

func attachmentOf(spec v1alpha1.TicketAttachmentSpec) *v1alpha1.TicketAttachment {
	spec.FileName = "heap.txt"
	return &v1alpha1.TicketAttachment{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "dump"}, Spec: spec}
}

var dump = &v1alpha1.KeyReference{Name: "dump", Key: "heap.bin"}

func TestReadSource(t *testing.T) {
	configMap := func(content string) sources {
		return sources{configMap: &corev1.ConfigMap{Data: map[string]string{"heap.bin": content}}}
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "dump", errors.New("no rule"))
	ofConfigMap, ofSecret := v1alpha1.TicketAttachmentSpec{ConfigMapKeyRef: dump}, v1alpha1.TicketAttachmentSpec{SecretKeyRef: dump}
	for name, test := range map[string]struct {
		spec v1alpha1.TicketAttachmentSpec
		from sources
		want string
		// missing, inline and message are those of the SourceError.
		missing, inline bool
		message         string
	}{
		"a text":                     {spec: v1alpha1.TicketAttachmentSpec{Content: "a\r\nb"}, want: "a\r\nb"},
		"base64":                     {spec: v1alpha1.TicketAttachmentSpec{ContentBase64: "AP/+\n DQoA\r\n"}, want: "\x00\xff\xfe\r\n\x00"},
		"data of a ConfigMap":        {spec: ofConfigMap, from: configMap("text"), want: "text"},
		"binaryData of a ConfigMap":  {spec: ofConfigMap, from: sources{configMap: &corev1.ConfigMap{BinaryData: map[string][]byte{"heap.bin": {0, 0xff}}}}, want: "\x00\xff"},
		"a Secret":                   {spec: ofSecret, from: sources{secret: &corev1.Secret{Data: map[string][]byte{"heap.bin": {0, 0xff}}}}, want: "\x00\xff"},
		"the largest":                {spec: ofConfigMap, from: configMap(strings.Repeat("x", v1alpha1.MaxAttachmentSize)), want: strings.Repeat("x", v1alpha1.MaxAttachmentSize)},
		"a byte more":                {spec: ofConfigMap, from: configMap(strings.Repeat("x", v1alpha1.MaxAttachmentSize+1)), message: "the content has 1048577 bytes, and an attachment at most 1048576; nothing was sent"},
		"100 MB":                     {spec: ofSecret, from: sources{secret: &corev1.Secret{Data: map[string][]byte{"heap.bin": make([]byte, 100_000_000)}}}, message: "the content has 100000000 bytes"},
		"nothing":                    {spec: ofConfigMap, from: configMap(""), message: "a file of 0 bytes cannot be attached"},
		"no base64":                  {spec: v1alpha1.TicketAttachmentSpec{ContentBase64: "AAE"}, inline: true, message: "spec.contentBase64 cannot be decoded"},
		"base64 of nothing":          {spec: v1alpha1.TicketAttachmentSpec{ContentBase64: " \n"}, inline: true, message: "a file of 0 bytes cannot be attached"},
		"no ConfigMap":               {spec: ofConfigMap, missing: true, message: `ConfigMap "dump" does not exist in this namespace`},
		"no Secret":                  {spec: ofSecret, missing: true, message: `Secret "dump" does not exist in this namespace`},
		"no key in the ConfigMap":    {spec: ofConfigMap, from: sources{configMap: &corev1.ConfigMap{}}, missing: true, message: `ConfigMap "dump" has no key "heap.bin"`},
		"no key in the Secret":       {spec: ofSecret, from: sources{secret: &corev1.Secret{}}, missing: true, message: `Secret "dump" has no key "heap.bin"`},
		"a Secret that is forbidden": {spec: ofSecret, from: sources{err: forbidden}, missing: true, message: `the operator may not read Secret "dump"`},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := adapter{}.ReadSource(t.Context(), test.from, attachmentOf(test.spec))
			if test.message == "" {
				if err != nil || string(source.Content) != test.want {
					t.Fatalf("%d bytes and %v, want %d bytes", len(source.Content), err, len(test.want))
				}
				if want := snapshotWith("heap.txt", []byte(test.want)); parseSnapshot(source.Text) != want {
					t.Errorf("the record is %q, want %q", source.Text, want)
				}
				return
			}
			var unusable *remote.SourceError
			if !errors.As(err, &unusable) || unusable.Missing != test.missing || unusable.Inline != test.inline || !strings.Contains(unusable.Message, test.message) {
				t.Errorf("%#v, want missing %t, inline %t and %q", err, test.missing, test.inline, test.message)
			}
			if source.Content != nil {
				t.Errorf("%d bytes to send", len(source.Content))
			}
		})
	}
}

func TestAFailureOfTheAPIServerIsNoFaultOfTheSource(t *testing.T) {
	_, err := adapter{}.ReadSource(t.Context(), sources{err: errors.New("no leader")}, attachmentOf(v1alpha1.TicketAttachmentSpec{ConfigMapKeyRef: dump}))
	var unusable *remote.SourceError
	if err == nil || errors.As(err, &unusable) {
		t.Errorf("%v, want the failure", err)
	}
}

func TestTheSameBytesAreTheSameSource(t *testing.T) {
	text := attachmentOf(v1alpha1.TicketAttachmentSpec{Content: "a\r\nb"})
	for name, test := range map[string]struct {
		spec v1alpha1.TicketAttachmentSpec
		same bool
	}{
		"in base64":             {v1alpha1.TicketAttachmentSpec{ContentBase64: "YQ0K\nYg=="}, true},
		"with other line ends":  {v1alpha1.TicketAttachmentSpec{Content: "a\nb"}, false},
		"in no base64":          {v1alpha1.TicketAttachmentSpec{ContentBase64: "YQ0KYg"}, false},
		"in a ConfigMap":        {v1alpha1.TicketAttachmentSpec{ConfigMapKeyRef: dump}, false},
		"in a Secret":           {v1alpha1.TicketAttachmentSpec{SecretKeyRef: dump}, false},
		"with a space after it": {v1alpha1.TicketAttachmentSpec{Content: "a\r\nb "}, false},
	} {
		t.Run(name, func(t *testing.T) {
			other := attachmentOf(test.spec)
			other.Status.Applied = newAdapter().Fields(text)
			if same := len(newAdapter().Diff(other)) == 0; same != test.same {
				t.Errorf("the same source: %t", same)
			}
		})
	}
	configMap, secret := attachmentOf(v1alpha1.TicketAttachmentSpec{ConfigMapKeyRef: dump}), attachmentOf(v1alpha1.TicketAttachmentSpec{SecretKeyRef: dump})
	if sourceOf(configMap) == sourceOf(secret) {
		t.Errorf("a ConfigMap and a Secret of the same name are both %q", sourceOf(secret))
	}
}
