#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints what CHANGELOG.md says about a version, for the notes of its release: notes.sh v0.1.0
# Fails when it says nothing, or the version is not one of Semantic Versioning.
set -eu

cd "$(dirname "$0")/../.."
tag=${1:-}
if ! printf '%s\n' "$tag" | grep -Eqx 'v(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9A-Za-z.-]+)?'; then
	echo "notes: \"$tag\" is not a version like v0.1.0 or v0.1.0-rc.1" >&2
	exit 2
fi
awk -v heading="## [${tag#v}]" '
	found && (/^## / || /^\[[^]]*\]: /) { exit }
	index($0, heading) == 1 { found = 1; next }
	found && NF { text = 1 }
	found && text { print }
	END { exit !text }' CHANGELOG.md || {
	echo "notes: CHANGELOG.md has no section \"## [${tag#v}]\" with text" >&2
	exit 1
}
