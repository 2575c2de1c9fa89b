import type { z } from 'zod';
import type { Other, SecretExport, SecretImport, SessionVolume, VolumeExport, VolumeTarget } from './complete.ts';
import type { Path, Problems } from './problems.ts';
import { exportSchema, secretImportSchema, volumeExportSchema, volumeImportSchema } from './share-schema.ts';

/** A mapping, a URL, or a list of those. */
function entriesOf(given: unknown, path: Path): { value: unknown; path: Path }[] {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given)) return given.map((value, index) => ({ value, path: [...path, index] }));
  return [{ value: given, path }];
}

export function normaliseExports(given: unknown, path: Path, problems: Problems): SecretExport[] {
  return entriesOf(given, path).flatMap(({ value, path: at }): SecretExport[] => {
    const entry = shareOf(exportSchema, value, at, problems);
    if (entry === undefined) return [];
    if (entry.namespace === undefined) return other(entry, at, problems);
    const { namespace, ...rest } = entry;
    if (Object.values(rest).some((field) => field !== undefined)) {
      problems.error(at, 'has namespace beside other keys', { hint: 'write an entry of its own for each' });
    }
    return [{ namespace }];
  });
}

export function normaliseImport(
  given: unknown,
  name: string,
  path: Path,
  problems: Problems,
): SecretImport | undefined {
  if (given === undefined || given === null) return undefined;
  const entry = shareOf(secretImportSchema, given, path, problems);
  const [from] = entry === undefined ? [] : other(entry, path, problems);
  return from === undefined ? undefined : { ...from, secret: entry?.secret ?? name };
}

export function normaliseVolumeExports(given: unknown, path: Path, problems: Problems): VolumeExport[] {
  return entriesOf(given, path).flatMap(({ value, path: at }): VolumeExport[] => {
    const entry = shareOf(volumeExportSchema, value, at, problems);
    if (entry === undefined) return [];
    const { session, session_hash, to, update_policy, volume_alias } = entry;
    const more = update_policy !== undefined || volume_alias !== undefined;
    if ((to === undefined) === (session === undefined) || (to !== undefined && session_hash !== undefined)) {
      problems.error(at, 'must name one session', {
        hint: 'write {session: …}, or {to: {session: …}, update_policy: …}',
      });
      return [];
    }
    if (more && to === undefined) {
      problems.error(at, 'says more than the session, which then stands below "to"', {
        hint: 'write {to: {session: …}, update_policy: …, volume_alias: …}',
      });
    }
    const target = to === undefined ? { session, session_hash } : to;
    const named = withoutNothing(target) as unknown as VolumeTarget;
    return [more ? { to: named, ...withoutNothing({ update_policy, volume_alias }) } : named];
  });
}

export function normaliseVolumeImport(
  given: unknown,
  name: string,
  path: Path,
  problems: Problems,
): SessionVolume['import'] {
  if (given === undefined || given === null) return undefined;
  const entry = shareOf(volumeImportSchema, given, path, problems);
  if (entry === undefined) return undefined;
  const { session, session_hash, volume } = entry;
  return { session, ...(session_hash === undefined ? {} : { session_hash }), volume: volume ?? name };
}

/** The members of an object that are there. */
export function withoutNothing<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** An entry that is a map, or a URL that says the same. */
function shareOf<T>(schema: z.ZodType<T>, value: unknown, path: Path, problems: Problems): T | undefined {
  if (typeof value !== 'string') return problems.check(schema, value, path);
  const map = urlParts(value);
  if (map === undefined) {
    problems.error(path, 'is a text that names no session', {
      found: value,
      expected: '{session: <name>}, or /session=<name> as one text',
      hint: /^[A-Za-z0-9_.~/-]+$/.test(value) ? `since 0.3 it is written as a map: {session: ${value}}` : 'write a map',
    });
    return undefined;
  }
  if ((map['session'] ?? map['namespace'] ?? '').startsWith('.')) {
    problems.error(path, 'has a path from here, which one text cannot have', {
      found: value,
      hint: 'write the whole name, or a map: {session: ../sibling}',
    });
    return undefined;
  }
  const result = schema.safeParse(map);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const field = issue.path.join('.');
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : undefined;
    const rule = issue.code === 'invalid_type' ? `lacks ${field}` : `is refused: ${field} ${issue.message}`;
    problems.error(path, unknown === undefined ? rule : `has ${unknown}, which means nothing here`, { found: value });
  }
  return undefined;
}

/** `host/cas_key=…,session=…`; without a host the own CAS. Nothing where it has another form. */
function urlParts(url: string): { [key: string]: string } | undefined {
  const match = /^(?:https:\/\/)?([A-Za-z0-9._:[\]-]*)\/([a-z_]+=[^,]*(?:,[a-z_]+=[^,]*)*)$/.exec(url);
  if (match === null) return undefined;
  const parts: { [key: string]: string } = Object.create(null);
  if (match[1]) parts['cas_url'] = match[1];
  for (const pair of (match[2] ?? '').split(',')) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals);
    if (Object.hasOwn(parts, key)) return undefined;
    parts[key] = pair.slice(equals + 1);
  }
  return parts;
}

type ParsedOther = Omit<z.infer<typeof exportSchema>, 'namespace'>;

function other(entry: ParsedOther, path: Path, problems: Problems): Other[] {
  const { session, session_hash, cas_url, cas_key, cas_software_key } = entry;
  if (session === undefined) {
    problems.error(path, 'names no session', { hint: 'write session: <name>, or namespace: <name>' });
    return [];
  }
  const keys = [cas_key, cas_software_key].filter((key) => key !== undefined).length;
  if (cas_url === undefined ? keys > 0 : keys !== 1) {
    problems.error(path, 'must name another CAS by cas_url and one of cas_key and cas_software_key', {
      hint: 'for the own CAS leave out all three',
    });
  }
  if (cas_url !== undefined && session.startsWith('.')) {
    problems.error(path, 'has a path from here to a session on another CAS', { hint: 'write its whole name' });
  }
  return [{ session, ...withoutNothing({ session_hash, cas_url, cas_key, cas_software_key }) }];
}

/** The whole name of a session that another one names by a path from itself: `../sibling`, `./nested`, `..`. */
export function resolveSession(from: string, path: string): string {
  if (!/^\.{1,2}(?:\/|$)/.test(path)) return path;
  const parts = from.split('/');
  for (const step of path.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/');
}
