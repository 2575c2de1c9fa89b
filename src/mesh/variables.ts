import { SconeError } from '../core/errors.ts';
import type { Meshfile, MeshService } from '../manifest/meshfile.ts';
import { binaryName } from './command.ts';
import type { Lookup, TemplateValue } from './template.ts';

/** What the mesh itself says about a service, for `{{…}}`. Dots in a name are written as `_`. */
export interface BuiltIn {
  readonly [name: string]: string;
}

export function builtIns(meshfile: Meshfile, service: MeshService, argv: readonly string[]): BuiltIn {
  const values: { [name: string]: string } = Object.create(null);
  for (const entry of meshfile.cas) {
    for (const role of new Set([entry.name, ...entry.roles])) values[`cas_${role}_cas_url`] = entry.url;
  }
  values['namespace'] = meshfile.policy.namespace;
  values['session'] = `${meshfile.policy.namespace}/${service.name}`;
  values['service_name'] = service.name;
  values['chartname'] = service.name;
  values['image_name'] = service.image;
  values['cas_service_name'] = binaryName(argv);
  return values;
}

/**
 * What `env` of a Meshfile says to one service: the service's own block before `helm` before `global`; of two entries
 * with one name in one block the later one.
 */
export function meshValues(meshfile: Meshfile, service: string): Map<string, TemplateValue> {
  const values = new Map<string, TemplateValue>();
  for (const scope of ['global', 'helm', service]) {
    for (const entry of meshfile.env) {
      if (entry.scope === scope) values.set(entry.name, { value: entry.value, at: entry.at });
    }
  }
  return values;
}

/** Looks variables up. A Meshfile that gives a built-in another value is refused: one of the two would be ignored. */
export function lookupIn(values: ReadonlyMap<string, TemplateValue>, builtIn: BuiltIn): Lookup {
  return (name) => {
    const own = builtIn[name];
    const given = values.get(name);
    if (own === undefined || given === undefined || given.value === own) {
      return given ?? (own === undefined ? undefined : { value: own });
    }
    throw new SconeError('E_VARIABLE', `env gives ${name} another value than the mesh itself`, {
      ...(given.at === undefined ? {} : { at: given.at }),
      expected: own,
      found: given.value,
      hint: 'remove it from env, or give the variable another name',
    });
  };
}
