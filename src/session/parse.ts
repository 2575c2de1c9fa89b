import { SconeError } from '../core/errors.ts';
import { normaliseAccess } from './access-policy.ts';
import type { CompleteSession } from './complete.ts';
import { normaliseImage } from './image.ts';
import { clientKeyHash, signerKey } from './key-entry.ts';
import { refuseEnvelope, refuseLegacy } from './legacy.ts';
import { Problems, type SessionSource } from './problems.ts';
import { type ParsedSessionDocument, sessionSchema } from './schema.ts';
import { type Explicit, normaliseSecret } from './secret.ts';
import { checkSecretLinks } from './secret-links.ts';
import { attestsNobody, normaliseSecurity } from './security.ts';
import { normaliseService } from './service.ts';
import { supportedSession, unsupportedParts } from './supported.ts';
import { type Session, sessionVersion } from './types.ts';
import { normaliseVolume } from './volume.ts';

export interface ParsedSession {
  session: Session;
  /** Explicit secret values that the file holds; they travel beside the session. Without a prototype. */
  values: { [secret: string]: string };
  warnings: SconeError[];
}

/** A session that may hold what no CAS of this version honours. */
export interface ParsedCompleteSession extends Omit<ParsedSession, 'session'> {
  session: CompleteSession;
  /** What it holds that is not supported yet, by name and position: `E_NOT_YET`. */
  unsupported: SconeError[];
}

/**
 * Reads a session that a person wrote: any order and spelling that the language allows, explicit secret values
 * included. All problems at once, as `E_SESSION` (`E_NOT_YET` where nothing but missing support is in the way).
 *
 * @param opts.salt 32 hex digits, for sessions with explicit values that do not state their own
 */
export function parseSession(source: SessionSource, opts: { salt?: string } = {}): ParsedSession {
  const problems = new Problems(source);
  const values: ParsedSession['values'] = Object.create(null);
  const session = readSupported(source.value, problems, { ...opts, values });
  return { session, values, warnings: problems.warnings };
}

/** As `parseSession`, for everything the language has; what is not supported yet is told, not refused. */
export function parseCompleteSession(source: SessionSource, opts: { salt?: string } = {}): ParsedCompleteSession {
  const problems = new Problems(source);
  const values: ParsedSession['values'] = Object.create(null);
  const session = read(source.value, problems, { ...opts, values });
  problems.settle();
  if (session === undefined) throw new SconeError('E_INTERNAL', 'a session was refused without a reason');
  const unsupported = unsupportedParts(session).map((part) => problems.notYetError(part));
  return { session, values, warnings: problems.warnings, unsupported };
}

/**
 * The normal form of a session that came as a plain object (JSON of the API, the ledger). Explicit values may not be in
 * it: they travel beside it. Nor may what a file is only warned about: nobody would see the warning. The normal form of
 * a normal form is itself. Throws `E_SESSION` or `E_NOT_YET`.
 */
export function normaliseSession(value: unknown): Session {
  return readSupported(value, new Problems({ file: 'the session', value, sent: true }), {});
}

/** As `normaliseSession`, for everything the language has. */
export function normaliseCompleteSession(value: unknown): CompleteSession {
  const problems = new Problems({ file: 'the session', value, sent: true });
  const session = read(value, problems, {});
  problems.settle();
  if (session === undefined) throw new SconeError('E_INTERNAL', 'a session was refused without a reason');
  return session;
}

function readSupported(value: unknown, problems: Problems, explicit: Explicit): Session {
  const session = read(value, problems, explicit);
  if (session !== undefined) {
    for (const part of unsupportedParts(session)) problems.notYet(part);
  }
  problems.settle();
  if (session === undefined) throw new SconeError('E_INTERNAL', 'a session was refused without a reason');
  return supportedSession(session);
}

function read(value: unknown, problems: Problems, explicit: Explicit): CompleteSession | undefined {
  if (refuseLegacy(value, problems) || refuseEnvelope(value, problems)) return undefined;
  const parsed = problems.check(sessionSchema, value);
  return parsed === undefined ? undefined : normalise(parsed, problems, explicit);
}

function normalise(parsed: ParsedSessionDocument, problems: Problems, explicit: Explicit): CompleteSession {
  if (parsed.digest !== undefined) problems.ignored(['digest']);
  const predecessor = /^(?:~|null)?$/.test(parsed.predecessor ?? '') ? undefined : parsed.predecessor?.toLowerCase();
  if (predecessor !== undefined && parsed.namespace_hash !== undefined) {
    problems.error(['namespace_hash'], 'stands beside predecessor', {
      hint: 'namespace_hash is for creating a session, predecessor for updating it: remove one',
    });
  }
  const creator = normaliseCreator(parsed.creator, problems);
  const explicitHere = parsed.secrets.some(
    ({ value, kind }) => value !== undefined && (value !== null || kind === 'config-fragment'),
  );
  const salt = parsed.salt ?? (explicitHere ? explicit.salt : undefined);
  const secrets = parsed.secrets.map((secret, i) => normaliseSecret(secret, ['secrets', i], salt, explicit, problems));
  checkSecretLinks(secrets, problems);
  const volumes = parsed.volumes?.map((volume, i) => normaliseVolume(volume, ['volumes', i], secrets, problems)) ?? [];
  const images = parsed.images.map((one, i) => normaliseImage(one, ['images', i], secrets, volumes, problems));
  const security = normaliseSecurity(parsed.security, secrets, problems);
  const surroundings = { secrets, unattested: attestsNobody(security) };
  const services = parsed.services.map((one, i) =>
    normaliseService(one, ['services', i], images, surroundings, problems),
  );
  unique(secrets, 'secrets', problems);
  unique(volumes, 'volumes', problems);
  unique(images, 'images', problems);
  unique(services, 'services', problems);
  const store = parsed.secret_config?.store_in;
  if (store?.akv !== undefined && store.cas !== undefined) {
    problems.error(['secret_config', 'store_in'], 'names two places', { hint: 'write !cas or !akv' });
  }
  return {
    version: sessionVersion,
    name: parsed.name,
    ...(parsed.namespace_hash === undefined ? {} : { namespace_hash: parsed.namespace_hash }),
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(creator === undefined ? {} : { creator }),
    ...(salt === undefined ? {} : { salt }),
    access_policy: normaliseAccess(parsed.access_policy, secrets, problems),
    ...(security === undefined ? {} : { security }),
    services,
    images,
    secrets,
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(store?.akv === undefined
      ? {}
      : {
          secret_config: {
            store_in: {
              akv: { vault: store.akv.vault, ...(store.akv.token === undefined ? {} : { token: store.akv.token }) },
            },
          },
        }),
  };
}

function normaliseCreator(given: unknown, problems: Problems): CompleteSession['creator'] {
  if (given === undefined || given === null) return undefined;
  const path = ['creator'];
  if (typeof given === 'string') return problems.attempt(path, () => clientKeyHash(given, 'creator'));
  const signer = typeof given === 'object' ? (given as { signer?: unknown }).signer : undefined;
  const keys = (Array.isArray(signer) ? signer : [signer]).filter((key) => typeof key === 'string');
  if (keys.length === 0 || Object.keys(given).length !== 1) {
    problems.error(path, 'must be a key hash, a certificate, or {signer: <public key>}');
    return undefined;
  }
  return { signer: keys.flatMap((key) => problems.attempt(path, () => signerKey(key, 'the signer')) ?? []) };
}

function unique(entries: readonly { name: string }[], list: string, problems: Problems): void {
  const seen = new Set<string>();
  entries.forEach(({ name }, index) => {
    if (seen.has(name))
      problems.error([list, index, 'name'], `is ${name} a second time`, { hint: 'names must differ' });
    seen.add(name);
  });
}
