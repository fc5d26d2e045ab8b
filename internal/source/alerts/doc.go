// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package alerts is the endpoint for alerts: what Alertmanager and Grafana Alerting send to an
// AlertReceiver becomes Incidents. It makes no remote call, needs no leader, and imports no
// controller: the controller of Incidents and it meet in the objects.
//
// Start with Server.receive in server.go.
package alerts
