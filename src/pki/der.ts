import { hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';

/** Universal tags (X.690, 8.1.2) in the form they have in certificates; constructed bit included. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of a context-specific element `[n]`. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

export interface DerElement {
  tag: number;
  /** Contents only. */
  value: Uint8Array;
  /** Tag, length and contents. */
  whole: Uint8Array;
}

/**
 * Reads DER (X.690, 10) from first to last byte and accepts one encoding only: definite, minimal lengths, tags below
 * 31, minimal integers, booleans 00 or ff, no bytes behind the end. BER leniency lets two parsers see two
 * certificates in one signed byte string. Throws `E_DER`; what it returns are views of the given bytes.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the document in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get empty(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element; undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  next(): DerElement {
    const start = this.#at;
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) this.#fail('has a tag above 30');
    const length = this.#length();
    const from = this.#at;
    if (length > this.#bytes.length - from) this.#fail('has an element longer than the bytes that are there');
    this.#at = from + length;
    return { tag, value: this.#bytes.subarray(from, this.#at), whole: this.#bytes.subarray(start, this.#at) };
  }

  /** The next element, which must have this tag. */
  take(tag: number): DerElement {
    if (this.tag !== tag) {
      this.#fail('has another element than expected', {
        expected: `tag 0x${tag.toString(16)}`,
        found: this.tag === undefined ? 'the end' : `tag 0x${this.tag.toString(16)}`,
      });
    }
    return this.next();
  }

  /** A reader of the contents of the next element, which must have this tag. */
  enter(tag: number = tags.sequence): DerReader {
    return new DerReader(this.take(tag).value, this.#what);
  }

  /** A reader of the contents of an optional element; undefined, and nothing read, when it is not there. */
  enterOptional(tag: number): DerReader | undefined {
    return this.tag === tag ? this.enter(tag) : undefined;
  }

  /** Refuses anything left. */
  end(): void {
    if (!this.empty) this.#fail('has bytes behind its end');
  }

  /** Contents of an INTEGER or, by tag, an ENUMERATED: two's complement, minimal. */
  integer(tag: number = tags.integer): Uint8Array {
    const { value } = this.take(tag);
    const [first, second] = value;
    if (first === undefined) return this.#fail('has an empty integer');
    if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      this.#fail('has an integer that is not minimal');
    }
    return value;
  }

  /** A non-negative integer below 2^31. */
  smallInteger(tag: number = tags.integer): number {
    const value = this.integer(tag);
    if ((value[0] ?? 0) >= 0x80 || value.length > 4) this.#fail('has an integer out of range');
    let number = 0;
    for (const byte of value) number = number * 256 + byte;
    return number;
  }

  /** Magnitude of a positive integer without leading zeros, lower-case hex. */
  positiveHex(mostBytes: number): string {
    const value = this.integer();
    const magnitude = value[0] === 0 ? value.subarray(1) : value;
    if ((value[0] ?? 0) >= 0x80 || magnitude.length === 0 || magnitude.length > mostBytes) {
      this.#fail(`has an integer that is not positive or longer than ${mostBytes} bytes`);
    }
    return hex(magnitude);
  }

  /** Magnitude of an integer that is not negative, without leading zeros, lower-case hex; `00` for zero. */
  naturalHex(mostBytes: number): string {
    const zero = new DerReader(this.#bytes.subarray(this.#at), this.#what).integer();
    if (zero.length !== 1 || zero[0] !== 0) return this.positiveHex(mostBytes);
    this.next();
    return '00';
  }

  boolean(): boolean {
    const { value } = this.take(tags.boolean);
    if (value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff)) this.#fail('has a boolean that is not DER');
    return value[0] === 0xff;
  }

  octets(): Uint8Array {
    return this.take(tags.octetString).value;
  }

  /** Bytes of a BIT STRING, with how many bits of the last one are unused; those must be zero (X.690, 11.2.1). */
  bits(): { bytes: Uint8Array; unused: number } {
    const { value } = this.take(tags.bitString);
    const unused = value[0];
    const bytes = value.subarray(1);
    const last = bytes.at(-1);
    if (unused === undefined || unused > 7) return this.#fail('has a bit string that is not DER');
    if (last === undefined ? unused !== 0 : (last & ((1 << unused) - 1)) !== 0) {
      this.#fail('has a bit string whose unused bits are not zero');
    }
    return { bytes, unused };
  }

  /** Bytes of a BIT STRING without unused bits. */
  wholeBits(): Uint8Array {
    const { bytes, unused } = this.bits();
    if (unused !== 0) this.#fail('has a bit string that is not of whole bytes');
    return bytes;
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  oid(): string {
    const { value } = this.take(tags.oid);
    const numbers: number[] = [];
    let number = 0;
    let fresh = true;
    for (const byte of value) {
      if (fresh && byte === 0x80) this.#fail('has an object identifier that is not minimal');
      number = number * 128 + (byte & 0x7f);
      if (!Number.isSafeInteger(number)) this.#fail('has an object identifier that is too large');
      fresh = byte < 0x80;
      if (fresh) {
        numbers.push(number);
        number = 0;
      }
    }
    const first = numbers.shift();
    if (first === undefined || !fresh) return this.#fail('has an object identifier that is cut off');
    const root = Math.min(2, Math.floor(first / 40));
    return [root, first - 40 * root, ...numbers].join('.');
  }

  /** A UTCTime or GeneralizedTime in the only forms of RFC 5280, 4.1.2.5: with seconds, in UTC, no fraction. */
  time(): Date {
    const { tag, value } = this.next();
    const text = String.fromCharCode(...value.subarray(0, 16));
    const match =
      tag === tags.utcTime
        ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : tag === tags.generalizedTime
          ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
          : null;
    if (match === null) return this.#fail('has a time that is not in the form of RFC 5280');
    const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, ...number[]];
    const fullYear = tag === tags.utcTime ? year + (year >= 50 ? 1900 : 2000) : year;
    const rest = `${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
    const iso = `${String(fullYear).padStart(4, '0')}-${rest}.000Z`;
    const date = new Date(iso);
    // A round trip, since some dates that do not exist (February 30th) are rolled over instead of refused.
    if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) this.#fail('has a time that does not exist');
    return date;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return this.#fail('ends too early');
    this.#at++;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    // 0x80 is the indefinite form of BER; four octets are more than any document here has.
    if (octets === 0 || octets > 4) this.#fail('has a length that is not DER');
    let length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (octets - 1)) this.#fail('has a length that is not minimal');
    return length;
  }

  #fail(problem: string, details: { expected?: string; found?: string } = {}): never {
    throw new SconeError('E_DER', `the ${this.#what} ${problem} (at byte ${this.#at} of that part)`, details);
  }
}

/** Reads one document that fills all of `bytes`. */
export function readDer<T>(bytes: Uint8Array, what: string, read: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes, what);
  const value = read(reader);
  reader.end();
  return value;
}

function two(value: number | undefined): string {
  return String(value ?? 0).padStart(2, '0');
}
