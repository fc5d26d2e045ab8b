{{- define "type" -}}
{{- $type := . -}}
{{- if markdownShouldRenderType $type }}
## {{ $type.Name }}

{{ $type.Doc }}
{{ if $type.References }}
Part of:
{{- range $index, $reference := $type.SortedReferences }}{{ if $index }},{{ end }} {{ markdownRenderTypeLink $reference }}{{ end }}.
{{ end }}
{{- range $type.Validation }}{{ template "validation" . }}{{ end }}
{{- if $type.Members }}
| field | about | default | accepts |
|---|---|---|---|
{{ if $type.GVK -}}
| `apiVersion` _string_ | `{{ $type.GVK.Group }}/{{ $type.GVK.Version }}` | | |
| `kind` _string_ | `{{ $type.GVK.Kind }}` | | |
{{ end -}}
{{ range $type.Members -}}
| `{{ .Name }}` _{{ markdownRenderType .Type }}_ | {{ template "type_members" . }} | {{ markdownRenderDefault .Default }} | {{ range .Validation }}{{ template "rule" . }}{{ end }} |
{{ end -}}
{{ end -}}
{{- if $type.EnumValues }}
| value | about |
|---|---|
{{ range $type.EnumValues -}}
| `{{ .Name }}` | {{ trimSuffix "<br />" (markdownRenderFieldDoc .Doc) }} |
{{ end -}}
{{ end -}}
{{ end -}}
{{- end -}}

{{- define "validation" }}
Accepts: {{ template "rule" . }}
{{ end -}}

{{- define "rule" -}}
{{- if hasPrefix "Required:" . }}required <br />
{{- else if hasPrefix "Optional:" . }}
{{- else }}{{ markdownRenderFieldDoc . }} <br />{{ end -}}
{{- end -}}
