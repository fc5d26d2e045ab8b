{{/*
The API server drops fields that a kind does not have. Helm prints its warning, and goes on.
*/}}

{{/*
The schema of the spec, by the plural of the kind, of those kinds that the chart has objects of.
*/}}
{{- define "synqly-ticketing.schemasOfSpecs" -}}
{{- range $plural := list "integrations" "clusterintegrations" }}
{{- $crd := printf "files/crds/ticketing.synqly.com_%s.yaml" $plural | $.Files.Get | fromYaml }}
{{ dict $plural (index $crd.spec.versions 0).schema.openAPIV3Schema.properties.spec | toYaml }}
{{- end }}
{{- end }}

{{/*
Fails where the value has a field that its schema does not have; place says where the value is.
*/}}
{{- define "synqly-ticketing.refuseUnknownFields" -}}
{{- $fields := .schema.properties -}}
{{- if and $fields (kindIs "map" .value) -}}
{{- range $name, $value := .value -}}
{{- if not (hasKey $fields $name) -}}
{{- printf "%s has no field %q; its fields are %s" $.place $name (keys $fields | sortAlpha | join ", ") | fail -}}
{{- end -}}
{{- include "synqly-ticketing.refuseUnknownFields" (dict "place" (printf "%s.%s" $.place $name) "value" $value "schema" (get $fields $name)) -}}
{{- end -}}
{{- else if and .schema.items (kindIs "slice" .value) -}}
{{- range $index, $value := .value -}}
{{- include "synqly-ticketing.refuseUnknownFields" (dict "place" (printf "%s[%d]" $.place $index) "value" $value "schema" $.schema.items) -}}
{{- end -}}
{{- end -}}
{{- end }}
