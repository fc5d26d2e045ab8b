{{/*
How all names begin.
*/}}
{{- define "synqly-ticketing.prefix" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "synqly-ticketing" .Release.Name -}}
{{- .Release.Name | trimSuffix "-operator" | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-synqly-ticketing" (.Release.Name | trunc 33 | trimSuffix "-") -}}
{{- end -}}
{{- end }}

{{/*
The name of the Deployment, and of what else there is one of.
*/}}
{{- define "synqly-ticketing.operatorName" -}}
{{- include "synqly-ticketing.prefix" . }}-operator
{{- end }}

{{- define "synqly-ticketing.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "synqly-ticketing.operatorName" . -}}
{{- else -}}
{{- fail "serviceAccount.name must be set when serviceAccount.create is false" -}}
{{- end -}}
{{- end }}

{{- define "synqly-ticketing.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: manager
{{- end }}

{{- define "synqly-ticketing.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "synqly-ticketing.image" -}}
{{- if .Values.image.digest -}}
{{- .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{- .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/*
The Secret with the certificate for alerts; empty where they are not encrypted.
*/}}
{{- define "synqly-ticketing.alertsSecretName" -}}
{{- if .Values.alerts.enabled -}}
{{- if .Values.alerts.tls.secretName -}}
{{- .Values.alerts.tls.secretName -}}
{{- else if .Values.alerts.tls.certManager.enabled -}}
{{- include "synqly-ticketing.prefix" . }}-alerts-tls
{{- end -}}
{{- end -}}
{{- end }}

{{/*
75 % of the memory limit, as the Go runtime writes it; empty where there is no limit.
*/}}
{{- define "synqly-ticketing.goMemLimit" -}}
{{- $limit := dig "limits" "memory" "" (.Values.resources | default dict) -}}
{{- $text := kindIs "string" $limit | ternary $limit (kindIs "float64" $limit | ternary (printf "%.0f" $limit) (toString $limit)) -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?([eE][0-9]+)?" $text -}}
{{- $factors := dict "" 1 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 0x1p10 "Mi" 0x1p20 "Gi" 0x1p30 "Ti" 0x1p40 "Pi" 0x1p50 "Ei" 0x1p60 -}}
{{- $factor := get $factors (trimPrefix $number $text) -}}
{{- if .Values.goMemLimit -}}
{{- .Values.goMemLimit -}}
{{- else if not $text -}}
{{- else if and $number $factor -}}
{{- $bytes := mulf $number $factor 0.75 | int64 -}}
{{- if lt $bytes 0x100000 -}}
{{- printf "resources.limits.memory is %q, in which no operator can run: is the unit missing, such as Mi?" $text | fail -}}
{{- end -}}
{{- eq (mod $bytes 0x100000) 0 | ternary (printf "%dMiB" (div $bytes 0x100000)) (printf "%dB" $bytes) -}}
{{- else -}}
{{- printf "goMemLimit must be set: resources.limits.memory is %q, which the chart cannot read" $text | fail -}}
{{- end -}}
{{- end }}

{{/*
The subjects of the bindings: the ServiceAccount of the operator.
*/}}
{{- define "synqly-ticketing.subjects" -}}
- kind: ServiceAccount
  name: {{ include "synqly-ticketing.serviceAccountName" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}
