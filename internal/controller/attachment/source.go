// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// sourceOf is the source that the spec names, or the hash of the content that it has. The same
// bytes are the same source, whether they are written as text or in base64.
func sourceOf(attachment *v1alpha1.TicketAttachment) string {
	spec := &attachment.Spec
	switch {
	case spec.ConfigMapKeyRef != nil:
		return "ConfigMap/" + spec.ConfigMapKeyRef.Name + "/" + spec.ConfigMapKeyRef.Key
	case spec.SecretKeyRef != nil:
		return "Secret/" + spec.SecretKeyRef.Name + "/" + spec.SecretKeyRef.Key
	}
	content, err := inlineContent(spec)
	if err != nil {
		content = []byte(spec.ContentBase64) // It is never sent; another one differs from it all the same.
	}
	return "SHA-256/" + digest(content)
}

// inlineContent is the content that the spec has.
func inlineContent(spec *v1alpha1.TicketAttachmentSpec) ([]byte, error) {
	if spec.ContentBase64 == "" {
		return []byte(spec.Content), nil
	}
	encoded := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, spec.ContentBase64)
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, &remote.SourceError{Inline: true, Message: fmt.Sprintf("spec.contentBase64 cannot be decoded: %v", err)}
	}
	return content, nil
}

// ReadSource reads the content that the spec has or names.
func (adapter) ReadSource(ctx context.Context, reader client.Reader, attachment *v1alpha1.TicketAttachment) (remote.Source, error) {
	content, err := contentOf(ctx, reader, attachment)
	if err != nil {
		return remote.Source{}, err
	}
	if problem := sizeProblem(len(content)); problem != "" {
		inline := attachment.Spec.ConfigMapKeyRef == nil && attachment.Spec.SecretKeyRef == nil
		return remote.Source{}, &remote.SourceError{Inline: inline, Message: problem + "; nothing was sent"}
	}
	return remote.Source{Content: content, Text: snapshotWith(attachment.Spec.FileName, content).String()}, nil
}

// sizeProblem says why a file of a size cannot be attached; empty where it can.
func sizeProblem(size int) string {
	switch {
	case size == 0:
		return "the content is empty: a file of 0 bytes cannot be attached"
	case size > v1alpha1.MaxAttachmentSize:
		return fmt.Sprintf("the content has %d bytes, and an attachment at most %d", size, v1alpha1.MaxAttachmentSize)
	}
	return ""
}

func contentOf(ctx context.Context, reader client.Reader, attachment *v1alpha1.TicketAttachment) ([]byte, error) {
	switch spec := &attachment.Spec; {
	case spec.ConfigMapKeyRef != nil:
		var configMap corev1.ConfigMap
		if err := readNamed(ctx, reader, attachment.Namespace, "ConfigMap", spec.ConfigMapKeyRef, &configMap); err != nil {
			return nil, err
		}
		if text, found := configMap.Data[spec.ConfigMapKeyRef.Key]; found {
			return []byte(text), nil
		}
		content, found := configMap.BinaryData[spec.ConfigMapKeyRef.Key]
		return content, missingKey(found, "ConfigMap", spec.ConfigMapKeyRef)
	case spec.SecretKeyRef != nil:
		var secret corev1.Secret
		if err := readNamed(ctx, reader, attachment.Namespace, "Secret", spec.SecretKeyRef, &secret); err != nil {
			return nil, err
		}
		content, found := secret.Data[spec.SecretKeyRef.Key]
		return content, missingKey(found, "Secret", spec.SecretKeyRef)
	default:
		return inlineContent(spec)
	}
}

// readNamed reads the object that a reference names, from the API server itself.
func readNamed(ctx context.Context, reader client.Reader, namespace, kind string, ref *v1alpha1.KeyReference, into client.Object) error {
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, into)
	switch {
	case apierrors.IsNotFound(err):
		return &remote.SourceError{Missing: true, Message: fmt.Sprintf("%s %q does not exist in this namespace: create it, or correct the reference", kind, ref.Name)}
	case apierrors.IsForbidden(err):
		return &remote.SourceError{Missing: true, Message: fmt.Sprintf("the operator may not read %s %q: %v", kind, ref.Name, err)}
	case err != nil:
		return fmt.Errorf("reading %s %q: %w", kind, ref.Name, err)
	}
	return nil
}

func missingKey(found bool, kind string, ref *v1alpha1.KeyReference) error {
	if found {
		return nil
	}
	return &remote.SourceError{Missing: true, Message: fmt.Sprintf("%s %q has no key %q: add it, or correct the reference", kind, ref.Name, ref.Key)}
}
