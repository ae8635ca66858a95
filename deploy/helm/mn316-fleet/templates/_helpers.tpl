{{- define "mn316-fleet.selector" -}}
app.kubernetes.io/name: mn316-fleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mn316-fleet.labels" -}}
{{ include "mn316-fleet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
