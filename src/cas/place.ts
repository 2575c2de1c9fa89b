import { SconeError } from '../core/errors.ts';
import type { Session } from '../session/types.ts';
import { mayDo, noAccess, permits } from './access.ts';
import type { SessionState, View } from './state.ts';

/** A session that may take its place. */
export interface Placed {
  /** With its creator, as it is hashed and stored. */
  session: Session;
  /** Whether its place belongs to somebody and the caller is one of them; only then does its clock count (H3). */
  byOwner: boolean;
}

/**
 * Decides whether a caller may put a session where its name says: as the successor of the one that is there, or new
 * below its namespace. Throws `E_ACCESS`, `E_PREDECESSOR`, `E_SESSION`.
 */
export function placeSession(view: View, before: SessionState | undefined, session: Session, caller: string): Placed {
  return before === undefined ? create(view, session, caller) : update(before, session, caller);
}

function update(before: SessionState, session: Session, caller: string): Placed {
  if (!mayDo('update', before, caller)) throw noAccess('update', before, caller);
  if (session.namespace_hash !== undefined) {
    throw new SconeError('E_SESSION', `the session ${session.name} exists, so it has no place for a namespace_hash`, {
      hint: 'take namespace_hash away and name the predecessor',
    });
  }
  if (session.predecessor !== before.hash) {
    // The hash commits to the content, so it is told to those who may read the content (language, c.1).
    const readable = mayDo('read', before, caller);
    throw new SconeError('E_PREDECESSOR', `the session ${session.name} was changed by somebody else`, {
      expected: `predecessor: ${session.predecessor ?? '(none: a new session)'}`,
      ...(readable ? { found: before.hash } : {}),
      hint: 'read the session, merge what changed, and name its current hash as predecessor',
    });
  }
  demandCreator(session, before.creator);
  return {
    session: { ...session, creator: before.creator },
    byOwner: !isAny(before.session.access_policy.update),
  };
}

function create(view: View, session: Session, caller: string): Placed {
  if (session.predecessor !== undefined) {
    throw new SconeError('E_PREDECESSOR', `there is no session ${session.name} that could be updated`, {
      expected: `predecessor: ${session.predecessor}`,
      found: 'no session',
      hint: 'take predecessor away to create it; if it was there before, this is not the CAS you think it is',
    });
  }
  demandCreator(session, caller);
  const placed = { ...session, creator: caller };
  const end = session.name.lastIndexOf('/');
  if (end >= 0) return { session: placed, byOwner: createBelow(view, session, session.name.slice(0, end), caller) };
  if (session.namespace_hash !== undefined) {
    throw new SconeError('E_SESSION', `the session ${session.name} is in no namespace, but has a namespace_hash`, {
      hint: 'take namespace_hash away',
    });
  }
  const list = view.genesis.create_sessions;
  if (!permits(list, caller)) {
    throw new SconeError('E_ACCESS', 'you may not create sessions without a namespace on this CAS', {
      found: `the client ${caller}`,
      hint: 'ask the owner of the CAS for a namespace',
    });
  }
  return { session: placed, byOwner: !isAny(list) };
}

/** Checks the namespace of a new session; says whether its right to be there is more than everybody's. */
function createBelow(view: View, session: Session, parentName: string, caller: string): boolean {
  const parent = view.session(parentName);
  if (parent === undefined) {
    throw new SconeError('E_SESSION', `the namespace ${parentName} of ${session.name} does not exist`, {
      hint: `create the session ${parentName} first; a namespace is never made by the way`,
    });
  }
  if (!mayDo('create_sessions', parent, caller)) throw noAccess('create_sessions', parent, caller);
  if (session.namespace_hash === undefined) {
    // Whoever takes a name first must not be given the sessions of others without their knowing whose name it is (H8).
    if (parent.creator !== caller) {
      throw new SconeError('E_ACCESS', `the namespace ${parentName} belongs to somebody else`, {
        expected: `a namespace created by the client ${caller}`,
        found: `created by the client ${parent.creator}`,
        hint: 'take another namespace, or state its hash as namespace_hash if you trust its creator',
      });
    }
  } else if (session.namespace_hash !== parent.hash && session.namespace_hash !== parent.firstHash) {
    const readable = mayDo('read', parent, caller);
    throw new SconeError('E_SESSION', `the namespace ${parentName} is not the one that namespace_hash states`, {
      expected: session.namespace_hash,
      ...(readable ? { found: parent.hash } : {}),
      causes: [`it was created by the client ${parent.creator}`],
      hint: 'if that client is the one you mean, state the current hash of the namespace',
    });
  }
  return !isAny(parent.session.access_policy.create_sessions);
}

function demandCreator(session: Session, creator: string): void {
  if (session.creator === undefined || session.creator === creator) return;
  throw new SconeError('E_SESSION', `the session ${session.name} names another creator`, {
    expected: creator,
    found: session.creator,
    hint: 'leave creator away; the CAS sets it',
  });
}

function isAny(list: readonly string[]): boolean {
  return list.length === 1 && list[0] === 'ANY';
}
