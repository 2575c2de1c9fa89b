import type { PutAnswer, ReadAnswer } from '../api/answers.ts';
import { SconeError } from '../core/errors.ts';
import { sameContent, sessionDocument } from '../session/canonical.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Session } from '../session/types.ts';

/** What `uploadSession` needs of a CAS. */
export interface SessionCas {
  address: string;
  putSession: (name: string, session: object, values: { [secret: string]: string }) => Promise<PutAnswer>;
}

export interface Upload {
  /** As derived or read from a file: without predecessor and creator. */
  session: Session;
  /** Explicit secret values by secret; they travel beside the session. */
  values: { [secret: string]: string };
  /** What the CAS has under this name; `undefined` for nothing. */
  known: ReadAnswer | undefined;
  /** The hash that was current after the last upload from here, where that is remembered. */
  predecessor: string | undefined;
  /** Key hash of this client. */
  me: string;
}

export interface Uploaded {
  name: string;
  /** The hash that is current now. */
  hash: string;
  /** `adopted` is an update of a session that this client created and this folder had forgotten. */
  action: 'created' | 'updated' | 'adopted' | 'unchanged';
}

/**
 * What has to be done with a session, decided from what the CAS has and what is remembered here (conventions, "Create
 * or update"). Throws `E_ACCESS` for somebody else's session, `E_PREDECESSOR` when it was changed elsewhere.
 */
export function planUpload({ session, known, predecessor, me }: Upload): Uploaded['action'] {
  if (known === undefined) return 'created';
  const current = normaliseSession(known.session);
  if (current.creator !== me) throw foreign(session.name, me, current.creator);
  if (sameContent(session, current)) return 'unchanged';
  if (predecessor === undefined) return 'adopted';
  if (predecessor === known.hash) return 'updated';
  throw new SconeError('E_PREDECESSOR', `the session ${session.name} was changed by somebody else`, {
    expected: `the hash of the last upload from here, ${predecessor}`,
    found: known.hash,
    hint:
      `look at it with: sconectl session read ${session.name}. To replace it all the same, ` +
      `remove ${predecessorName(session.name)} from target/sessions and apply again`,
  });
}

/** Creates or updates a session where that is needed. */
export async function uploadSession(cas: SessionCas, upload: Upload): Promise<Uploaded> {
  const { session, values, known } = upload;
  const { name } = session;
  const action = planUpload(upload);
  if (action === 'unchanged' && known !== undefined) return { name, hash: known.hash, action };
  const { namespace_hash: _, ...withoutNamespace } = session;
  // The namespace is bound when a session is created; an update continues its history instead.
  const next: Session = known === undefined ? session : { ...withoutNamespace, predecessor: known.hash };
  const { hash } = await cas.putSession(name, sessionDocument(next), values);
  return { name, hash, action };
}

/** The salt of a session's explicit values, as the CAS has it for those who may update. */
export function saltOf(known: ReadAnswer | undefined): string | undefined {
  return known === undefined ? undefined : normaliseSession(known.session).salt;
}

/** The file below `target/sessions` that keeps a session's current hash, or its text with `yaml`. */
export function predecessorName(session: string): string {
  return `${fileStem(session)}.predecessor`;
}

/** Lower case, `_`, `:`, `/` and `.` become `-` (conventions, "target/"). */
export function fileStem(session: string): string {
  return session.toLowerCase().replace(/[_:/.]/g, '-');
}

function foreign(name: string, me: string, creator: string | undefined): SconeError {
  return new SconeError('E_ACCESS', `the session ${name} belongs to somebody else`, {
    expected: `created by this client, ${me}`,
    found: `created by ${creator ?? 'nobody'}`,
    hint: 'choose another policy.namespace in the Meshfile, or use the identity that created it',
  });
}
