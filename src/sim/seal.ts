import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat } from '../core/bytes.ts';
import type { Random } from '../core/clock.ts';
import { hkdfLp, type Mode, sha256Lp } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';

/** What a processor would keep in its fuses; public like everything of the simulated platform (README.md). */
const fuses = sha256Lp('sconectl SIMULATION sealing secret');
const mode: Mode = 'simulation';

const saltLength = 32;
const tagLength = 16;
/** A key seals once, so the nonce may be constant. */
const nonce = new Uint8Array(12);

/**
 * Seals to the simulated platform, which protects nothing: salt(32) ‖ ciphertext ‖ tag(16), AES-256-GCM under a key of
 * its own. Mode and `context` are in the key derivation, so what was sealed for one purpose opens for no other.
 */
export function simSeal(context: Uint8Array, plaintext: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const salt = random(saltLength);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(context, salt), nonce);
  return concat(salt, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Opens what `simSeal` made with the same context. Throws `E_LEDGER`. */
export function simUnseal(context: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  const refuse = (): SconeError =>
    new SconeError('E_LEDGER', 'this was not sealed on the simulated platform for this purpose', {
      hint: 'use the data folder with the CAS that made it',
    });
  if (sealed.length < saltLength + tagLength) throw refuse();
  const key = sealingKey(context, sealed.subarray(0, saltLength));
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
  try {
    return concat(decipher.update(sealed.subarray(saltLength, sealed.length - tagLength)), decipher.final());
  } catch {
    throw refuse();
  }
}

function sealingKey(context: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdfLp(fuses, salt, 'sconectl sim seal v1', [mode, context]);
}
