import { z } from 'zod';
import { volumePolicies } from '../language/vocabulary.ts';
import { hash, optional, plainName, sessionPath, words } from './fields.ts';

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
export const exportSchema = z.strictObject({
  session: optional(session),
  session_hash: sessionHash,
  namespace: optional(
    sessionPath({ description: 'every session of a namespace, and its own', example: 'myPythonApp', since: '0.3.6' }),
  ),
  ...remote,
});

/** A secret of another session. */
export const secretImportSchema = z.strictObject({
  session,
  session_hash: sessionHash,
  secret: optional(plainName({ description: 'its name there', default: 'the own name' })),
  ...remote,
});

/** Access to a volume: flat, or with `to` where there is more to say. */
export const volumeExportSchema = z.strictObject({
  session: optional(session),
  session_hash: sessionHash,
  to: optional(
    z.strictObject({ session, session_hash: sessionHash }).meta({ description: 'the session, where more is said' }),
  ),
  update_policy: optional(
    z.enum(volumePolicies).meta({ description: 'the most that the importer may do', default: 'rollback_protected' }),
  ),
  volume_alias: optional(plainName({ description: 'name under which it is imported' })),
});

export const volumeImportSchema = z.strictObject({
  session,
  session_hash: sessionHash,
  volume: optional(plainName({ description: 'name or alias of the volume there', default: 'the own name' })),
});

/** `host/cas_key=…,session=…[,secret=…]` or, on the same CAS, `/session=…,session_hash=…`. */
export const shareUrl = words({ description: 'the same in one text', example: '/session=partner/app,secret=token' });
