import { z } from 'zod';
import { volumePolicies } from '../language/vocabulary.ts';
import { freeName, hash, matching, optional, plainName, sessionPath, words } from './fields.ts';
import { all, has, lacks, like, one, when } from './rules.ts';

/** Where another CAS is; without these the session is on the same one. */
const remote = {
  cas_url: optional(words({ description: 'another CAS: its address', example: 'cas.example.org:8081' })),
  cas_key: optional(words({ description: 'key hash of the other CAS: trusts its owner, updates included' })),
  cas_software_key: optional(words({ description: 'software key hash of the other CAS: trusts one revision' })),
};
const session = sessionPath({ description: 'the other session', example: 'partner/app' });
const sessionHash = optional(
  hash({ description: 'hash that the other session must have; without it whoever first takes the name gets access' }),
);

/** Access for another session, or for all sessions of a namespace. */
const remoteRule = [
  when(has('cas_url'), all(one(has('cas_key'), has('cas_software_key')), like('session', /^[^.]/))),
  when(lacks('cas_url'), lacks('cas_key', 'cas_software_key')),
];
const elsewhere = ['session_hash', 'cas_url', 'cas_key', 'cas_software_key'];

const exportFields = z.strictObject({
  session: optional(session),
  session_hash: sessionHash,
  namespace: optional(
    sessionPath({ description: 'every session of a namespace, and its own', example: 'myPythonApp', since: '0.3.6' }),
  ),
  ...remote,
});

export const exportSchema = exportFields.meta({
  also: {
    allOf: [
      one(all(has('session'), lacks('namespace')), all(has('namespace'), lacks('session', ...elsewhere))),
      ...remoteRule,
    ],
  },
});

/** A secret of another session. */
export const secretImportSchema = z
  .strictObject({
    session,
    session_hash: sessionHash,
    secret: optional(plainName({ description: 'its name there', default: 'the own name' })),
    ...remote,
  })
  .meta({ also: { allOf: remoteRule } });

/** Access to a volume: flat, or with `to` where there is more to say. */
const volumeExportFields = z.strictObject({
  session: optional(session),
  session_hash: sessionHash,
  to: optional(
    z.strictObject({ session, session_hash: sessionHash }).meta({ description: 'the session, where more is said' }),
  ),
  update_policy: optional(
    z.enum(volumePolicies).meta({ description: 'the most that the importer may do', default: 'rollback_protected' }),
  ),
  volume_alias: optional(freeName({ description: 'name under which it is imported' })),
});

export const volumeExportSchema = volumeExportFields.meta({
  also: {
    allOf: [
      one(
        all(has('session'), lacks('to', 'update_policy', 'volume_alias')),
        all(has('to'), lacks('session', 'session_hash')),
      ),
    ],
  },
});

export const volumeImportSchema = z.strictObject({
  session,
  session_hash: sessionHash,
  volume: optional(freeName({ description: 'name or alias of the volume there', default: 'the own name' })),
});

/**
 * The same in one text: `/session=…,session_hash=…` or, for another CAS, `host/cas_key=…,session=…`. Whole names only,
 * no paths from here (language, c.5).
 */
function inOneText(keys: readonly string[], example: string, elsewhere = true) {
  const host = '(?:https:\\/\\/)?[A-Za-z0-9._:[\\]-]+\\/(?=(?:[^,]*,)*cas_(?:software_)?key=)';
  const pair = `(?:${[...keys, ...(elsewhere ? ['cas_key', 'cas_software_key'] : [])].join('|')})=[^,]+`;
  const named = `(?=(?:[^,]*,)*${keys.includes('namespace') ? '(?:session|namespace)' : 'session'}=[^,.])`;
  return matching(
    new RegExp(`^(?:\\/${elsewhere ? `|${host}` : ''})${named}${pair}(?:,${pair})*$`),
    'is a text that names no session',
    { description: 'the same in one text', example },
  );
}

export const exportUrl = inOneText(['session', 'session_hash', 'namespace'], '/session=partner/app');
export const importUrl = inOneText(['session', 'session_hash', 'secret'], '/session=partner/app,secret=token');
export const volumeExportUrl = inOneText(['session', 'session_hash'], '/session=partner/app', false);
export const volumeImportUrl = inOneText(
  ['session', 'session_hash', 'volume'],
  '/session=partner/app,volume=data',
  false,
);
