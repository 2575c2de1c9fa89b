import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { renderChart } from '../../src/chart/chart.ts';
import type { DerivedMesh } from '../../src/mesh/types.ts';

/** A Kubernetes object as the tests look at it. */
export interface KubernetesObject {
  kind: string;
  metadata: { name: string; labels: { [name: string]: string } };
  spec: { [name: string]: unknown };
}

/** Writes the chart of a mesh into a folder, and answers with the chart's folder. */
export function writeChart(mesh: DerivedMesh, folder: string): string {
  const chart = join(folder, 'helm');
  for (const [path, text] of renderChart(mesh)) {
    mkdirSync(dirname(join(chart, path)), { recursive: true });
    writeFileSync(join(chart, path), text);
  }
  return chart;
}

/** Runs helm with nothing of the machine's own configuration. Throws with what it printed. */
export function helm(program: string, folder: string, ...args: string[]): string {
  const env = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder, HOME: folder };
  return execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The objects that `helm template` prints. */
export function objects(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(`${document.errors[0]?.message}\n${text}`);
    return document.toJS() as KubernetesObject;
  });
}
