#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes the generated files below the given folder: the folder of the project to update it,
# another one to compare with it. controller-gen makes some of the markers in the Go code,
# hack/manifests makes the others of the CRDs, helm-docs describes the values of the chart, and
# crd-ref-docs the fields of the kinds.
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

# What crd-ref-docs puts at the end of a line of a table is for the next one.
reference=$destination/docs/reference/api.md
bin/tools/crd-ref-docs --log-level=ERROR --source-path=./api/v1alpha1 --config=hack/reference/config.yaml --max-depth=20 \
	--renderer=markdown --templates-dir=hack/reference/templates --output-path="$reference.new"
sed 's/ *<br \/> *|$/ |/; s/  *$//' "$reference.new" >"$reference"
rm "$reference.new"
