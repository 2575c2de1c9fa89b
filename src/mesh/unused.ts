import { SconeError } from '../core/errors.ts';
import type { Meshfile } from '../manifest/meshfile.ts';
import { waits } from '../manifest/waiting.ts';
import type { Member } from './sharing.ts';

/** Values that the chart takes, and no manifest has to declare. */
const chartNames: readonly string[] = ['imagePullSecrets', 'APP_SERVICE_PORT', 'restartPolicy'];

/**
 * Warnings for values of a Meshfile that no service of the mesh uses: a name with a typing error, or a variable of
 * another chart (`sgxEpcMem`). They are dropped, and never silently.
 *
 * @param members with the names that their templates asked for
 */
export function unusedValues(
  meshfile: Meshfile,
  members: readonly { member: Member; asked: ReadonlySet<string> }[],
): SconeError[] {
  const told = new Set<string>();
  return meshfile.env.flatMap(({ scope, name, value, at }) => {
    // What waits is refused already, whether a service declares it or not.
    if (chartNames.includes(name) || waits(name, value) || told.has(`${scope} ${name}`)) return [];
    told.add(`${scope} ${name}`);
    const used = members.some(
      ({ member: { service, descriptor }, asked }) =>
        ['global', 'helm', service.name].includes(scope) &&
        (asked.has(name) || descriptor.environment.global.some((global) => global.name === name)),
    );
    if (used) return [];
    const who = scope === 'global' || scope === 'helm' ? 'no service of the mesh uses' : `${scope} does not use`;
    return [
      new SconeError('E_VARIABLE', `${who} ${name}, so that its value has no effect`, {
        at,
        hint: `remove it, or declare it in the service manifest: "- name: ${name}" in environment.global`,
      }),
    ];
  });
}
