{{- define "gvList" -}}
{{- $groupVersions := . -}}

<!-- Generated from api/v1alpha1 by make generate. -->

# Reference of the resources

Every field of every kind, with its default and with what the API server accepts. What the fields do, with examples, is on the page
of each kind: see [the README](../../README.md#documentation). The conditions that each kind can have are in [States](states.md).

{{ range $groupVersions -}}
{{ template "gvDetails" . }}
{{- end }}
{{- end -}}
