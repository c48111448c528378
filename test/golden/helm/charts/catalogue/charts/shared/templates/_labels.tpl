{{/* {{ include "shared.labels.standard" (dict "customLabels" .Values.commonLabels "context" $) }} */}}
{{- define "shared.labels.standard" -}}
{{- if and (hasKey . "customLabels") (hasKey . "context") -}}
{{- $default := dict "app.kubernetes.io/name" (include "shared.names.name" .context) "helm.sh/chart" (printf "%s-%s" .context.Chart.Name .context.Chart.Version) "app.kubernetes.io/instance" .context.Release.Name "app.kubernetes.io/managed-by" .context.Release.Service -}}
{{- with .context.Chart.AppVersion -}}
{{- $_ := set $default "app.kubernetes.io/version" . -}}
{{- end -}}
{{ template "shared.tplvalues.merge" (dict "values" (list .customLabels $default) "context" .context) }}
{{- else -}}
app.kubernetes.io/name: {{ include "shared.names.name" . }}
{{- end -}}
{{- end -}}

{{- define "shared.labels.matchLabels" -}}
{{ merge (pick (include "shared.tplvalues.render" (dict "value" .customLabels "context" .context) | fromYaml) "app.kubernetes.io/name" "app.kubernetes.io/instance") (dict "app.kubernetes.io/name" (include "shared.names.name" .context) "app.kubernetes.io/instance" .context.Release.Name) | toYaml }}
{{- end -}}
