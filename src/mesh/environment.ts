import { type Position, SconeError } from '../core/errors.ts';
import { didYouMean, suggest } from '../language/suggest.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import { waitingHint, waits } from '../manifest/waiting.ts';
import { checkValue, type Lookup, renderTemplate, type TemplateValue } from './template.ts';

/**
 * The environment of a service in its session: the image's own `Env`, then the manifest's local variables, then its
 * global ones with the values of the Meshfile. Nothing else of the Meshfile reaches the program.
 *
 * @param problems takes every problem, so that all come to light in one run
 */
export function deriveEnvironment(
  service: { name: string; at: Position },
  descriptor: ServiceDescriptor,
  values: ReadonlyMap<string, TemplateValue>,
  lookup: Lookup,
  problems: SconeError[],
): { [name: string]: string } {
  const environment: { [name: string]: string } = Object.create(null);
  const set = (name: string, value: () => string) => {
    try {
      environment[name] = value();
    } catch (error) {
      if (!(error instanceof SconeError)) throw error;
      problems.push(error);
    }
  };
  const where = (name: string) => `the variable ${name} of ${service.name}`;

  for (const [name, value] of Object.entries(descriptor.env)) {
    set(name, () => {
      checkValue(value, false, name, `${where(name)}, which the image sets,`, service.at);
      return value;
    });
  }
  // What the Meshfile itself gives was refused with it.
  const own = (name: string, value: string) => {
    if (!waits(name, value)) return value;
    throw new SconeError('E_NOT_YET', `waiting for another service (${name}) is known, and not supported yet`, {
      at: service.at,
      hint: waitingHint,
    });
  };
  for (const { name, value } of descriptor.environment.local) {
    set(name, () => own(name, renderTemplate(value, lookup, where(name), service.at)));
  }
  for (const { name, value: fallback } of descriptor.environment.global) {
    set(name, () => {
      const given = values.get(name);
      if (given !== undefined) {
        checkValue(given.value, false, name, where(name), given.at ?? service.at);
        return given.value;
      }
      if (fallback === undefined) throw missingGlobal(name, service, [...values.keys()]);
      return own(name, renderTemplate(fallback, lookup, where(name), service.at));
    });
  }
  return environment;
}

function missingGlobal(name: string, service: { name: string; at: Position }, given: readonly string[]): SconeError {
  const near = suggest(name, given) === undefined ? '' : ` (it sets something alike: ${didYouMean(name, given)})`;
  return new SconeError('E_VARIABLE', `${service.name} needs a value for its global variable ${name}`, {
    at: service.at,
    hint: `add "- name: ${name}" with a value to env of the Meshfile${near}, or give it a default in environment.global of the service manifest`,
  });
}
