import type { CompleteSecret } from './complete.ts';
import { parsePlaceholders } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
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
  secrets.forEach((secret, index) => {
    const path = ['secrets', index];
    for (const [field, kind] of links) {
      const name = secret[field];
      if (name === undefined) continue;
      const named = byName.get(name);
      if (named === undefined) {
        problems.error([...path, field], `names the secret ${name}, which the session lacks`, {
          hint: `define it, with kind: ${kind}, or import it`,
        });
      } else if (named.kind !== undefined && named.kind !== kind) {
        problems.error([...path, field], `names a secret of kind ${named.kind}`, { expected: `one of kind ${kind}` });
      } else if (field === 'signer' && (named.key_type ?? 'P-384') !== 'P-384') {
        problems.error([...path, field], `names a key of type ${named.key_type}`, { expected: 'P-384, for ES384' });
      }
    }
    if (secret.issuer !== undefined && inCircle(secret, byName)) {
      problems.error([...path, 'issuer'], 'leads back to the certificate itself', {
        hint: 'let the topmost certificate have no issuer: it signs itself',
      });
    }
    const { token, decryption_key } = secret.import_akv ?? {};
    checkReference(token, [...path, 'import_akv', 'token'], secrets, ['aad-token'], problems);
    checkReference(decryption_key, [...path, 'import_akv', 'decryption_key'], secrets, ['binary'], problems);
    const tokens = secrets.filter(({ kind }) => kind === 'aad-token');
    if (secret.import_akv !== undefined && token === undefined && tokens.length !== 1) {
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

function inCircle(start: CompleteSecret, byName: ReadonlyMap<string, CompleteSecret>): boolean {
  const seen = new Set<string>();
  let at: CompleteSecret | undefined = start;
  while (at?.issuer !== undefined && !seen.has(at.name)) {
    seen.add(at.name);
    at = byName.get(at.issuer);
  }
  return at === start;
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
