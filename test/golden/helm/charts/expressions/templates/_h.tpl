{{- define "name" -}}{{ .Chart.Name }}-{{ .Release.Name }}{{- end -}}
{{- define "rec" -}}{{ if gt (int .) 0 }}{{ . }},{{ include "rec" (sub . 1) }}{{ end }}{{- end -}}
{{- define "labels" }}
app: {{ include "name" . }}
ver: {{ .Chart.AppVersion | quote }}
{{- end }}
