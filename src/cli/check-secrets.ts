import { SconeError } from '../core/errors.ts';
import type { EnvValue } from '../manifest/meshfile.ts';

const telling = /pass(?:word|wd|phrase)|secret|token|credential|api_?key|private_?key|access_?key/i;
/** Names that say so, and hold the name or the place of something. */
const harmless = new Set(['imagePullSecrets', 'session_secrets']);

/**
 * Warnings for values of a Meshfile that look like secrets. A Meshfile lies in a repository and its values end up in
 * sessions that others may read; secrets belong into `secrets` of a service manifest.
 *
 * @param names of secrets of the mesh: a variable may well hold one of these
 */
export function looksSecret(env: readonly EnvValue[], names: ReadonlySet<string>): SconeError[] {
  return env.flatMap((entry) => {
    const why = reason(entry, names);
    if (why === undefined) return [];
    return [
      new SconeError('E_MANIFEST', `the value of ${entry.name} looks like a secret: ${why}`, {
        at: entry.at,
        hint: 'define it in secrets.global of the service manifest, and refer to it as $$SCONE::name$$',
      }),
    ];
  });
}

function reason({ name, value }: EnvValue, names: ReadonlySet<string>): string | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) return 'it holds a private key';
  if (harmless.has(name) || names.has(value) || /\{\{|\$\$SCONE::/.test(value)) return undefined;
  if (
    telling.test(name) &&
    value.length >= 4 &&
    !/^(?:true|false|none|null|[0-9]{1,5}|\/.*|.*:\/\/.*)$/is.test(value)
  ) {
    return 'its name says so';
  }
  const word = /^[A-Za-z0-9+/=_-]{20,}$/.test(value) && /[0-9]/.test(value) && /[A-Za-z]/.test(value);
  return word && entropy(value) >= 4 ? 'it is as random as a key' : undefined;
}

/** Shannon entropy of the characters, in bits per character; words and names have less than 4. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
