import type { DerivedMesh } from '../mesh/types.ts';
import { label } from './names.ts';
import { renderSchema, renderValues } from './values.ts';
import { renderWorkload } from './workload.ts';

/**
 * The Helm chart of a mesh: texts by path below the chart's folder. One chart for all services, a Deployment for each.
 * The same mesh gives the same bytes.
 */
export function renderChart(mesh: DerivedMesh): Map<string, string> {
  const files = new Map<string, string>();
  files.set('Chart.yaml', renderChartFile(mesh));
  files.set('values.yaml', renderValues(mesh));
  files.set('values.schema.json', renderSchema(mesh));
  for (const service of mesh.services) {
    files.set(`templates/${label(service.service)}.yaml`, renderWorkload(service));
  }
  files.set('templates/NOTES.txt', renderNotes(mesh));
  return files;
}

function isSimulated(mesh: DerivedMesh): boolean {
  return mesh.services.some(({ descriptor }) => descriptor.flavour === 'sim');
}

/** The chart keeps one version: what changes between two meshes are its values, and pods follow the checksums. */
function renderChartFile(mesh: DerivedMesh): string {
  const text = (value: string) => JSON.stringify(value);
  const kind = isSimulated(mesh) ? 'NOT CONFIDENTIAL (simulation)' : 'confidential';
  return `apiVersion: v2
name: ${text(label(mesh.namespace))}
description: ${text(`The services of ${mesh.namespace}; ${kind}`)}
type: application
version: "0.1.0"
annotations:
  sconectl.org/namespace: ${text(mesh.namespace)}
  sconectl.org/confidential: ${text(kind)}
`;
}

function renderNotes(mesh: DerivedMesh): string {
  const warning = isSimulated(mesh)
    ? `NOT CONFIDENTIAL: this release runs in software simulation. Whoever controls a node can read all that its
programs know. Use it to try things, never for secrets.

`
    : '';
  return `${warning}The services of {{ .Release.Name }} start once the CAS has attested them. To see what they print:

  kubectl logs --namespace {{ .Release.Namespace }} --selector app.kubernetes.io/instance={{ .Release.Name }} --prefix --follow

A service that is refused ends with exit code 101 and says what differed, what was expected and what to change:

  kubectl logs --namespace {{ .Release.Namespace }} --selector app.kubernetes.io/instance={{ .Release.Name }} --prefix --previous
`;
}
