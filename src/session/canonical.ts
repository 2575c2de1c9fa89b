import { hex } from '../core/bytes.ts';
import { hmacLp, sha256Lp } from '../core/digest.ts';
import { canonicalBytes } from '../core/json.ts';
import type { CompleteSession } from './complete.ts';

/** The document that is hashed, sent and stored: the normal form, without `services`, `images`, `secrets` that are empty. */
export type SessionDocument = Omit<CompleteSession, 'services' | 'images' | 'secrets'> &
  Partial<Pick<CompleteSession, 'services' | 'images' | 'secrets'>>;

export function sessionDocument(session: CompleteSession): SessionDocument {
  const { services, images, secrets, ...rest } = session;
  return {
    ...rest,
    ...(services.length === 0 ? {} : { services }),
    ...(images.length === 0 ? {} : { images }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}

/** The canonical bytes of a session: RFC 8785 of its document. Stored with the session and never made again (M12). */
export function sessionBytes(session: CompleteSession): Uint8Array<ArrayBuffer> {
  return canonicalBytes(sessionDocument(session));
}

/** Session hash: SHA-256(LP("sconectl session v1") ‖ LP(canonical bytes)), in hex. */
export function sessionHash(bytes: Uint8Array): string {
  return hex(sha256Lp('sconectl session v1', bytes));
}

/**
 * Whether two sessions say the same, whatever their place in a history: their canonical bytes without predecessor,
 * namespace_hash and creator. If so, there is nothing to upload.
 */
export function sameContent(a: CompleteSession, b: CompleteSession): boolean {
  const content = ({ predecessor: _p, namespace_hash: _n, creator: _c, ...rest }: CompleteSession) =>
    sessionBytes(rest);
  return Buffer.compare(content(a), content(b)) === 0;
}

/**
 * How an explicit secret value enters a session: HMAC-SHA-256 under the session's salt, in hex, so that a hash that
 * many may read does not let them guess the value (M12).
 *
 * @param salt 16 bytes
 */
export function explicitValueHmac(salt: Uint8Array, name: string, value: string): string {
  return hex(hmacLp(salt, 'sconectl explicit secret v1', name, value));
}
