{{- define "web.serviceAccountName" -}}
{{- default (include "common.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "web.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
