import { equalBytes, fromHex } from '../core/bytes.ts';
import { isForeignKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { explicitValueHmac, sessionBytes } from './canonical.ts';
import type { CompleteSecret, CompleteSecurity, CompleteSession, UnsupportedPart } from './complete.ts';
import { isFragment } from './fragment.ts';
import type { Path } from './problems.ts';
import { imageParts, serviceParts } from './service-support.ts';
import type { Session, SessionImage, SessionSecret, SessionService, Variant } from './types.ts';

/**
 * What of a session is not supported yet. The one place that decides it: everything that creates, updates or stores a
 * session goes through here, so nothing is dropped silently (threat model 46).
 */
export function unsupportedParts(session: CompleteSession): UnsupportedPart[] {
  const parts: UnsupportedPart[] = [];
  if (session.name === '/') parts.push({ path: ['name'], what: 'the root session' });
  if (typeof session.creator === 'object') parts.push({ path: ['creator'], what: 'a creator that signs' });
  if (session.volumes !== undefined) parts.push({ path: ['volumes'], what: 'volumes' });
  if (session.secret_config !== undefined) parts.push({ path: ['secret_config'], what: 'secret_config' });
  parts.push(...accessParts(session.access_policy), ...securityParts(session.security));
  session.services.forEach((service, index) =>
    parts.push(...serviceParts(service, ['services', index], session.secrets)),
  );
  session.images.forEach((image, index) => parts.push(...imageParts(image, ['images', index], session.secrets)));
  session.secrets.forEach((secret, index) => parts.push(...secretParts(secret, ['secrets', index], session.salt)));
  return parts;
}

function accessParts(policy: CompleteSession['access_policy']): UnsupportedPart[] {
  const path = ['access_policy'];
  if (typeof policy === 'string') return [{ path, what: 'a fragment as access_policy' }];
  const parts: UnsupportedPart[] = [];
  for (const operation of ['read', 'update', 'create_sessions'] as const) {
    policy[operation].forEach((entry, index) => {
      const at = [...path, operation, index];
      if (typeof entry !== 'string') {
        parts.push({
          path: at,
          what: `${Object.keys(entry)[0] ?? 'an entry'} in ${operation}`,
          hint: 'write CREATOR or the key hash of a client',
        });
      } else if (isFragment(entry)) {
        parts.push({ path: at, what: `a placeholder in ${operation}`, hint: 'write the key hash of the client' });
      } else if (isForeignKeyHash(entry)) {
        parts.push({
          path: at,
          what: `a key hash of SCONE in ${operation}`,
          hint: "write the client's certificate, or what `sconectl self show` prints for it",
        });
      }
    });
  }
  if (policy.list_sessions !== undefined) parts.push({ path: [...path, 'list_sessions'], what: 'list_sessions' });
  return parts;
}

const attestationFields = [
  'certificates',
  'trusted_scone_qe_pubkeys',
  'must_be_sgx_local',
  'one_time_password_shared_secret',
] as const;

function securityParts(security: CompleteSession['security']): UnsupportedPart[] {
  const path = ['security'];
  if (security === undefined) return [];
  if (typeof security === 'string') return [{ path, what: 'a fragment as security' }];
  const parts: UnsupportedPart[] = [];
  const { attestation } = security;
  const at = [...path, 'attestation'];
  if (typeof attestation === 'string') parts.push({ path: at, what: 'a fragment as security.attestation' });
  else if (attestation !== undefined) {
    if (attestation.mode !== undefined) {
      const what = isFragment(attestation.mode) ? 'a placeholder in mode' : `the attestation mode ${attestation.mode}`;
      parts.push({ path: [...at, 'mode'], what });
    }
    for (const field of attestationFields) {
      if (attestation[field] !== undefined) parts.push({ path: [...at, field], what: `security.attestation.${field}` });
    }
    for (const field of ['tolerate', 'ignore_advisories'] as const) {
      const values = attestation[field];
      if (values !== '*' && values.some(isFragment)) {
        parts.push({ path: [...at, field], what: `a placeholder in security.attestation.${field}` });
      }
    }
  }
  for (const field of ['freshness', 'service_access_token', 'singleton_enclaves'] as const) {
    if (security[field] !== undefined) parts.push({ path: [...path, field], what: `security.${field}` });
  }
  return parts;
}

function secretParts(secret: CompleteSecret, path: Path, salt: string | undefined): UnsupportedPart[] {
  const parts: UnsupportedPart[] = [];
  const { kind } = secret;
  if (kind !== undefined && kind !== 'ascii' && kind !== 'binary') {
    parts.push({ path: [...path, 'kind'], what: `the secret kind ${kind}` });
  }
  for (const field of ['export', 'import', 'import_akv'] as const) {
    if (secret[field] !== undefined) parts.push({ path: [...path, field], what: `${field} of a secret` });
  }
  // The value itself is not here. An empty one is mostly a variable without a value, and would be an empty password.
  if (salt !== undefined && secret.value_hmac === explicitValueHmac(fromHex(salt), secret.name, '')) {
    parts.push({
      path: [...path, 'value'],
      what: `an empty value of the secret ${secret.name}`,
      hint: 'remove it to have one generated',
    });
  }
  return parts;
}

/**
 * The same session for those who know no more than `Session`. Throws `E_INTERNAL` if anything of it would be lost:
 * `unsupportedParts` must have been empty.
 */
export function supportedSession(session: CompleteSession): Session {
  const { access_policy: access, security, creator, services, images, secrets } = session;
  const supported = {
    version: session.version,
    name: session.name,
    ...(session.namespace_hash === undefined ? {} : { namespace_hash: session.namespace_hash }),
    ...(session.predecessor === undefined ? {} : { predecessor: session.predecessor }),
    ...(typeof creator === 'string' ? { creator } : {}),
    ...(session.salt === undefined ? {} : { salt: session.salt }),
    access_policy: clientsOf(access),
    ...(typeof security === 'object' ? { security: rulesOf(security) } : {}),
    services: services.map(
      ({ name, command, pwd, environment, init_data, attestation, image_name }): SessionService => ({
        name,
        command,
        ...(pwd === undefined ? {} : { pwd }),
        environment,
        init_data,
        attestation: attestation.filter((variant): variant is Variant => typeof variant === 'object'),
        ...(image_name === undefined ? {} : { image_name }),
      }),
    ),
    images: images.map(
      ({ name, injection_files }): SessionImage => ({
        name,
        injection_files: injection_files.filter((file) => typeof file === 'object'),
      }),
    ),
    secrets: secrets.map(
      ({ name, kind, size = '', export_public, value_hmac }): SessionSecret => ({
        name,
        kind: kind === 'binary' ? 'binary' : 'ascii',
        size,
        ...(export_public === undefined ? {} : { export_public }),
        ...(value_hmac === undefined ? {} : { value_hmac }),
      }),
    ),
  };
  if (!equalBytes(sessionBytes(supported), sessionBytes(session))) {
    throw new SconeError('E_INTERNAL', 'a part of a session would be lost');
  }
  return supported;
}

function clientsOf(access: CompleteSession['access_policy']): Session['access_policy'] {
  const clients = (operation: 'read' | 'update' | 'create_sessions') =>
    typeof access === 'string' ? [] : access[operation].filter((entry) => typeof entry === 'string');
  return { read: clients('read'), update: clients('update'), create_sessions: clients('create_sessions') };
}

function rulesOf({ attestation }: CompleteSecurity): NonNullable<Session['security']> {
  if (typeof attestation !== 'object') return {};
  const { tolerate, ignore_advisories } = attestation;
  return { attestation: { tolerate, ignore_advisories } };
}
