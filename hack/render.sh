#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints a kustomization with the operator's image set: render.sh config/default registry/name:tag
# (or registry/name@sha256:…). The image is set in an overlay of its own, so that
# config/ stays as it is in Git.
set -eu

kustomization=$1
image=$2
cd "$(dirname "$0")/.."

mkdir -p bin
overlay=$(mktemp -d bin/overlay.XXXXXX)
trap 'rm -rf "$overlay"' EXIT

case $image in
*@*)
	name=${image%%@*}
	version="digest: ${image#*@}"
	;;
# A colon before the last slash belongs to the port of a registry.
*:*/*) tag=${image##*/} ;;
*) tag=$image ;;
esac
if [ -z "${name:-}" ]; then
	case $tag in
	*:*)
		name=${image%:*}
		version="newTag: \"${tag##*:}\""
		;;
	*)
		name=$image
		version="newTag: latest"
		;;
	esac
fi

cat >"$overlay/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../$kustomization
images:
- name: ghcr.io/synqly/ticketing-operator
  newName: $name
  $version
sortOptions:
  order: fifo
END
bin/tools/kustomize build "$overlay"
