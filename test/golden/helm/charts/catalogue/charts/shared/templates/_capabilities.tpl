{{- define "shared.capabilities.kubeVersion" -}}
{{- default (default .Capabilities.KubeVersion.Version .Values.kubeVersion) ((.Values.global).kubeVersion) -}}
{{- end -}}

{{- define "shared.capabilities.hpa.apiVersion" -}}
{{- if semverCompare "<1.23-0" (include "shared.capabilities.kubeVersion" .) -}}
autoscaling/v2beta2
{{- else -}}
autoscaling/v2
{{- end -}}
{{- end -}}
