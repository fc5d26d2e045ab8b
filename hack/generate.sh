#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes the generated files below the given folder: the folder of the project to update it,
# another one to compare with it. controller-gen makes some of the markers in the Go code,
# hack/manifests makes the others of the CRDs, and helm-docs describes the values of the chart.
set -eu

destination=$1
cd "$(dirname "$0")/.."
go=${GO:-go}

bin/tools/controller-gen \
	object:headerFile=hack/boilerplate.go.txt \
	crd \
	rbac:roleName=manager-role \
	paths=./api/... paths=./internal/... paths=./cmd/... \
	output:object:dir="$destination/api/v1alpha1" \
	output:crd:dir="$destination/config/crd/bases" \
	output:rbac:dir="$destination/config/rbac"

"$go" run ./hack/manifests "$destination"

chart=charts/synqly-ticketing-operator
bin/tools/helm-docs --log-level=warning --chart-search-root="$chart" --sort-values-order=file --dry-run \
	>"$destination/$chart/README.md.new"
mv -f "$destination/$chart/README.md.new" "$destination/$chart/README.md"
