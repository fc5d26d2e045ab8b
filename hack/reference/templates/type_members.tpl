{{- define "type_members" -}}
{{- $field := . -}}
{{- if eq $field.Name "metadata" -}}
The metadata of Kubernetes.
{{- else -}}
{{ trimSuffix "<br />" (markdownRenderFieldDoc $field.Doc) }}
{{- end -}}
{{- end -}}
