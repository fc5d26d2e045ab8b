{{/*
Values of flags that the manager refuses to start with are refused before anything is installed.
*/}}

{{/*
The value of --allowed-api-cidrs.
*/}}
{{- define "synqly-ticketing.allowedAPICIDRs" -}}
{{- range .Values.allowedAPICIDRs -}}
{{- if not (include "synqly-ticketing.isCIDR" .) -}}
{{- printf "allowedAPICIDRs: %q is not a network in CIDR notation, such as 10.20.0.0/16 or fd00:20::/32" . | fail -}}
{{- end -}}
{{- end -}}
{{- join "," .Values.allowedAPICIDRs -}}
{{- end }}

{{/*
Not empty where the text is a network in CIDR notation.
*/}}
{{- define "synqly-ticketing.isCIDR" -}}
{{- $octet := "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])" -}}
{{- $ipv4 := printf "(%s[.]){3}%s" $octet $octet -}}
{{- $group := "[0-9A-Fa-f]{1,4}" -}}
{{- $groups := printf "(%s(:%s)*)?" $group $group -}}
{{- if regexMatch (printf "^%s/(3[0-2]|[12]?[0-9])$" $ipv4) . -}}
true
{{- else if regexMatch "^.*:.*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$" . -}}
{{- /* The last two groups of an IPv6 address may be written as an IPv4 address. */ -}}
{{- $address := regexReplaceAll (printf ":%s$" $ipv4) (regexReplaceAll "/[0-9]+$" . "") ":0:0" -}}
{{- $count := regexFindAll $group $address -1 | len -}}
{{- if regexMatch (printf "^%s::%s$" $groups $groups) $address | ternary (le $count 7) (and (eq $count 8) (regexMatch (printf "^%s$" $groups) $address)) -}}
true
{{- end -}}
{{- end -}}
{{- end }}

{{/*
The value of --watch-label-selector.
*/}}
{{- define "synqly-ticketing.watchLabelSelector" -}}
{{- $domain := "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*" -}}
{{- $name := "[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?" -}}
{{- $key := printf "(%s/)?%s" $domain $name -}}
{{- $value := printf "(%s)?" $name -}}
{{- $oneOf := printf `%s\s+(in|notin)\s*[(]\s*%s\s*(,\s*%s\s*)*[)]` $key $value $value -}}
{{- $equal := printf `%s\s*(=|==|!=)\s*%s` $key $value -}}
{{- $compared := printf `%s\s*[<>]\s*[0-9]+` $key -}}
{{- $exists := printf `!?\s*%s` $key -}}
{{- $requirement := printf `\s*(%s|%s|%s|%s)\s*` $oneOf $equal $compared $exists -}}
{{- if not (regexMatch (printf `^(%s(,%s)*)?$` $requirement $requirement) .Values.watchLabelSelector) -}}
{{- printf "watchLabelSelector: %q is not a label selector, such as ticketing.synqly.com/shard=a" .Values.watchLabelSelector | fail -}}
{{- end -}}
{{- .Values.watchLabelSelector -}}
{{- end }}
