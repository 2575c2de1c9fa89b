import { fromHex } from '../core/bytes.ts';
import { canonicalJson } from '../core/json.ts';
import { hasField, type SecretKind } from '../language/vocabulary.ts';
import { explicitValueHmac } from './canonical.ts';
import type { CompleteSecret } from './complete.ts';
import type { Path, Problems } from './problems.ts';
import { type ParsedSecret, pemPattern } from './secret-schema.ts';
import { normaliseExports, normaliseImport, withoutNothing } from './share.ts';

/** Generated length where a secret gives none. */
export const defaultSecretSize = '20';

/** Where explicit values go, and the salt under which they are hashed; without `values` they are refused. */
export interface Explicit {
  salt?: string;
  /** By secret, without a prototype. */
  values?: { [secret: string]: string };
}

export function normaliseSecret(
  secret: ParsedSecret,
  path: Path,
  salt: string | undefined,
  explicit: Explicit,
  problems: Problems,
): CompleteSecret {
  const { name, kind, import_akv } = secret;
  const imported = normaliseImport(secret.import, name, [...path, 'import'], problems);
  const elsewhere = (secret.import ?? undefined) !== undefined || import_akv !== undefined;
  if (kind === undefined && !elsewhere) {
    problems.error(path, 'lacks "kind"', { hint: 'write kind: ascii or kind: binary' });
  }
  if (imported !== undefined && import_akv !== undefined) {
    problems.error([...path, 'import_akv'], 'stands beside import', {
      hint: 'a secret comes from one place: remove one',
    });
  }
  const given = explicitValue(secret, path, problems);
  if (given !== undefined && elsewhere) {
    problems.error([...path, 'value'], 'stands beside an import', { hint: 'remove one of the two' });
  }
  const complete = elsewhere || given !== undefined || secret.value_hmac !== undefined;
  if (kind !== undefined) checkFields(secret, kind, complete, path, problems);
  const hmac = hmacOf(name, given, secret.value_hmac, path, salt, explicit, problems);
  const exports = normaliseExports(secret.export, [...path, 'export'], problems);
  const sized = kind === 'ascii' || kind === 'binary' || kind === undefined;
  const size = secret.size ?? (sized && !elsewhere ? defaultSecretSize : undefined);
  return {
    name,
    ...withoutNothing({
      kind,
      size,
      export_public: secret.export_public === true ? (true as const) : undefined,
      value_hmac: hmac,
      export: exports.length === 0 ? undefined : exports,
      import: imported,
      import_akv: import_akv && {
        vault: import_akv.vault,
        secret_name: import_akv.secret_name ?? name,
        ...withoutNothing({ token: import_akv.token, decryption_key: import_akv.decryption_key }),
      },
      key_type: secret.key_type ?? (kind === 'private-key' && !elsewhere ? 'P-256' : undefined),
      migrate: secret.migrate === true ? (true as const) : undefined,
      private_key: secret.private_key,
      issuer: secret.issuer,
      common_name: secret.common_name,
      endpoint: secret.endpoint,
      dns: secret.dns,
      san: secret.san,
      valid_for: secret.valid_for,
      tenant_id: secret.tenant_id,
      client_id: secret.client_id,
      application_secret: secret.application_secret,
      certificate_thumbprint: secret.certificate_thumbprint,
      signer: secret.signer,
      alg: secret.alg ?? (kind === 'jwt' ? 'ES384' : undefined),
      validity: secret.validity,
      payload: secret.payload,
    }),
  };
}

/** The explicit value as text: of a config-fragment its JSON, of a binary secret small hex. */
function explicitValue({ kind, value }: ParsedSecret, path: Path, problems: Problems): string | undefined {
  if (value === undefined) return undefined;
  const at = [...path, 'value'];
  if (kind === 'config-fragment') return problems.attempt(at, () => canonicalJson(value));
  if (value === null) return undefined;
  if (typeof value !== 'string') {
    problems.error(at, 'must be a text', { hint: 'only a config-fragment has a value of another form' });
    return undefined;
  }
  if (kind === 'aad-token' || kind === 'pgp-key' || kind === 'jwt') {
    problems.error(at, `has no meaning for a secret of kind ${kind}`, { hint: 'remove it' });
  } else if (kind === 'binary' && !/^(?:[0-9a-fA-F]{2})+$/.test(value)) {
    problems.error(at, 'must be hex, two digits for each byte');
  } else if (kind !== undefined && kind !== 'ascii' && kind !== 'binary' && !pemPattern.test(value)) {
    problems.error(at, 'must be PEM', { hint: 'write "value: |" and the lines of the PEM below it' });
  }
  return kind === 'binary' ? value.toLowerCase() : value;
}

function hmacOf(
  name: string,
  value: string | undefined,
  given: string | undefined,
  path: Path,
  salt: string | undefined,
  { values }: Explicit,
  problems: Problems,
): string | undefined {
  if (value === undefined) {
    if (given !== undefined && salt === undefined) {
      problems.error([...path, 'value_hmac'], 'stands in a session without a salt', {
        hint: 'add the salt it was made with',
      });
    }
    return given;
  }
  if (values === undefined) {
    problems.error([...path, 'value'], 'is in the session, and must travel beside it', {
      hint: 'send it in "values"; the session holds value_hmac',
    });
    return undefined;
  }
  if (salt === undefined) {
    problems.error([...path, 'value'], 'needs a salt, so that the hash of the session does not give it away', {
      hint: 'write salt: <32 random hex digits> at the top of the session, and keep it',
    });
    return undefined;
  }
  values[name] = value;
  return explicitValueHmac(fromHex(salt), name, value);
}

/** Fields that its kind does not have, and those it cannot do without. */
function checkFields(secret: ParsedSecret, kind: SecretKind, complete: boolean, path: Path, problems: Problems): void {
  for (const [field, value] of Object.entries(secret)) {
    if (value === undefined || value === null || hasField(kind, field)) continue;
    problems.error([...path, field], `has no meaning for a secret of kind ${kind}`, { hint: 'remove it' });
  }
  if (kind === 'x509' && secret.endpoint === 'client' && secret.dns !== undefined) {
    problems.error([...path, 'dns'], 'stands beside endpoint: client', {
      hint: 'clients have no DNS names: remove it',
    });
  }
  for (const claim of ['iat', 'nbf', 'exp']) {
    if (secret.payload === undefined || !Object.hasOwn(secret.payload, claim)) continue;
    problems.error([...path, 'payload', claim], 'is a claim that the CAS makes', { hint: 'remove it; see validity' });
  }
  if (secret.private_key !== undefined && kind !== 'aad-token' && pemPattern.test(secret.private_key)) {
    problems.error([...path, 'private_key'], 'is a key itself, and must be the name of a secret', {
      hint: 'define a secret {kind: private-key, value: …} and write its name',
    });
  }
  if (complete) return;
  const needed: { readonly [kind in SecretKind]?: readonly (keyof ParsedSecret)[] } = {
    'public-key': ['private_key'],
    x509: ['private_key'],
    'x509-ca': ['private_key'],
    'aad-token': ['tenant_id', 'client_id'],
    'config-fragment': ['value'],
    jwt: ['signer'],
  };
  for (const field of needed[kind] ?? []) {
    if (secret[field] === undefined) {
      problems.error(path, `lacks "${field}"`, { hint: `a secret of kind ${kind} needs it` });
    }
  }
  if (kind === 'aad-token') {
    const byKey = secret.private_key !== undefined && secret.certificate_thumbprint !== undefined;
    if (secret.application_secret === undefined && !byKey) {
      problems.error(path, 'lacks "application_secret"', {
        hint: 'write application_secret, or private_key and certificate_thumbprint',
      });
    }
  }
}
