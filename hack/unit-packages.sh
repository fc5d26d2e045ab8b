#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints the packages whose tests need no control plane: those whose test programs do not
# contain controller-runtime's envtest.
set -eu

cd "$(dirname "$0")/.."
go=${GO:-go}

tests=$("$go" list -test \
	-f '{{if .ForTest}}{{else}}{{.ImportPath}}{{range .Deps}} {{.}}{{end}}{{end}}' ./...)
echo "$tests" | awk '
	# go list calls the test program of a package "<package>.test".
	$1 ~ /\.test$/ {
		for (i = 2; i <= NF; i++) if ($i == "sigs.k8s.io/controller-runtime/pkg/envtest") next
		print substr($1, 1, length($1) - 5)
	}'
