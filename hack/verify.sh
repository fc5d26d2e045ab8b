#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Fails when something that follows from other files does not follow from them any more, and
# says what to run. Changes nothing.
set -eu

cd "$(dirname "$0")/.."
go=${GO:-go}
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
failures=0

failed() {
	echo "verify: $*" >&2
	failures=$((failures + 1))
}

generated_files() {
	mkdir "$fresh/generated"
	hack/generate.sh "$fresh/generated"
	(cd "$fresh/generated" && find api config charts docs -type f) >"$fresh/generated-files"
	while read -r file; do
		diff -u "$file" "$fresh/generated/$file" || failed "$file is out of date: run make generate"
	done <"$fresh/generated-files"
	# What was generated once, for a kind that is gone.
	for file in config/crd/bases/*.yaml config/rbac/*_editor_role.yaml config/rbac/*_viewer_role.yaml \
		charts/*/files/*.* charts/*/files/*/* $(find config/argocd/resource_customizations -type f); do
		[ -f "$fresh/generated/$file" ] || failed "$file is not generated any more: remove it"
	done
}

# Without hack/prometheus: to tidy it takes the modules of all clouds, more than a gigabyte, and its
# build fails when something is missing in go.mod. Nor hack/release and hack/goreleaser, which no
# test builds.
go_modules() {
	for module in . hack/tools hack/tools/golangci-lint hack/control-plane hack/alertmanager hack/helm hack/reference; do
		(cd "$module" && GOWORK=off "$go" mod tidy -diff) ||
			failed "$module/go.mod is out of date: run go mod tidy in $module"
	done
}

# The image is built by the toolchain that go.mod pins.
toolchain() {
	pinned=$(sed -n 's/^toolchain go//p' go.mod)
	grep -q "^FROM .* golang:$pinned\(@sha256:[0-9a-f]*\)\{0,1\} AS build$" Dockerfile ||
		failed "Dockerfile does not build with Go $pinned, which go.mod pins"
}

formatting() {
	unformatted=$("$("$go" env GOROOT)/bin/gofmt" -l api cmd internal hack)
	[ -z "$unformatted" ] || failed "not formatted, run make fmt:
$unformatted"
}

# Comments that stand alone wrap at 100 columns, a tab counting as four. Directives, and a word
# that is longer by itself, may be longer.
comment_width() {
	find api cmd internal hack -name '*.go' ! -name 'zz_generated*' >"$fresh/go-files"
	while read -r file; do
		expand -t 4 "$file" | awk -v file="$file" '
			/^ *\/\/ / && !/^ *\/\/ [+]/ && length($0) > 100 && NF > 2 { print file ":" NR }'
	done <"$fresh/go-files" >"$fresh/wide"
	[ ! -s "$fresh/wide" ] || failed "comments wider than 100 columns:
$(cat "$fresh/wide")"
}

license_headers() {
	header="// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0"
	find api cmd internal hack -name '*.go' >"$fresh/go-files"
	while read -r file; do
		# A build constraint may come first; generated files have theirs after it.
		head -n 4 "$file" | sed '/^\/\/go:build/d;/^$/d' | head -n 2 >"$fresh/header"
		[ "$(cat "$fresh/header")" = "$header" ] || failed "$file does not start with the license header:
$header"
	done <"$fresh/go-files"
}

kustomizations() {
	for folder in crd default default-tls default-monitoring samples simulator quickstart quickstart/sample; do
		bin/tools/kustomize build "config/$folder" >/dev/null || failed "config/$folder does not build"
	done
}

generated_files
go_modules
toolchain
formatting
comment_width
license_headers
kustomizations
[ "$failures" -eq 0 ] || exit 1
echo "verify: everything is up to date"
