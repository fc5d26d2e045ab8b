#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes the files that controller-gen makes of the markers in the Go code, below the given
# folder: the folder of the project to update it, another one to compare with it.
set -eu

destination=$1
cd "$(dirname "$0")/.."

bin/tools/controller-gen \
	object:headerFile=hack/boilerplate.go.txt \
	crd \
	rbac:roleName=manager-role \
	paths=./api/... paths=./internal/... paths=./cmd/... \
	output:object:dir="$destination/api/v1alpha1" \
	output:crd:dir="$destination/config/crd/bases" \
	output:rbac:dir="$destination/config/rbac"
