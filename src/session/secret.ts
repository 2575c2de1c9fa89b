import { fromHex } from '../core/bytes.ts';
import { explicitValueHmac } from './canonical.ts';
import type { Path, Problems } from './problems.ts';
import { laterSecretFields, type ParsedSessionDocument } from './schema.ts';
import type { SessionSecret } from './types.ts';

/** Generated length where a secret gives none. */
export const defaultSecretSize = '20';

/** Where explicit values go, and the salt under which they are hashed; without `values` they are refused. */
export interface Explicit {
  salt?: string;
  /** By secret, without a prototype. */
  values?: { [secret: string]: string };
}

type ParsedSecret = ParsedSessionDocument['secrets'][number];

export function normaliseSecret(
  secret: ParsedSecret,
  path: Path,
  salt: string | undefined,
  explicit: Explicit,
  problems: Problems,
): SessionSecret {
  const { name, kind, value } = secret;
  for (const field of laterSecretFields) {
    if (secret[field] !== undefined) problems.notYet([...path, field], `${field} of a secret`);
  }
  if (kind === undefined) problems.error(path, 'lacks "kind"', { hint: 'write kind: ascii or kind: binary' });
  else if (kind !== 'ascii' && kind !== 'binary') problems.notYet([...path, 'kind'], `the secret kind ${kind}`);
  let hmac = secret.value_hmac;
  if (value !== undefined) {
    if (explicit.values === undefined) {
      problems.error([...path, 'value'], 'is in the session, and must travel beside it', {
        hint: 'send it in "values"; the session holds value_hmac',
      });
    } else if (kind === 'binary' && !/^(?:[0-9a-fA-F]{2})+$/.test(value)) {
      problems.error([...path, 'value'], 'must be hex, two digits for each byte');
    } else if (value === '') {
      problems.error([...path, 'value'], 'is empty', { hint: 'remove it to have one generated' });
    } else if (salt === undefined) {
      problems.error([...path, 'value'], 'needs a salt, so that the hash of the session does not give it away', {
        hint: 'write salt: <32 random hex digits> at the top of the session, and keep it',
      });
    } else {
      explicit.values[name] = kind === 'binary' ? value.toLowerCase() : value;
      hmac = explicitValueHmac(fromHex(salt), name, explicit.values[name] ?? '');
    }
  }
  if (hmac !== undefined && salt === undefined) {
    problems.error([...path, 'value_hmac'], 'stands in a session without a salt', {
      hint: 'add the salt it was made with',
    });
  }
  return {
    name,
    kind: kind === 'binary' ? 'binary' : 'ascii',
    size: secret.size ?? defaultSecretSize,
    ...(secret.export_public === true ? { export_public: true } : {}),
    ...(hmac === undefined ? {} : { value_hmac: hmac }),
  };
}
