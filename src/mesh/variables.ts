import { SconeError } from '../core/errors.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { Meshfile, MeshService } from '../manifest/meshfile.ts';
import { binaryName } from './command.ts';
import { type Lookup, renderTemplate, type TemplateValue } from './template.ts';

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

/** What the mesh also says, with names so common that a Meshfile may use them for something else. */
export function fallbacks(descriptor: ServiceDescriptor): BuiltIn {
  const values: { [name: string]: string } = Object.create(null);
  values['imagePullSecrets'] = '';
  values['mode'] = descriptor.flavour === 'sim' ? 'sim' : 'production';
  // The chart's command is the program; its arguments come from the CAS.
  values['command'] = descriptor.argv[0] ?? '';
  return values;
}

/**
 * Looks up what `{{…}}` stands for in one service: `env` of the Meshfile and what the mesh itself says, then the defaults
 * of the service's own global variables. A default is a template too, and may use anything but other defaults.
 */
export function lookupFor(meshfile: Meshfile, service: MeshService, descriptor: ServiceDescriptor): Lookup {
  const values = meshValues(meshfile, service.name);
  const mesh = lookupIn(values, builtIns(meshfile, service, descriptor.argv));
  const others = fallbacks(descriptor);
  const known: Lookup = (name) => mesh(name) ?? (others[name] === undefined ? undefined : { value: others[name] });
  const defaults = new Map(descriptor.environment.global.map(({ name, value }) => [name, value]));
  return (name) => {
    const found = mesh(name);
    const fallback = defaults.get(name);
    if (found !== undefined || fallback === undefined) return known(name);
    return { value: renderTemplate(fallback, known, `the default of ${name} of ${service.name}`, service.at) };
  };
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
function lookupIn(values: ReadonlyMap<string, TemplateValue>, builtIn: BuiltIn): Lookup {
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
