import type { CompleteSecret } from './complete.ts';
import { parsePlaceholders } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { pemPattern } from './secret-schema.ts';
import { resolveReference } from './secret-text.ts';

/** Which secret a secret names, and of which kind that has to be. */
const links: readonly [field: 'private_key' | 'issuer' | 'signer', kind: string][] = [
  ['private_key', 'private-key'],
  ['issuer', 'x509-ca'],
  ['signer', 'private-key'],
];

/** Secrets name each other: keys of certificates, issuers, tokens. Each must be there, of the right kind, without a circle. */
export function checkSecretLinks(secrets: readonly CompleteSecret[], problems: Problems): void {
  const byName = new Map(secrets.map((secret) => [secret.name, secret]));
  const circles = inCircles(byName);
  const tokens = secrets.filter(({ kind }) => kind === 'aad-token').length;
  secrets.forEach((secret, index) => {
    const path = ['secrets', index];
    for (const [field, kind] of links) {
      const name = secret[field];
      // An aad-token may hold the key itself.
      if (name === undefined || pemPattern.test(name)) continue;
      const named = byName.get(name);
      if (named === undefined) {
        // An aad-token's may be the key without its BEGIN line, and no error repeats a key (item 56).
        const which = secret.kind === 'aad-token' ? 'a secret' : `the secret ${name},`;
        problems.error([...path, field], `names ${which} which the session lacks`, {
          hint: `define it, with kind: ${kind}, or import it`,
        });
      } else if (named.kind !== undefined && named.kind !== kind) {
        problems.error([...path, field], `names a secret of kind ${named.kind}`, { expected: `one of kind ${kind}` });
      } else if (field === 'signer' && (named.key_type ?? 'P-384') !== 'P-384') {
        problems.error([...path, field], `names a key of type ${named.key_type}`, { expected: 'P-384, for ES384' });
      }
    }
    if (circles.has(secret.name)) {
      problems.error([...path, 'issuer'], 'leads back to the certificate itself', {
        hint: 'let the topmost certificate have no issuer: it signs itself',
      });
    }
    const { token, decryption_key } = secret.import_akv ?? {};
    checkReference(token, [...path, 'import_akv', 'token'], secrets, ['aad-token'], problems);
    checkReference(decryption_key, [...path, 'import_akv', 'decryption_key'], secrets, ['binary'], problems);
    if (secret.import_akv !== undefined && token === undefined && tokens !== 1) {
      problems.error([...path, 'import_akv'], 'lacks "token"', {
        hint: 'it may only be left out where the session has exactly one aad-token',
      });
    }
    for (const [claim, value] of Object.entries(secret.payload ?? {})) {
      if (!value.includes('$$SCONE::') || value === '$$SCONE::self::software_identity$$') continue;
      const at = [...path, 'payload', claim];
      if (/^\$\$SCONE::(?:(?!\$\$)[^])*\$\$$/.test(value)) checkReference(value, at, secrets, undefined, problems);
      else problems.error(at, 'has a placeholder beside other text', { hint: 'a claim is one placeholder or a text' });
    }
  });
}

/** The certificates whose issuers lead back to themselves. Each is visited once, however long the chains are. */
function inCircles(byName: ReadonlyMap<string, CompleteSecret>): Set<string> {
  const circles = new Set<string>();
  const visited = new Set<string>();
  for (const start of byName.keys()) {
    const way = new Map<string, number>();
    let at: string | undefined = start;
    while (at !== undefined && !visited.has(at)) {
      visited.add(at);
      way.set(at, way.size);
      at = byName.get(at)?.issuer;
    }
    const entered = at === undefined ? undefined : way.get(at);
    if (entered === undefined) continue;
    for (const [name, position] of way) if (position >= entered) circles.add(name);
  }
  return circles;
}

/** A placeholder for another secret, of one of these kinds. */
function checkReference(
  value: string | undefined,
  path: Path,
  secrets: readonly CompleteSecret[],
  kinds: readonly string[] | undefined,
  problems: Problems,
): void {
  if (value === undefined) return;
  const resolved = problems.attempt(path, () => {
    const [part] = parsePlaceholders(value);
    return part !== undefined && 'secret' in part ? resolveReference(part, secrets) : undefined;
  });
  const kind = resolved?.secret.kind;
  if (kind === undefined || kinds === undefined || kinds.includes(kind)) return;
  problems.error(path, `is a secret of kind ${kind}, which cannot stand here`, { expected: kinds.join(' or ') });
}
