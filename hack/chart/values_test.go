// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// accepted are values that the chart takes, and what they change of what it installs: lines as
// fieldLines makes them. Lines of absent are prefixes.
var accepted = map[string]struct {
	values string
	want   []string
	absent []string
}{
	"the image": {
		values: `image: {repository: registry.example.com/operator, tag: v0.1.0, pullPolicy: Always}
imagePullSecrets: [{name: registry}]`,
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].image: registry.example.com/operator:v0.1.0",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].imagePullPolicy: Always",
			"Deployment/synqly-ticketing-operator spec.template.spec.imagePullSecrets[].name: registry",
		},
	},
	"the image by its digest": {
		values: "image: {tag: v0.1.0, digest: 'sha256:" + strings.Repeat("a1", 32) + "'}",
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].image: ghcr.io/synqly/ticketing-operator@sha256:" + strings.Repeat("a1", 32),
		},
	},
	"other names": {
		values: "fullnameOverride: tickets",
		want:   []string{"Deployment/tickets-operator spec.replicas: 1", "ClusterRole/tickets-ticket-editor-role rules[].verbs[]: create"},
		absent: []string{"Deployment/synqly-", "Service/synqly-", "ClusterRole/synqly-"},
	},
	"labels of all objects": {
		values: "commonLabels: {team: platform}",
		want: []string{
			"Deployment/synqly-ticketing-operator metadata.labels.team: platform",
			"Deployment/synqly-ticketing-operator spec.template.metadata.labels.team: platform",
			"CustomResourceDefinition/tickets.ticketing.synqly.com metadata.labels.team: platform",
		},
		absent: []string{"Deployment/synqly-ticketing-operator spec.selector.matchLabels.team"},
	},
	"no CRDs": {values: "crds: {enabled: false}", absent: []string{"CustomResourceDefinition/"}},
	"CRDs that go with the release": {
		values: "crds: {keep: false}",
		want:   []string{"CustomResourceDefinition/tickets.ticketing.synqly.com spec.scope: Namespaced"},
		absent: []string{"CustomResourceDefinition/tickets.ticketing.synqly.com metadata.annotations.helm.sh/resource-policy"},
	},
	"some namespaces": {
		values: "watchNamespaces: [team-a, team-b]",
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --watch-namespaces=team-a,team-b",
			"Role/team-a/synqly-ticketing-manager-role rules[].resources[]: tickets", "RoleBinding/team-a/synqly-ticketing-manager-rolebinding subjects[].namespace: synqly-ticketing-system",
			"Role/team-b/synqly-ticketing-manager-role rules[].resources[]: tickets", "RoleBinding/team-b/synqly-ticketing-manager-rolebinding roleRef.kind: Role",
			"Role/kube-system/synqly-ticketing-installation-role rules[].resourceNames[]: kube-system",
			"Role/default/synqly-ticketing-cluster-events-role rules[].resources[]: events",
		},
		absent: []string{"ClusterRole/synqly-ticketing-manager-role", "ClusterRoleBinding/synqly-ticketing-manager", "ClusterRole/synqly-ticketing-clusterintegrations-role"},
	},
	"nothing cluster-wide": {
		values: `watchNamespaces: [team-a]
crds: {enabled: false}
rbac: {userRoles: false}
metrics: {secure: false}`,
		want: []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --metrics-secure=false"},
		absent: []string{
			"CustomResourceDefinition/", "ClusterRole/", "ClusterRoleBinding/",
		},
	},
	"ClusterIntegrations in some namespaces": {
		values: `watchNamespaces: [team-a]
clusterResourceNamespace: tokens`,
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --cluster-resource-namespace=tokens",
			"ClusterRole/synqly-ticketing-clusterintegrations-role rules[].resources[]: clusterintegrations",
			"Role/tokens/synqly-ticketing-cluster-secrets-role rules[].resources[]: secrets",
		},
	},
	"a shard and self-hosted installations": {
		values: `watchLabelSelector: "ticketing.synqly.com/shard in (a, b)"
allowedAPICIDRs: [10.20.0.0/16, "fd00:20::/32"]
allowedAPIHosts: ["*.example.com", synqly.internal]`,
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --watch-label-selector=ticketing.synqly.com/shard in (a, b)",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --allowed-api-cidrs=10.20.0.0/16,fd00:20::/32",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --allowed-api-hosts=*.example.com,synqly.internal",
		},
	},
	"Integrations": {
		values: `integrations:
- {name: default, namespace: team-a, spec: {tokenSecretRef: {name: synqly-token}}}
- {name: here, spec: {tokenSecretRef: {name: synqly-token}}}
clusterIntegrations:
- {name: shared, spec: {tokenSecretRef: {name: synqly-token}, namespaceSelector: {matchLabels: {tickets: shared}}}}`,
		want: []string{
			"Integration/team-a/default spec.tokenSecretRef.name: synqly-token",
			"Integration/team-a/default metadata.annotations.helm.sh/resource-policy: keep",
			"Integration/here spec.tokenSecretRef.name: synqly-token",
			"ClusterIntegration/shared spec.namespaceSelector.matchLabels.tickets: shared",
			"ClusterIntegration/shared metadata.annotations.helm.sh/resource-policy: keep",
		},
	},
	"no leader": {
		values: "leaderElection: {enabled: false}",
		absent: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --leader-elect",
			"Role/synqly-ticketing-leader-election-role", "RoleBinding/synqly-ticketing-leader-election-rolebinding",
		},
	},
	"a service account that exists": {
		values: "serviceAccount: {create: false, name: mine}",
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.serviceAccountName: mine",
			"ClusterRoleBinding/synqly-ticketing-manager-rolebinding subjects[].name: mine",
		},
		absent: []string{"ServiceAccount/"},
	},
	"a service account with annotations": {
		values: "serviceAccount: {annotations: {example.com/identity: operator}}",
		want:   []string{"ServiceAccount/synqly-ticketing-operator metadata.annotations.example.com/identity: operator"},
	},
	"roles that exist": {
		values: "rbac: {create: false}",
		absent: []string{"ClusterRole/", "ClusterRoleBinding/", "Role/", "RoleBinding/"},
	},
	"no metrics": {
		values: "metrics: {enabled: false}",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --metrics-bind-address=0"},
		absent: []string{
			"Service/synqly-ticketing-metrics", "ClusterRole/synqly-ticketing-metrics",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].ports[].name: metrics",
		},
	},
	"plain metrics": {
		values: "metrics: {secure: false, serviceMonitor: {enabled: true}}",
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --metrics-secure=false",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].scheme: http",
		},
		absent: []string{
			"ClusterRole/synqly-ticketing-metrics", "ServiceMonitor/synqly-ticketing-operator spec.endpoints[].tlsConfig",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].bearerTokenFile",
		},
	},
	"metrics with a certificate": {
		values: `metrics:
  certificateSecretName: metrics-tls
  service: {annotations: {example.com/scrape: "true"}}
  serviceMonitor:
    enabled: true
    labels: {release: kube-prometheus-stack}
    interval: 30s
    authorization: {credentials: {name: prometheus-token, key: token}}
    tlsConfig: {insecureSkipVerify: false, serverName: metrics.example.com, ca: {secret: {name: metrics-tls, key: ca.crt}}}
    relabelings: [{targetLabel: cluster, replacement: a}]
    metricRelabelings: [{action: labeldrop, regex: pod}]`,
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --metrics-cert-path=/etc/metrics-tls",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].volumeMounts[].mountPath: /etc/metrics-tls",
			"Deployment/synqly-ticketing-operator spec.template.spec.volumes[].secret.secretName: metrics-tls",
			"Service/synqly-ticketing-metrics metadata.annotations.example.com/scrape: true",
			"ServiceMonitor/synqly-ticketing-operator metadata.labels.release: kube-prometheus-stack",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].interval: 30s",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].authorization.credentials.name: prometheus-token",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].tlsConfig.insecureSkipVerify: false",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].tlsConfig.serverName: metrics.example.com",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].relabelings[].targetLabel: cluster",
			"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].metricRelabelings[].regex: pod",
		},
		absent: []string{"ServiceMonitor/synqly-ticketing-operator spec.endpoints[].bearerTokenFile"},
	},
	"rules and a dashboard with labels": {
		values: `metrics:
  prometheusRule: {enabled: true, labels: {release: kube-prometheus-stack}}
  dashboard: {enabled: true, labels: {grafana_dashboard: null, dashboards: grafana}, annotations: {grafana_folder: Operators}}`,
		want: []string{
			"PrometheusRule/synqly-ticketing-operator metadata.labels.release: kube-prometheus-stack",
			"ConfigMap/synqly-ticketing-dashboard metadata.labels.dashboards: grafana",
			"ConfigMap/synqly-ticketing-dashboard metadata.annotations.grafana_folder: Operators",
		},
		absent: []string{"ConfigMap/synqly-ticketing-dashboard metadata.labels.grafana_dashboard"},
	},
	"no alerts": {
		values: "alerts: {enabled: false, tls: {secretName: unused}}",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --alerts-bind-address=0"},
		absent: []string{
			"Service/synqly-ticketing-alerts", "Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --alerts-tls",
			"Deployment/synqly-ticketing-operator spec.template.spec.volumes", "Deployment/synqly-ticketing-operator spec.template.spec.containers[].ports[].name: alerts",
		},
	},
	"alerts with a certificate of one's own": {
		values: "alerts: {service: {annotations: {example.com/dns: alerts}}, tls: {secretName: mine}}",
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --alerts-tls-key-file=/etc/alerts-tls/tls.key",
			"Deployment/synqly-ticketing-operator spec.template.spec.volumes[].secret.secretName: mine",
			"Service/synqly-ticketing-alerts metadata.annotations.example.com/dns: alerts",
		},
		absent: []string{"Certificate/", "Issuer/"},
	},
	"alerts with a certificate of an issuer": {
		values: "alerts: {tls: {secretName: mine, certManager: {enabled: true, issuerRef: {kind: ClusterIssuer, name: internal}}}}",
		want: []string{
			"Certificate/synqly-ticketing-alerts spec.issuerRef.kind: ClusterIssuer", "Certificate/synqly-ticketing-alerts spec.issuerRef.name: internal",
			"Certificate/synqly-ticketing-alerts spec.secretName: mine", "Deployment/synqly-ticketing-operator spec.template.spec.volumes[].secret.secretName: mine",
		},
		absent: []string{"Issuer/"},
	},
	"who may connect": {
		values: `networkPolicy:
  enabled: true
  alertsFrom: [{podSelector: {matchLabels: {app: alertmanager}}}]
  metricsFrom: []`,
		want: []string{
			"NetworkPolicy/synqly-ticketing-operator spec.ingress[].from[].podSelector.matchLabels.app: alertmanager",
			"NetworkPolicy/synqly-ticketing-operator spec.ingress[].ports[].port: alerts",
		},
		absent: []string{"NetworkPolicy/synqly-ticketing-operator spec.ingress[].ports[].port: metrics"},
	},
	"several replicas": {
		values: `replicaCount: 3
podDisruptionBudget: {enabled: true, maxUnavailable: 50%}
topologySpreadConstraints:
- {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway}
- {maxSkew: 2, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {team: platform}}}`,
		want: []string{
			"Deployment/synqly-ticketing-operator spec.replicas: 3",
			"PodDisruptionBudget/synqly-ticketing-operator spec.maxUnavailable: 50%",
			"PodDisruptionBudget/synqly-ticketing-operator spec.selector.matchLabels.app.kubernetes.io/instance: synqly-ticketing-operator",
			"Deployment/synqly-ticketing-operator spec.template.spec.topologySpreadConstraints[].labelSelector.matchLabels.app.kubernetes.io/instance: synqly-ticketing-operator",
			"Deployment/synqly-ticketing-operator spec.template.spec.topologySpreadConstraints[].labelSelector.matchLabels.team: platform",
		},
	},
	"more memory": {
		values: "resources: {limits: {memory: 1Gi}}",
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].resources.limits.memory: 1Gi",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 768MiB",
		},
	},
	"memory in powers of ten": {
		values: "resources: {limits: {memory: 400M}}",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 300000000B"},
	},
	"no memory limit": {
		values: "resources: {limits: {memory: null}}",
		absent: []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env"},
	},
	"a memory limit with a fraction": {
		values: "resources: {limits: {memory: 1.5Gi}}",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 1152MiB"},
	},
	"a memory limit in bytes": {
		values: "resources: {limits: {memory: 536870912}}",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 384MiB"},
	},
	"a memory limit with an exponent": {
		values: "resources: {limits: {memory: 4e8}}",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 300000000B"},
	},
	"a memory limit of the heap in the environment": {
		values: "extraEnv: [{name: GOMEMLIMIT, value: 1GiB}]",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 1GiB"},
		absent: []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 168MiB"},
	},
	"a memory limit of the heap": {
		values: "goMemLimit: 100MiB",
		want:   []string{"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: 100MiB"},
	},
	"a certificate authority": {
		values: `extraVolumes: [{name: ca, configMap: {name: corporate-ca}}]
extraVolumeMounts: [{name: ca, mountPath: /etc/corporate-ca, readOnly: true}]
extraEnv: [{name: SSL_CERT_DIR, value: /etc/corporate-ca}]
extraArgs: [--zap-log-level=debug]`,
		want: []string{
			"Deployment/synqly-ticketing-operator spec.template.spec.volumes[].configMap.name: corporate-ca",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].volumeMounts[].mountPath: /etc/corporate-ca",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].name: SSL_CERT_DIR",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].name: GOMEMLIMIT",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].args[]: --zap-log-level=debug",
		},
	},
	"the rest of the Pods": {
		values: `deploymentAnnotations: {a: "1"}
podAnnotations: {b: "2"}
podLabels: {c: "3"}
podSecurityContext: {runAsUser: 1000}
securityContext: {runAsGroup: 2000}
priorityClassName: important
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: control-plane, operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Exists}]}]}}}`,
		want: []string{
			"Deployment/synqly-ticketing-operator metadata.annotations.a: 1",
			"Deployment/synqly-ticketing-operator spec.template.metadata.annotations.b: 2",
			"Deployment/synqly-ticketing-operator spec.template.metadata.labels.c: 3",
			"Deployment/synqly-ticketing-operator spec.template.spec.securityContext.runAsUser: 1000",
			"Deployment/synqly-ticketing-operator spec.template.spec.securityContext.runAsNonRoot: true",
			"Deployment/synqly-ticketing-operator spec.template.spec.containers[].securityContext.runAsGroup: 2000",
			"Deployment/synqly-ticketing-operator spec.template.spec.priorityClassName: important",
			"Deployment/synqly-ticketing-operator spec.template.spec.nodeSelector.kubernetes.io/os: linux",
			"Deployment/synqly-ticketing-operator spec.template.spec.tolerations[].key: control-plane",
			"Deployment/synqly-ticketing-operator spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[].matchExpressions[].key: disk",
		},
	},
	"as a part of another chart": {values: "global: {imageRegistry: registry.example.com}", want: []string{"Deployment/synqly-ticketing-operator spec.replicas: 1"}},
}

func TestValuesThatTheChartTakes(t *testing.T) {
	for name, test := range accepted {
		t.Run(name, func(t *testing.T) {
			lines := fieldLines(mustTemplate(t, test.values))
			for _, want := range test.want {
				if !slices.Contains(lines, want) {
					t.Errorf("there is no line %q", want)
				}
			}
			for _, absent := range test.absent {
				if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, absent) }); i >= 0 {
					t.Errorf("there is the line %q", lines[i])
				}
			}
		})
	}
}

// Kubernetes allows names that YAML takes for numbers, truth values and nothing.
func TestNamesThatLookLikeOtherValuesStayText(t *testing.T) {
	objects := mustTemplate(t, `serviceAccount: {name: "1e3"}
priorityClassName: "on"
goMemLimit: "200000000"
metrics: {certificateSecretName: "null"}
alerts: {tls: {secretName: "123"}}
integrations: [{name: "007", spec: {tokenSecretRef: {name: "1"}}}]
clusterIntegrations: [{name: "true", spec: {tokenSecretRef: {name: "1"}, namespaceSelector: {}}}]`)
	texts := []string{"name", "value", "secretName", "serviceAccountName", "priorityClassName"}
	var found []string
	var check func(place string, value any)
	check = func(place string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, member := range value {
				text, isText := member.(string)
				_, isMap := member.(map[string]any) // Such as a property of a CRD.
				if slices.Contains(texts, key) && !isText && !isMap {
					t.Errorf("%s.%s is %v, a %T", place, key, member, member)
				}
				found = append(found, key+": "+text)
				check(place+"."+key, member)
			}
		case []any:
			for _, item := range value {
				check(place, item)
			}
		}
	}
	for _, object := range objects {
		check(object.GetKind()+"/"+object.GetName(), object.Object)
	}
	for _, want := range []string{
		"serviceAccountName: 1e3", "priorityClassName: on", "value: 200000000", "secretName: null", "secretName: 123", "name: 007", "name: true", "name: 1e3",
	} {
		if !slices.Contains(found, want) {
			t.Errorf("nothing has %s", want)
		}
	}
}

func TestHelmFindsNothingToComplainAbout(t *testing.T) {
	for _, values := range kustomizations {
		if _, err := run(t, "helm", "lint", chartFolder, "--strict", "--values="+valuesFile(t, values)); err != nil {
			t.Error(err)
		}
	}
}

// fieldLines are the fields of the objects, in lines such as "Deployment/name spec.replicas: 1".
// The namespace stands before the name where it is not that of the release.
func fieldLines(objects []*unstructured.Unstructured) []string {
	var lines []string
	for _, object := range objects {
		name := object.GetName()
		if namespace := object.GetNamespace(); namespace != "" && namespace != releaseNamespace {
			name = namespace + "/" + name
		}
		lines = appendFields(lines, object.GetKind()+"/"+name+" ", object.Object)
	}
	return lines
}

func appendFields(lines []string, place string, value any) []string {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			separator := "."
			if strings.HasSuffix(place, " ") {
				separator = ""
			}
			lines = appendFields(lines, place+separator+key, field)
		}
	case []any:
		for _, element := range value {
			lines = appendFields(lines, place+"[]", element)
		}
	default:
		lines = append(lines, fmt.Sprintf("%s: %v", place, value))
	}
	return lines
}

func TestWrongValuesAreNamed(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"a value that does not exist":                       {"replicas: 2", "'replicas' not allowed"},
		"a value below another one that does not exist":     {"image: {tagg: v1}", "at '/image': additional properties 'tagg' not allowed"},
		"a string for a list":                               {"watchNamespaces: team-a", "at '/watchNamespaces': got string, want array"},
		"a namespace that cannot exist":                     {"watchNamespaces: [Team_A]", "at '/watchNamespaces/0': 'Team_A' does not match"},
		"a namespace twice":                                 {"watchNamespaces: [a, a]", "at '/watchNamespaces'"},
		"a string for a switch":                             {`crds: {enabled: "false"}`, "at '/crds/enabled': got string, want boolean"},
		"a number for a label":                              {"commonLabels: {team: 1}", "at '/commonLabels/team': got number, want string"},
		"a label that the chart sets":                       {"podLabels: {app.kubernetes.io/instance: mine}", "app.kubernetes.io/instance"},
		"a digest that is none":                             {"image: {digest: 'sha256:abc'}", "at '/image/digest'"},
		"a pull policy that does not exist":                 {"image: {pullPolicy: Sometimes}", "at '/image/pullPolicy'"},
		"a flag without dashes":                             {"extraArgs: [zap-log-level=debug]", "at '/extraArgs/0'"},
		"a network without its size":                        {"allowedAPICIDRs: [10.0.0.1]", "at '/allowedAPICIDRs/0'"},
		"a network that cannot exist":                       {"allowedAPICIDRs: [10.0.0.256/24]", `allowedAPICIDRs: "10.0.0.256/24" is not a network in CIDR notation`},
		"a label selector that is none":                     {"watchLabelSelector: shard is a", `watchLabelSelector: "shard is a" is not a label selector`},
		"a URL for a host":                                  {"allowedAPIHosts: ['https://example.com']", "at '/allowedAPIHosts/0'"},
		"an Integration without a spec":                     {"integrations: [{name: default}]", "at '/integrations/0': missing property 'spec'"},
		"a ClusterIntegration in a namespace":               {"clusterIntegrations: [{name: a, namespace: b, spec: {}}]", "'namespace' not allowed"},
		"a kind of issuer that does not exist":              {"alerts: {tls: {certManager: {issuerRef: {kind: CA, name: a}}}}", "at '/alerts/tls/certManager/issuerRef/kind'"},
		"a budget that is none":                             {"podDisruptionBudget: {maxUnavailable: half}", "at '/podDisruptionBudget/maxUnavailable'"},
		"a memory limit of the heap in Kubernetes' units":   {"goMemLimit: 100M", "at '/goMemLimit'"},
		"a topology spread constraint without its topology": {"topologySpreadConstraints: [{maxSkew: 1}]", "at '/topologySpreadConstraints/0': missing properties"},
		"several replicas without a leader":                 {"{replicaCount: 2, leaderElection: {enabled: false}}", "leaderElection.enabled must be true when replicaCount is greater than 1"},
		"a ServiceMonitor without metrics":                  {"metrics: {enabled: false, serviceMonitor: {enabled: true}}", "metrics.enabled must be true when metrics.serviceMonitor.enabled is true"},
		"a certificate without alerts":                      {"alerts: {enabled: false, tls: {certManager: {enabled: true}}}", "alerts.enabled must be true when alerts.tls.certManager.enabled is true"},
		"alerts of Prometheus without metrics":              {"metrics: {enabled: false, prometheusRule: {enabled: true}}", "metrics.enabled must be true when metrics.prometheusRule.enabled is true"},
		"an issuer without a name":                          {"alerts: {tls: {certManager: {issuerRef: {kind: ClusterIssuer}}}}", "at '/alerts/tls/certManager/issuerRef'"},
		"a number in the environment":                       {"extraEnv: [{name: A, value: 1}]", "at '/extraEnv/0/value': got number, want string"},
		"a memory limit that cannot be read":                {"resources: {limits: {memory: 1Xi}}", `goMemLimit must be set: resources.limits.memory is "1Xi"`},
		"a memory limit without its unit":                   {"resources: {limits: {memory: 224}}", `resources.limits.memory is "224", in which no operator can run`},
		"an Integration with a misspelled field":            {"integrations: [{name: a, spec: {pollintervall: 1m}}]", `integrations[0].spec has no field "pollintervall"; its fields are baseURL,`},
		"an Integration with a misspelled field below":      {"integrations: [{name: a, spec: {}}, {name: b, spec: {rateLimit: {requests: 1}}}]", `integrations[1].spec.rateLimit has no field "requests"`},
		"a ClusterIntegration with a misspelled field":      {"clusterIntegrations: [{name: a, spec: {namespaceSelector: {matchExpressions: [{key: a, operater: Exists}]}}}]", `clusterIntegrations[0].spec.namespaceSelector.matchExpressions[0] has no field "operater"`},
		"a ClusterIntegration that is not served":           {"{watchNamespaces: [team-a], clusterIntegrations: [{name: shared, spec: {tokenSecretRef: {name: token}}}]}", "clusterResourceNamespace must be set when there are clusterIntegrations and watchNamespaces"},
		"no service account":                                {"serviceAccount: {create: false}", "serviceAccount.name must be set when serviceAccount.create is false"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := template(t, test.values); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("helm template returns %v, want an error with %q", err, test.want)
			}
		})
	}
}

// schemaOfValues is the part of values.schema.json that says which values there are.
type schemaOfValues struct {
	AdditionalProperties any                       `json:"additionalProperties"`
	Properties           map[string]schemaOfValues `json:"properties"`
}

func TestTheSchemaAndTheDefaultsHaveTheSameValues(t *testing.T) {
	var schema schemaOfValues
	var values map[string]any
	for file, into := range map[string]any{"values.schema.json": &schema, "values.yaml": &values} {
		content, err := os.ReadFile(filepath.Join(chartFolder, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(content, into); err != nil {
			t.Fatal(err)
		}
	}
	delete(schema.Properties, "global") // Helm hands it down to the charts of a chart.
	schema.compare(t, "", values)
}

// compare walks through the values for whose parts the schema has names.
func (s schemaOfValues) compare(t *testing.T, place string, values map[string]any) {
	t.Helper()
	if s.AdditionalProperties != false {
		t.Errorf("the schema of %q allows any value", place)
	}
	for name, schema := range s.Properties {
		value, found := values[name]
		if !found {
			t.Errorf("values.yaml has no %s.%s", place, name)
		}
		if parts, isMap := value.(map[string]any); isMap && len(parts) > 0 && schema.Properties != nil {
			schema.compare(t, place+"."+name, parts)
		}
	}
	for name := range values {
		if _, found := s.Properties[name]; !found {
			t.Errorf("values.schema.json has no %s.%s", place, name)
		}
	}
}

func TestEveryValueIsDescribed(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(chartFolder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\S+) \| \w+ \| .* \| (.*) \|$`).FindAllStringSubmatch(string(content), -1)
	if len(rows) < 50 {
		t.Errorf("the README of the chart describes %d values", len(rows))
	}
	for _, row := range rows {
		if strings.TrimSpace(row[2]) == "" {
			t.Errorf("values.yaml does not say what %s is", row[1])
		}
	}
}
