#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes the generated files below the given folder: the folder of the project to update it,
# another one to compare with it. controller-gen makes some of the markers in the Go code, and
# hack/manifests makes the others of the CRDs.
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
