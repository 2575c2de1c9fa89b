import { SconeError } from '../core/errors.ts';

/** Reads the fields of a binary structure one after the other; integers are little-endian. Throws `E_EVIDENCE`. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The next `length` bytes, as a view. */
  take(length: number, field: string): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (length > left) {
      throw new SconeError('E_EVIDENCE', `the ${this.#what} is cut off in the field ${field}`, {
        expected: `${length} bytes at byte ${this.#at}`,
        found: `${left} bytes`,
      });
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uint16(field: string): number {
    return littleEndian(this.take(2, field));
  }

  uint32(field: string): number {
    return littleEndian(this.take(4, field));
  }

  /** Bytes that the specification reserves: all zero. */
  zero(length: number, field: string): void {
    if (this.take(length, field).some((byte) => byte !== 0)) {
      throw new SconeError('E_EVIDENCE', `the ${this.#what} has bytes other than zero in the reserved field ${field}`);
    }
  }

  /** Refuses anything left. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left !== 0) {
      throw new SconeError('E_EVIDENCE', `the ${this.#what} has bytes behind its end`, {
        expected: `${this.#at} bytes`,
        found: `${this.#bytes.length} bytes`,
      });
    }
  }
}

/** Unsigned little-endian integer of up to 6 bytes. */
export function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}

/** Unsigned little-endian integer of any length. */
export function littleEndianBig(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => number * 256n + BigInt(byte), 0n);
}
