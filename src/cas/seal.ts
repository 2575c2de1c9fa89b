import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat, equalBytes, lp, uint } from '../core/bytes.ts';
import { hkdfLp, type Mode, sha256Lp } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';

/** What the records of one ledger are sealed under. */
export interface LedgerKey {
  /** 32 bytes. */
  root: Uint8Array;
  /** Counts the roots a ledger has had, from 1 (item 41). */
  version: number;
  mode: Mode;
  /** Ledger id: 32 hex digits. */
  ledger: string;
}

const recordVersion = 1;
const saltLength = 32;
const tagLength = 16;
const headerLength = 1 + 4 + 8 + saltLength;
/** Bytes by which a record is longer than what is sealed in it. */
export const sealLength = headerLength + tagLength;
/** Constant, because no key is used twice: each is derived from 32 fresh random bytes (C8). */
const nonce = new Uint8Array(12);

/**
 * Seals record n (protocol, "Ledger"): version ‖ key version ‖ n ‖ salt ‖ ciphertext ‖ tag with AES-256-GCM under a key
 * of its own. The index alone does not name a plaintext (races, crashes and restored copies use it again), so the key
 * depends on the random salt too.
 *
 * @param previous hash of record n−1, or `genesisHash` for record 0
 * @param salt 32 fresh random bytes, never used before
 */
export function sealRecord(
  key: LedgerKey,
  n: number,
  previous: Uint8Array,
  salt: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (salt.length !== saltLength) throw new SconeError('E_INTERNAL', 'a salt has the wrong length');
  const header = concat(Uint8Array.of(recordVersion), uint(key.version, 4), uint(n, 8), salt);
  const cipher = createCipheriv('aes-256-gcm', recordKey(key, n, salt), nonce, { authTagLength: tagLength });
  cipher.setAAD(additionalData(header, key, previous));
  return concat(header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Opens record n; anything that is not exactly the record sealed behind `previous` is an `E_LEDGER`. */
export function openRecord(
  key: LedgerKey,
  n: number,
  previous: Uint8Array,
  record: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (record.length < headerLength + tagLength) throw damaged(n, 'it is too short');
  const header = record.subarray(0, headerLength);
  if (record[0] !== recordVersion) throw damaged(n, `its version is ${record[0]}, not ${recordVersion}`);
  if (!equalBytes(record.subarray(1, 5), uint(key.version, 4))) throw damaged(n, 'it names another key version');
  if (!equalBytes(record.subarray(5, 13), uint(n, 8))) throw damaged(n, 'it names another place in the ledger');
  const salt = record.subarray(13, headerLength);
  const decipher = createDecipheriv('aes-256-gcm', recordKey(key, n, salt), nonce, { authTagLength: tagLength });
  decipher.setAAD(additionalData(header, key, previous));
  decipher.setAuthTag(record.subarray(record.length - tagLength));
  try {
    return concat(decipher.update(record.subarray(headerLength, record.length - tagLength)), decipher.final());
  } catch {
    throw damaged(n, 'its seal is broken, or the record before it is another one');
  }
}

/** What stands in the place of a record before record 0. */
export function genesisHash(ledger: string, mode: Mode, identitySpki: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256Lp('sconectl genesis v1', ledger, mode, identitySpki);
}

function recordKey(key: LedgerKey, n: number, salt: Uint8Array): Uint8Array {
  return hkdfLp(key.root, salt, 'sconectl ledger v1', [key.mode, key.ledger, uint(key.version, 4), uint(n, 8)]);
}

function additionalData(header: Uint8Array, key: LedgerKey, previous: Uint8Array): Uint8Array {
  return concat(header, lp(key.ledger), previous);
}

function damaged(n: number, why: string): SconeError {
  return new SconeError('E_LEDGER', `record ${n} of the ledger is damaged: ${why}`, {
    hint: 'the storage changed what the CAS wrote; restore the newest copy, clients will tell whether it is older than what they saw',
  });
}
