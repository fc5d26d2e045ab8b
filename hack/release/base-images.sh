#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints for each image that the Dockerfile builds from the digest that its tag has now, as a build
# context of Docker's buildx that takes the place of the tag:
#
#	golang:1.26.11=docker-image://golang:1.26.11@sha256:…
#
# So all platforms are built from the same images, and the release tells which. An image that the
# Dockerfile pins by its digest itself is left out. CONTAINER_TOOL names docker (the default).
set -eu

cd "$(dirname "$0")/../.."
tool=${CONTAINER_TOOL:-docker}

# A name without a colon is an earlier stage.
images=$(sed -n 's/^FROM \(--platform=[^ ]* \)\{0,1\}\([^ ]*:[^ ]*\).*/\2/p' Dockerfile | sort -u)
for image in $images; do
	case $image in
	*@sha256:*) continue ;;
	esac
	digest=$("$tool" buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image")
	if ! printf '%s\n' "$digest" | grep -Eqx 'sha256:[0-9a-f]{64}'; then
		echo "base-images: the registry says of $image \"$digest\", which is no digest" >&2
		exit 1
	fi
	echo "$image=docker-image://$image@$digest"
done
