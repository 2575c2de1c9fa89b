import { SconeError } from '../core/errors.ts';
import type { Context } from './context.ts';

/** What `$NAME` in a manifest stands for: `--set NAME=VALUE` first, then the environment. Throws `E_USAGE`. */
export function variablesOf(context: Context, set: unknown): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(context.environment)) if (value !== undefined) variables.set(name, value);
  for (const text of Array.isArray(set) ? (set as string[]) : []) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text);
    if (match === null) {
      throw new SconeError('E_USAGE', '--set takes a name and a value', {
        expected: 'NAME=VALUE, the name of letters, digits and _',
        // What stands behind the first = may be anything, also something nobody should see.
        found: text.split('=', 1)[0] ?? '',
      });
    }
    variables.set(match[1] ?? '', match[2] ?? '');
  }
  return variables;
}
