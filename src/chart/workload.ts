import { SconeError } from '../core/errors.ts';
import type { DerivedService } from '../mesh/types.ts';
import { label } from './names.ts';

/**
 * The template of one service: a Deployment and, where the Meshfile names a port, a Service. All that comes from a
 * Meshfile is read from the values and quoted, so that no text of it can become YAML or a template (threat model 53);
 * only a DNS label and numbers are written into the template itself.
 */
export function renderWorkload({ service, descriptor }: DerivedService): string {
  const name = label(service);
  const { uid, gid } = descriptor.user;
  if (uid === 0) {
    throw new SconeError('E_IMAGE', `the image of ${service} runs as root, and no service does`, {
      expected: 'a user id other than 0',
      found: `${uid}:${gid}`,
      hint: 'change build.user in its service manifest, and apply that again',
    });
  }
  return `{{- $service := index .Values.services "${name}" -}}
{{- $name := printf "%s-${name}" .Release.Name -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "the name %s is longer than the 63 characters of Kubernetes: use a shorter release name" $name) -}}
{{- end -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name | quote }}
  labels:
    app.kubernetes.io/name: "${name}"
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
    helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: "${name}"
      app.kubernetes.io/instance: {{ .Release.Name | quote }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: "${name}"
        app.kubernetes.io/instance: {{ .Release.Name | quote }}
      annotations:
        # Other init data: other pods. Kubernetes would not restart them for a changed variable of a running pod.
        checksum/init-data: {{ $service.initData | b64dec | sha256sum | quote }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      restartPolicy: {{ $service.restartPolicy | default "Always" | quote }}
      {{- with $service.imagePullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . | quote }}
        {{- end }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: ${uid}
        runAsGroup: ${gid}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: "${name}"
          image: {{ $service.image | quote }}
          imagePullPolicy: IfNotPresent
          env:
            - name: SCONE_INITDATA
              value: {{ $service.initData | quote }}
            {{- with $service.simPlatform }}
            - name: SCONE_SIM_PLATFORM
              value: {{ . | quote }}
            {{- end }}
          {{- with $service.servicePort }}
          ports:
            - name: service
              containerPort: {{ . | int }}
              protocol: TCP
          {{- end }}
          {{- with $service.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
          volumeMounts:
            - name: scone
              mountPath: /run/scone
            - name: tmp
              mountPath: /tmp
      volumes:
        # Injected files and whatever the program writes stay in memory.
        - name: scone
          emptyDir:
            medium: Memory
        - name: tmp
          emptyDir:
            medium: Memory
{{- with $service.servicePort }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name | quote }}
  labels:
    app.kubernetes.io/name: "${name}"
    app.kubernetes.io/instance: {{ $.Release.Name | quote }}
    app.kubernetes.io/managed-by: {{ $.Release.Service | quote }}
    helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | quote }}
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: "${name}"
    app.kubernetes.io/instance: {{ $.Release.Name | quote }}
  ports:
    - name: service
      port: {{ . | int }}
      targetPort: service
      protocol: TCP
{{- end }}
`;
}
