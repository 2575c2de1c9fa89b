import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type Part, parseArgument, parsePlaceholders, parseVariable } from '../session/placeholders.ts';
import type { Session } from '../session/types.ts';

/**
 * How large a session may be (threat model 59). A request is small, and may yet ask for gigabytes: of secrets to
 * generate, of errors about its mistakes, or of an answer in which one secret stands a thousand times.
 */
export const sessionLimits = {
  /** Entries of all maps and lists together. */
  entries: 10_000,
  /** Placeholders in all texts together. */
  placeholders: 1000,
  secrets: 256,
  /** Characters and bytes of all secrets together, as they are before encoding. */
  secretBytes: 1 << 20,
  /** Bytes of what one service is given, at most and by estimate. */
  configurationBytes: 4 << 20,
} as const;

const placeholder = '$$SCONE::';

/** Refuses a session that is too large to be read. Looks at nothing but how much there is; throws `E_SESSION`. */
export function demandReadable(document: object): void {
  let entries = 0;
  let placeholders = 0;
  const open: unknown[] = [document];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') placeholders += value.split(placeholder).length - 1;
    if (typeof value !== 'object' || value === null) continue;
    const members = Object.values(value);
    entries += members.length;
    demand('entries of maps and lists', sessionLimits.entries, entries);
    for (const member of members) open.push(member);
  }
  demand('placeholders', sessionLimits.placeholders, placeholders);
  const secrets = (document as { secrets?: unknown }).secrets;
  if (Array.isArray(secrets)) demand('secrets', sessionLimits.secrets, secrets.length);
}

/**
 * Refuses a session whose secrets would fill the ledger, or with which the answer to a service would fill the memory.
 *
 * @param values explicit values by secret
 */
export function demandModest(session: Session, values: { readonly [secret: string]: string }): void {
  const sizes = new Map(session.secrets.map(({ name, size }) => [name, sizeOf(Number(size), values, name)]));
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  demand('characters and bytes of secrets', sessionLimits.secretBytes, all);
  const bytesOf = (parts: readonly Part[]): number => parts.reduce((sum, part) => sum + estimate(part, sizes), 0);
  for (const { name, command, environment, image_name } of session.services) {
    const files = session.images.find((image) => image.name === image_name)?.injection_files ?? [];
    const parts = [
      ...command.flatMap((argument) => parseArgument(argument)),
      ...Object.entries(environment).flatMap(([variable, value]) => parseVariable(variable, value).parts),
      ...files.flatMap(({ content }) => parsePlaceholders(content ?? '')),
    ];
    demand(`bytes of what ${name} is given`, sessionLimits.configurationBytes, bytesOf(parts));
  }
}

function sizeOf(size: number, values: { readonly [secret: string]: string }, name: string): number {
  return Object.hasOwn(values, name) ? utf8(values[name] ?? '').length : size;
}

/** The longest encodings: two digits of hex for a byte, six characters of JSON for one. */
function estimate(part: Part, sizes: ReadonlyMap<string, number>): number {
  if ('text' in part) return utf8(part.text).length;
  if (!('secret' in part)) return 0;
  // An old ending (`.hex`) belongs to the name here; the longest secret is never too little.
  const size = sizes.get(part.secret) ?? Math.max(0, ...sizes.values());
  return size * (part.escape === undefined ? 2 : 6);
}

function demand(what: string, most: number, found: number): void {
  if (found <= most) return;
  throw new SconeError('E_SESSION', `the session is too large: ${what}`, {
    expected: `at most ${most}`,
    found: String(found),
    hint: 'divide it into several sessions, or make its secrets smaller',
  });
}
