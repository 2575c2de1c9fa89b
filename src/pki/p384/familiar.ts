import { hash } from 'node:crypto';
import { hex } from '../../core/bytes.ts';
import { type PublicKey, verifyP384 } from '../algorithm.ts';
import { integerOf, isSigned } from './check.ts';
import { machine } from './machine.ts';
import { type Table, tableOf } from './table.ts';

/** Keys remembered, the least recently used forgotten first; each has 0.7 MB once it has a table. */
const remembered = 16;
/**
 * Good signatures by a key before it gets a table. Making one takes as long as about ten checks of OpenSSL, so whoever
 * sends signatures by ever other keys makes us work at most about twice as long as OpenSSL alone would.
 */
const wanted = 16;

/** A P-384 key as a certificate has it: its SubjectPublicKeyInfo in its one encoding, and what OpenSSL made of that. */
export interface Signer {
  spki: Uint8Array;
  publicKey: PublicKey;
}

interface Familiar {
  seen: number;
  table: Table | undefined;
  /** A table was made and its answer was not OpenSSL's: no other is made. */
  distrusted: boolean;
}

/**
 * Checks signatures of ECDSA over P-384 with SHA-384, those by keys it has seen often with a table of the key's multiples.
 * Only a yes comes from there: whatever is not a good signature by such a table is OpenSSL's to judge, and where the two
 * disagree the table is given up.
 */
export class FamiliarKeys {
  readonly #keys = new Map<string, Familiar>();

  /** How many keys have a table now. */
  get tables(): number {
    return [...this.#keys.values()].filter(({ table }) => table !== undefined).length;
  }

  /**
   * Whether this key signed the message; signature as r ‖ s, 96 bytes. `count` tells whether the key is certified: others,
   * which cost nothing to make, are not remembered.
   */
  verify(signer: Signer, message: Uint8Array, signature: Uint8Array, count: boolean): boolean {
    const id = hex(signer.spki);
    const known = this.#keys.get(id);
    const digest = (): Uint8Array => hash('sha384', message, 'buffer');
    const runs = known?.table === undefined ? undefined : machine();
    if (runs !== undefined && known?.table !== undefined && isSigned(runs, known.table, digest(), signature)) {
      this.#keep(id, known);
      return true;
    }
    if (!verifyP384(signer.publicKey, message, signature)) return false;
    if (known?.table !== undefined) {
      known.table = undefined;
      known.distrusted = true;
    } else if (count) {
      const familiar = known ?? { seen: 0, table: undefined, distrusted: false };
      familiar.seen++;
      if (familiar.seen >= wanted && !familiar.distrusted) Object.assign(familiar, tried(signer, digest(), signature));
      this.#keep(id, familiar);
    }
    return true;
  }

  #keep(id: string, familiar: Familiar): void {
    this.#keys.delete(id);
    this.#keys.set(id, familiar);
    const oldest = this.#keys.keys().next();
    if (this.#keys.size > remembered && oldest.done !== true) this.#keys.delete(oldest.value);
  }
}

/** A table of this key, if it takes a signature that OpenSSL took and neither of two others. */
function tried(signer: Signer, digest: Uint8Array, signature: Uint8Array): Pick<Familiar, 'table' | 'distrusted'> {
  const runs = machine();
  if (runs === undefined) return { table: undefined, distrusted: true };
  // The last 96 bytes of its SubjectPublicKeyInfo are the point, which OpenSSL found to be on the curve.
  const [x, y] = [signer.spki.subarray(-96, -48), signer.spki.subarray(-48)];
  const table = tableOf(runs, integerOf(x), integerOf(y));
  const trusted =
    isSigned(runs, table, digest, signature) &&
    !isSigned(runs, table, changed(digest), signature) &&
    !isSigned(runs, table, digest, changed(signature));
  return trusted ? { table, distrusted: false } : { table: undefined, distrusted: true };
}

function changed(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
}
