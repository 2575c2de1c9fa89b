import { equalBytes } from '../core/bytes.ts';
import { parseKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import type { SessionState } from './state.ts';

/** Key hash of the client's certificate, or `undefined` for a caller without one, who is nobody. */
export type Caller = string | undefined;

/**
 * Whether an access list lets a caller pass (M13): `ANY` everybody, `NONE` nobody, `CREATOR` the session's creator, a
 * key hash its holder. Whoever shows no certificate passes only where anybody does (item 34); an entry that cannot be
 * understood lets nobody pass.
 */
export function permits(list: readonly string[], caller: Caller, creator?: string): boolean {
  if (list.length === 1 && list[0] === 'ANY') return true;
  if (caller === undefined) return false;
  return list.some((entry) => {
    if (entry === 'ANY' || entry === 'NONE') return false;
    if (entry === 'CREATOR') return creator !== undefined && sameKey(creator, caller);
    return sameKey(entry, caller);
  });
}

export type Operation = 'read' | 'update' | 'create_sessions';

export function mayDo(operation: Operation, session: SessionState, caller: Caller): boolean {
  return permits(session.session.access_policy[operation], caller, session.creator);
}

/** The refusal of an operation; names the creator, which is no secret, so that a taken name is understood (item 70). */
export function noAccess(operation: Operation, session: SessionState, caller: Caller): SconeError {
  const what = {
    read: 'read the session',
    update: 'update the session',
    create_sessions: 'create sessions below',
  }[operation];
  return new SconeError('E_ACCESS', `you may not ${what} ${session.session.name}`, {
    expected: `a client that its access_policy.${operation} names`,
    found: caller === undefined ? 'no client certificate' : `the client ${caller}`,
    causes: [`it was created by the client ${session.creator}`],
    hint:
      caller === undefined
        ? 'show a client certificate'
        : 'use another name, or ask its creator to add your key hash (sconectl self show) to its access policy',
  });
}

/** Key hashes are compared by what they say; a form that is not canonical is no key. */
function sameKey(a: string, b: string): boolean {
  try {
    return equalBytes(parseKeyHash(a).spkiSha256, parseKeyHash(b).spkiSha256);
  } catch {
    return false;
  }
}
