import type { Position } from '../core/errors.ts';
import { SconeError } from '../core/errors.ts';
import { loadManifest } from '../manifest/load.ts';
import { type Mention, mentionsIn } from '../manifest/mentions.ts';
import type { Meshfile } from '../manifest/meshfile.ts';
import { previewDescriptor } from '../manifest/preview.ts';
import type { ServiceManifest } from '../manifest/service.ts';
import { readYaml } from '../manifest/yaml.ts';
import { builtIns, fallbacks, meshValues } from '../mesh/variables.ts';
import { readInputs } from './check-inputs.ts';
import type { Run } from './context.ts';
import { type Variable, variablesOf } from './variables.ts';

/** One variable that a file mentions. */
interface Row {
  /** When it gets its value: `read` for `$NAME`, `mesh` for `{{name}}`, `run` for `$$SCONE::name$$`. */
  binding: 'read' | 'mesh' | 'run';
  name: string;
  /** Absent where it has none, or where nobody may see it. */
  value?: string;
  /** Who gives the value, or who could. */
  origin: string;
  at: Position;
}

/** `sconectl vars`: what the files need, when each is bound, and who gives it. */
export const run: Run = async (context, { options }) => {
  const variables = await variablesOf(context, options);
  const inputs = await readInputs(context, options['filename'] as string[]);
  const values = new Map(Array.from(variables, ([name, { value }]) => [name, value]));
  const mentions: Mention[] = [];
  const meshes: Meshfile[] = [];
  const services: ServiceManifest[] = [];
  for (const { file, text, found } of inputs) {
    let source: ReturnType<typeof readYaml>;
    try {
      source = readYaml(text, file, 'E_SESSION');
    } catch (error) {
      if (found && error instanceof SconeError) continue;
      throw error;
    }
    for (const mention of mentionsIn(source)) mentions.push(mention);
    try {
      const loaded = loadManifest(text, file, { variables: values });
      if (loaded.kind === 'mesh') meshes.push(loaded.manifest);
      else services.push(loaded.manifest);
    } catch (error) {
      // What is wrong with a file is for `check`; its variables can be listed all the same.
      if (!(error instanceof SconeError)) throw error;
    }
  }
  const rows = mentions.flatMap((mention) => rowsOf(mention, variables, meshes, services));
  const unique = [
    ...new Map(rows.map((row) => [JSON.stringify([row.binding, row.name, row.value, row.origin]), row])).values(),
  ];
  return { result: { variables: unique }, text: tableOf(unique) };
};

function rowsOf(
  { binding, name, fallback, at }: Mention,
  variables: ReadonlyMap<string, Variable>,
  meshes: readonly Meshfile[],
  services: readonly ServiceManifest[],
): Row[] {
  if (binding === 'read') {
    const variable = variables.get(name);
    if (variable === undefined) return [{ binding, name, origin: 'nobody: --set, --values, environment or .env', at }];
    return [{ binding, name, value: variable.value, origin: variable.origin, at }];
  }
  const manifest = services.find(({ file }) => file === at.file);
  if (binding === 'run') {
    const stem = name.replace(/\.(?:crt|key|chain|hex)$/, '');
    const secret = manifest?.secrets.global.find((one) => one.name === name || one.name === stem);
    const imported = manifest?.secrets.import.some((one) => one === name || one === stem) === true;
    const made = secret?.value === undefined ? 'made by the CAS' : 'explicit value';
    const origin =
      secret === undefined ? (imported ? 'another service of the mesh' : 'the CAS') : `${secret.kind}, ${made}`;
    return [{ binding, name, origin, at }];
  }
  const users = meshes.flatMap((mesh) =>
    mesh.services.filter(({ image }) => image === manifest?.build.to).map((service) => ({ mesh, service })),
  );
  const rows = users.flatMap(({ mesh, service }): Row[] => {
    const descriptor = manifest === undefined ? undefined : previewDescriptor(manifest);
    const own = descriptor === undefined ? undefined : builtIns(mesh, service, descriptor.argv)[name];
    const given = meshValues(mesh, service.name).get(name);
    const declared = descriptor?.environment.global.find((global) => global.name === name)?.value;
    const otherwise = declared ?? (descriptor === undefined ? undefined : fallbacks(descriptor)[name]);
    if (own !== undefined) return [{ binding, name, value: own, origin: `the mesh, for ${service.name}`, at }];
    if (given !== undefined) return [{ binding, name, value: given.value, origin: placeText(given.at), at }];
    if (otherwise === undefined || fallback !== undefined) return [];
    const origin = declared === undefined ? `the mesh, for ${service.name}` : 'default';
    return [{ binding, name, value: otherwise, origin, at }];
  });
  if (rows.length > 0) return rows;
  if (fallback !== undefined) return [{ binding, name, value: fallback, origin: 'default', at }];
  return [{ binding, name, origin: 'nobody: env of a Meshfile, or a default', at }];
}

function placeText(at: Position | undefined): string {
  return at === undefined ? 'the mesh' : `${at.file}:${at.line}`;
}

function tableOf(rows: readonly Row[]): string {
  const cells = [
    ['BINDING', 'NAME', 'VALUE', 'ORIGIN', 'USED AT'],
    ...rows.map(({ binding, name, value, origin, at }) => [
      binding,
      name,
      value === undefined ? '-' : JSON.stringify(value),
      origin,
      `${at.file}:${at.line}:${at.column}`,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => cells.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
