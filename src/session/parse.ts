import { parseKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { normaliseAccess } from './access-policy.ts';
import { normaliseImage } from './image.ts';
import { Problems, type SessionSource } from './problems.ts';
import { type ParsedSessionDocument, sessionSchema } from './schema.ts';
import { type Explicit, normaliseSecret } from './secret.ts';
import { normaliseSecurity } from './security.ts';
import { normaliseService } from './service.ts';
import { type Session, sessionVersion } from './types.ts';

export interface ParsedSession {
  session: Session;
  /** Explicit secret values that the file holds; they travel beside the session. Without a prototype. */
  values: { [secret: string]: string };
  warnings: SconeError[];
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
  const session = read(source.value, problems, { ...opts, values });
  return { session, values, warnings: problems.warnings };
}

/**
 * The normal form of a session that came as a plain object (JSON of the API, the ledger). Explicit values may not be in
 * it: they travel beside it. The normal form of a normal form is itself. Throws `E_SESSION` or `E_NOT_YET`.
 */
export function normaliseSession(value: unknown): Session {
  return read(value, new Problems({ file: 'the session', value }), {});
}

function read(value: unknown, problems: Problems, explicit: Explicit): Session {
  const parsed = problems.check(sessionSchema, value);
  const session = parsed === undefined ? undefined : normalise(parsed, problems, explicit);
  problems.settle();
  if (session === undefined) throw new SconeError('E_INTERNAL', 'a session was refused without a reason');
  return session;
}

function normalise(parsed: ParsedSessionDocument, problems: Problems, explicit: Explicit): Session {
  checkVersion(parsed.version, problems);
  if (parsed.volumes !== undefined) problems.notYet(['volumes'], 'volumes');
  if (parsed.secret_config !== undefined) problems.notYet(['secret_config'], 'secret_config');
  const predecessor = /^(?:~|null)$/.test(parsed.predecessor ?? '~') ? undefined : parsed.predecessor?.toLowerCase();
  if (predecessor !== undefined && parsed.namespace_hash !== undefined) {
    problems.error(['namespace_hash'], 'stands beside predecessor', {
      hint: 'namespace_hash is for creating a session, predecessor for updating it: remove one',
    });
  }
  const { creator } = parsed;
  if (creator !== undefined) problems.attempt(['creator'], () => parseKeyHash(creator, 'creator'));
  const salt = parsed.salt ?? (parsed.secrets.some(({ value }) => value !== undefined) ? explicit.salt : undefined);
  const secrets = parsed.secrets.map((secret, i) => normaliseSecret(secret, ['secrets', i], salt, explicit, problems));
  const images = parsed.images.map((image, i) => normaliseImage(image, ['images', i], secrets, problems));
  const services = parsed.services.map((one, i) => normaliseService(one, ['services', i], secrets, images, problems));
  unique(secrets, 'secrets', problems);
  unique(images, 'images', problems);
  unique(services, 'services', problems);
  const security = normaliseSecurity(parsed.security, problems);
  return {
    version: sessionVersion,
    name: parsed.name,
    ...(parsed.namespace_hash === undefined ? {} : { namespace_hash: parsed.namespace_hash }),
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(creator === undefined ? {} : { creator }),
    ...(salt === undefined ? {} : { salt }),
    access_policy: normaliseAccess(parsed.access_policy, problems),
    ...(security === undefined ? {} : { security }),
    services,
    images,
    secrets,
  };
}

function checkVersion(version: string, problems: Problems): void {
  const [, patch] = /^0\.3(?:\.([0-9]|1[0-2]))?$/.exec(version) ?? [];
  if (patch !== undefined || version === '0.3') return;
  const old = /^0\.[12](?:\.|$)/.test(version);
  problems.error(['version'], 'is no version of the session language that is read here', {
    expected: '0.3 to 0.3.12',
    found: version,
    hint: old
      ? 'rewrite it for 0.3: export and import are lists of maps, x509 secrets name a private_key'
      : 'write version: "0.3.12"',
  });
}

function unique(entries: readonly { name: string }[], list: string, problems: Problems): void {
  const seen = new Set<string>();
  entries.forEach(({ name }, index) => {
    if (seen.has(name))
      problems.error([list, index, 'name'], `is ${name} a second time`, { hint: 'names must differ' });
    seen.add(name);
  });
}
