import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concat, utf8 } from '../core/bytes.ts';
import { hkdfLp } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';

/**
 * Stands for the sealing key that a processor derives for the code it runs. Here everybody can derive it: whoever has the data folder
 * of a simulated CAS can read it.
 */
const sealingSecret = utf8('sconectl simulated processor');
const saltLength = 32;
const tagLength = 16;
const nonce = new Uint8Array(12);

/** Seals as a processor seals to its code; `context` must be the same to unseal. */
export function seal(context: Uint8Array, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  const salt = new Uint8Array(randomBytes(saltLength));
  const cipher = createCipheriv('aes-256-gcm', sealingKey(salt, context), nonce, { authTagLength: tagLength });
  return concat(salt, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Throws `E_LEDGER` for what was not sealed so with that context. */
export function unseal(context: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    const salt = sealed.subarray(0, saltLength);
    const decipher = createDecipheriv('aes-256-gcm', sealingKey(salt, context), nonce, { authTagLength: tagLength });
    decipher.setAuthTag(sealed.subarray(Math.max(saltLength, sealed.length - tagLength)));
    return concat(decipher.update(sealed.subarray(saltLength, sealed.length - tagLength)), decipher.final());
  } catch {
    throw new SconeError('E_LEDGER', 'the root of the ledger was not sealed on this platform for this ledger', {
      hint: 'root.sealed was changed or comes from another data folder; restore it from a copy of this one',
    });
  }
}

function sealingKey(salt: Uint8Array, context: Uint8Array): Uint8Array {
  return hkdfLp(sealingSecret, salt, 'sconectl sim sealing v1', [context]);
}
