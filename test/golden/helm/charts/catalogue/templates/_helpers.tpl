{{- define "catalogue.primary.fullname" -}}
{{- if eq .Values.architecture "replication" }}
  {{- printf "%s-%s" (include "shared.names.fullname" .) "primary" | trunc 63 | trimSuffix "-" -}}
{{- else -}}
  {{- include "shared.names.fullname" . -}}
{{- end -}}
{{- end -}}

{{- define "catalogue.secretName" -}}
{{- if .Values.auth.existingSecret -}}
  {{- printf "%s" (tpl .Values.auth.existingSecret $) -}}
{{- else -}}
  {{- include "shared.names.fullname" . -}}
{{- end -}}
{{- end -}}

{{- define "catalogue.validateValues" -}}
{{- $messages := list -}}
{{- $messages = append $messages (include "catalogue.validateValues.architecture" .) -}}
{{- $messages = without $messages "" -}}
{{- $message := join "\n" $messages -}}
{{- if $message -}}
{{- printf "\nVALUES VALIDATION:\n%s" $message | fail -}}
{{- end -}}
{{- end -}}

{{- define "catalogue.validateValues.architecture" -}}
{{- if and (ne .Values.architecture "standalone") (ne .Values.architecture "replication") -}}
catalogue: architecture
    Allowed are "standalone" and "replication"
{{- end -}}
{{- end -}}
