import { createHash, createHmac, hash, hkdfSync } from 'node:crypto';
import { base58, concat, equalBytes, fromBase58, hex, lpSequence } from './bytes.ts';
import { SconeError } from './errors.ts';

export type Mode = 'production' | 'simulation';

export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return digest('sha256', parts);
}

export function sha512(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return digest('sha512', parts);
}

export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return hex(sha256(...parts));
}

function digest(algorithm: string, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  // Without the object that waits for more; it takes longer than the hash of a record.
  if (parts.length === 1 && only !== undefined) return new Uint8Array(hash(algorithm, only, 'buffer'));
  const whole = createHash(algorithm);
  for (const part of parts) whole.update(part);
  return new Uint8Array(whole.digest());
}

/** SHA-256(LP(domain) ‖ LP(field) ‖ …). */
export function sha256Lp(domain: string, ...fields: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return sha256(lpSequence(domain, ...fields));
}

/** SHA-512(LP(domain) ‖ LP(field) ‖ …). */
export function sha512Lp(domain: string, ...fields: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return sha512(lpSequence(domain, ...fields));
}

/** HMAC-SHA-256(key, LP(domain) ‖ LP(field) ‖ …). */
export function hmacLp(
  key: Uint8Array,
  domain: string,
  ...fields: readonly (Uint8Array | string)[]
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    createHmac('sha256', key)
      .update(lpSequence(domain, ...fields))
      .digest(),
  );
}

/** HKDF-SHA-256 (RFC 5869) with info = LP(domain) ‖ LP(field) ‖ …; 32 bytes unless told. */
export function hkdfLp(
  secret: Uint8Array,
  salt: Uint8Array,
  domain: string,
  fields: readonly (Uint8Array | string)[],
  length = 32,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync('sha256', secret, salt, lpSequence(domain, ...fields), length));
}

const versionBytes: Record<Mode, number> = { production: 0x0a, simulation: 0x6f };

/**
 * The key hash: base58(version byte ‖ SHA-256(SPKI) ‖ first 4 bytes of the double SHA-256 of what stands before).
 * The version byte tells a production CAS (0x0a) from a simulated one (0x6f); clients use 0x0a.
 */
export function keyHash(spkiSha256: Uint8Array, mode: Mode): string {
  const body = concat(Uint8Array.of(versionBytes[mode]), spkiSha256);
  return base58(concat(body, checksum(body)));
}

export interface KeyHash {
  mode: Mode;
  /** SHA-256 of the SubjectPublicKeyInfo, DER; 32 bytes. */
  spkiSha256: Uint8Array<ArrayBuffer>;
}

/** Reads a key hash; refuses every form but the canonical one with `E_FORMAT`. */
export function parseKeyHash(text: string, what = 'key hash'): KeyHash {
  const body = checkedBody(text, what);
  const mode = modeOf(body);
  if (mode === undefined) throw new SconeError('E_FORMAT', `${what} has an unknown version byte`, { found: text });
  return { mode, spkiSha256: body.slice(1) };
}

/** Whether a text has the form of a key hash, and a version byte that is none of ours. */
export function isForeignKeyHash(text: string): boolean {
  try {
    return modeOf(checkedBody(text, 'key hash')) === undefined;
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    return false;
  }
}

function checkedBody(text: string, what: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase58(text, what);
  const body = bytes.slice(0, 33);
  if (bytes.length !== 37 || !equalBytes(checksum(body), bytes.subarray(33)) || base58(bytes) !== text) {
    throw new SconeError('E_FORMAT', `${what} is no key hash: its length or checksum is wrong`, {
      found: text.slice(0, 64),
    });
  }
  return body;
}

function modeOf(body: Uint8Array): Mode | undefined {
  return (Object.keys(versionBytes) as Mode[]).find((name) => versionBytes[name] === body[0]);
}

function checksum(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256(sha256(body)).slice(0, 4);
}
