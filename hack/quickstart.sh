#!/bin/sh
# Copyright The Synqly Ticketing Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Shows the operator in a cluster, without an account of Synqly: installs it by its Helm chart,
# together with the simulator of the Synqly API, creates a ticket with a comment, waits until both
# are Ready, and says what to look at next.
#
#	quickstart.sh                  in the cluster of the current kubeconfig, from the images IMG and
#	                               SIMULATOR_IMG, which the cluster has to be able to pull
#	quickstart.sh kind             in a new cluster of kind, from images that are built here
#	quickstart.sh uninstall        removes all of it from the cluster of the current kubeconfig
#	quickstart.sh uninstall kind   removes the cluster of kind
#
# It needs kubectl and helm; for kind, also kind and docker (or what CONTAINER_TOOL names). TIMEOUT
# is how long to wait for the Pods and for the ticket (default: 180s).
set -eu

cd "$(dirname "$0")/.."
simulator_image=ghcr.io/synqly/ticketing-operator-simulator:latest
kind_cluster=synqly-quickstart
operator_namespace=synqly-ticketing-system
release=synqly-ticketing-operator # The Deployment then has the same name.
sample_namespace=synqly-quickstart
label=ticketing.synqly.com/quickstart=true
tool=${CONTAINER_TOOL:-docker}
timeout=${TIMEOUT:-180s}

main() {
	case "$*" in
	"") install ;;
	kind) install_in_kind ;;
	uninstall) uninstall ;;
	"uninstall kind") uninstall_kind ;;
	*)
		echo "usage: hack/quickstart.sh [kind | uninstall | uninstall kind]" >&2
		exit 2
		;;
	esac
}

say() {
	echo "quickstart: $*"
}

fail() {
	echo "quickstart: $*" >&2
	exit 1
}

need() {
	command -v "$1" >/dev/null 2>&1 || fail "$1 is not installed, or not in PATH: $2"
}

need_kubectl_and_helm() {
	need kubectl "see https://kubernetes.io/docs/tasks/tools/"
	need helm "see https://helm.sh/docs/intro/install/"
}

need_cluster() {
	kubectl get --raw /version --request-timeout=15s >/dev/null ||
		fail "kubectl reaches no cluster: set KUBECONFIG or the current context, or run: hack/quickstart.sh kind"
	# An operator that is there already, with real tickets, is left alone.
	for object in customresourcedefinition/tickets.ticketing.synqly.com "namespace/$operator_namespace"; do
		found=$(kubectl get "$object" --ignore-not-found --output="jsonpath={.metadata.name} {.metadata.labels.ticketing\.synqly\.com/quickstart}")
		case $found in
		"" | *" true") ;;
		*) fail "the operator is installed in this cluster, and not by this script ($object exists): use another cluster" ;;
		esac
	done
}

install() {
	need_kubectl_and_helm
	need_cluster
	if [ -z "${IMG:-}" ] || [ -z "${SIMULATOR_IMG:-}" ]; then
		fail "set IMG and SIMULATOR_IMG to images of the operator and of the simulator that the cluster can pull" \
			"(make docker-buildx docker-buildx-simulator builds them), or run: hack/quickstart.sh kind"
	fi
	say "installing into the cluster of the context $(kubectl config current-context)"
	install_operator_and_simulator
	create_sample
	say_what_is_next "hack/quickstart.sh uninstall"
}

install_in_kind() {
	need kind "see https://kind.sigs.k8s.io/docs/user/quick-start/"
	need_kubectl_and_helm
	need "$tool" "kind runs the cluster in containers"
	if kind get clusters 2>/dev/null | grep -qx "$kind_cluster"; then
		say "using the cluster $kind_cluster, which is there already"
		kind export kubeconfig --name "$kind_cluster"
	else
		say "making the cluster $kind_cluster"
		kind create cluster --name "$kind_cluster" --wait "$timeout"
	fi
	IMG=$kind_cluster/operator:local
	SIMULATOR_IMG=$kind_cluster/simulator:local
	say "building the images"
	"$tool" build --target manager --tag "$IMG" .
	"$tool" build --target synqly-simulator --tag "$SIMULATOR_IMG" .
	kind load docker-image --name "$kind_cluster" "$IMG" "$SIMULATOR_IMG"
	need_cluster
	install_operator_and_simulator
	create_sample
	say_what_is_next "hack/quickstart.sh uninstall kind"
}

install_operator_and_simulator() {
	say "installing the simulator"
	kubectl kustomize config/quickstart | sed "s|image: $simulator_image\$|image: $SIMULATOR_IMG|" |
		kubectl apply --server-side --filename=- >/dev/null
	say "installing the CRDs and the operator by the Helm chart"
	# Its notes are for those who have an account.
	image_values "$IMG" | helm upgrade "$release" charts/synqly-ticketing-operator --install \
		--namespace="$operator_namespace" --values=config/quickstart/values.yaml --values=- >/dev/null
	kubectl wait --for=condition=Established customresourcedefinitions --selector="$label" --timeout="$timeout" >/dev/null
	for deployment in synqly-simulator/synqly-simulator "$operator_namespace/$release"; do
		kubectl rollout status "deployment/${deployment#*/}" --namespace="${deployment%/*}" --timeout="$timeout" || {
			kubectl get pods --namespace="${deployment%/*}" --output=wide >&2 || true
			fail "the Pods of ${deployment#*/} are not ready: kubectl describe pods --namespace=${deployment%/*} tells why"
		}
	done
}

# image_values prints the values of the chart for an image, such as registry:5000/name:tag or
# name@sha256:….
image_values() {
	repository=$1 tag='' digest=''
	case $1 in
	*@*) repository=${1%%@*} digest=${1#*@} ;;
	*)
		# A colon before the last slash belongs to the port of the registry.
		case ${1##*/} in
		*:*) repository=${1%:*} tag=${1##*:} ;;
		esac
		;;
	esac
	printf 'image: {repository: "%s", tag: "%s", digest: "%s"}\n' "$repository" "$tag" "$digest"
}

create_sample() {
	say "creating a ticket with a comment in the namespace $sample_namespace"
	kubectl apply --server-side --kustomize config/quickstart/sample >/dev/null
	kubectl wait --for=condition=Ready --namespace="$sample_namespace" --timeout="$timeout" \
		integration/default ticket/checkout-latency ticketcomment/checkout-latency-started || {
		kubectl get ticketing --namespace="$sample_namespace" --output=wide >&2 || true
		fail "not everything is Ready: kubectl describe tickets --namespace=$sample_namespace tells why"
	}
	echo
	kubectl get ticketing --namespace="$sample_namespace" --output=wide
}

say_what_is_next() {
	cat <<END

The ticket exists. What to look at next:

  The ticket as the simulated ticketing system has it, at http://localhost:8085:
    kubectl port-forward --namespace=synqly-simulator service/synqly-simulator 8085
  While that runs, a person starts to work on it; some 10 seconds later the status of the Ticket shows it:
    curl -X PATCH -H 'Content-Type: application/json' -d '{"status": "In Progress"}' http://localhost:8085/simulator/tickets/$(remote_id)
    kubectl get tickets --namespace=$sample_namespace --watch
  Change it, or add to it:
    kubectl edit ticket checkout-latency --namespace=$sample_namespace
    kubectl explain ticketcomment.spec
  What the operator does:
    kubectl logs deployment/synqly-ticketing-operator --namespace=$operator_namespace --follow
  With an account of Synqly: docs/integration.md. Alerts that open tickets: docs/alerts.md.

Remove all of it:
    $1
END
}

remote_id() {
	kubectl get ticket checkout-latency --namespace="$sample_namespace" --output=jsonpath='{.status.id}'
}

# The operator goes last: it removes the finalizers of the objects.
uninstall() {
	need_kubectl_and_helm
	need_cluster
	say "removing the sample, the CRDs with all objects, the operator and the simulator"
	if [ -n "$(kubectl get namespace "$sample_namespace" --ignore-not-found --output=name)" ]; then
		delete_sample
	fi
	kubectl delete customresourcedefinitions --selector="$label" --timeout="$timeout" >/dev/null ||
		fail "objects in other namespaces are not gone yet: kubectl get ticketing --all-namespaces shows them"
	helm uninstall "$release" --namespace="$operator_namespace" --ignore-not-found >/dev/null
	kubectl delete namespaces --selector="$label" --timeout="$timeout" >/dev/null
	say "everything is removed"
}

# delete_sample deletes the Integration after what uses it, so that tickets can still be closed.
delete_sample() {
	available=$(kubectl get deployment "$release" --namespace="$operator_namespace" --ignore-not-found --output='jsonpath={.status.availableReplicas}')
	if [ "${available:-0}" -gt 0 ]; then
		delete=delete_and_wait
	else
		say "the operator does not run, so the finalizers are removed here; the tickets of the sample go with the simulator"
		delete=delete_with_finalizers
	fi
	for kind in alertreceivers incidents ticketcomments ticketnotes ticketattachments ticketqueries tickets integrations; do
		if [ -z "$(kubectl get crd "$kind.ticketing.synqly.com" --ignore-not-found --output=name)" ]; then
			continue
		fi
		$delete "$kind"
	done
}

delete_and_wait() {
	kubectl delete "$1" --all --namespace="$sample_namespace" --timeout="$timeout" >/dev/null
}

# delete_with_finalizers does not wait for an operator that never comes.
delete_with_finalizers() {
	kubectl delete "$1" --all --namespace="$sample_namespace" --wait=false >/dev/null
	for object in $(kubectl get "$1" --namespace="$sample_namespace" --output=name); do
		kubectl patch "$object" --namespace="$sample_namespace" --type=merge --patch='{"metadata": {"finalizers": null}}' >/dev/null
	done
}

uninstall_kind() {
	need kind "see https://kind.sigs.k8s.io/docs/user/quick-start/"
	kind delete cluster --name "$kind_cluster"
}

main "$@"
