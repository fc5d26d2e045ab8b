// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// fillClients is how many Tickets that are in sync are made at the same time.
const fillClients = 128

// fill makes Tickets that are in sync: their remote tickets in the simulator, and then the objects
// as the operator would have left them, straight in etcd. Through the API server and the operator
// 100,000 of them take more than half an hour, most of it the API server's. That they really are in
// sync is seen from the operator, which writes nothing for them.
func (b *bench) fill(ctx context.Context) error {
	if b.inSync == 0 {
		return nil
	}
	b.say("Writing %d Tickets that are in sync into etcd and the simulator", b.inSync)
	var system corev1.Namespace
	if err := b.client.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &system); err != nil {
		return fmt.Errorf("reading the identity of the cluster: %w", err)
	}
	remoteAPI, err := synqly.NewClient(synqly.Options{BaseURL: b.simulatorURL, Token: benchToken, AllowInsecureHTTP: true, Transport: &http.Transport{
		DialContext: (&net.Dialer{}).DialContext, MaxIdleConnsPerHost: fillClients,
	}})
	if err != nil {
		return err
	}
	etcd := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: fillClients}}
	defer etcd.CloseIdleConnections()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(fillClients)
	for i := 0; i < b.inSync && groupCtx.Err() == nil; i++ {
		group.Go(func() error {
			ticket, err := b.inSyncTicket(groupCtx, remoteAPI, string(system.UID), fmt.Sprintf("in-sync-%d", i))
			if err != nil {
				return err
			}
			return b.writeToEtcd(groupCtx, etcd, ticket)
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("writing Tickets that are in sync: %w", err)
	}
	b.present = b.inSync + 1 // and the original
	return nil
}

// inSyncTicket creates a remote ticket, and returns the Ticket as it would be had the operator
// created it.
func (b *bench) inSyncTicket(ctx context.Context, remoteAPI *synqly.Client, installation, name string) (*v1alpha1.Ticket, error) {
	ticket := b.original.DeepCopy()
	ticket.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Ticket"}
	ticket.Name, ticket.UID, ticket.ResourceVersion = name, uuid.NewUUID(), ""
	key := remote.CreateKey(installation, ticket.UID)
	shown := ticket.Status.Remote
	for i, tag := range shown.Tags {
		if tag == v1alpha1.CreateKeyTagPrefix+b.original.Annotations[v1alpha1.CreateKeyAnnotation] {
			shown.Tags[i] = v1alpha1.CreateKeyTagPrefix + key
		}
	}
	created, err := remoteAPI.CreateTicket(ctx, synqly.CreateTicketRequest{
		Name: name, Summary: ticket.Spec.Summary, Description: ticket.Spec.Description, Tags: shown.Tags,
	})
	if err != nil {
		return nil, err
	}
	ticket.Annotations[v1alpha1.CreateKeyAnnotation] = key
	ticket.Status.ID, shown.Name = created.ID, name
	shown.CreatedAt, shown.UpdatedAt = created.CreatedAt.Format(time.RFC3339Nano), created.UpdatedAt.Format(time.RFC3339Nano)
	return ticket, nil
}

// writeToEtcd writes a Ticket as the API server keeps it, through etcd's gateway to HTTP. Each has
// a request of its own, because watches of the API server need each object to have its own
// revision.
func (b *bench) writeToEtcd(ctx context.Context, etcd *http.Client, ticket *v1alpha1.Ticket) error {
	encoded, err := json.Marshal(ticket)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string][]byte{
		"key":   fmt.Appendf(nil, "/registry/%s/tickets/%s/%s", v1alpha1.GroupVersion.Group, ticket.Namespace, ticket.Name),
		"value": encoded,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.controlPlane.ControlPlane.Etcd.URL.String()+"/v3/kv/put", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if _, err = send(etcd, request); err != nil {
		return fmt.Errorf("writing the Ticket %s: %w", ticket.Name, err)
	}
	return nil
}
