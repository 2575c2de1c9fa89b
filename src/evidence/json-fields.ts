import { fromHex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';

/** Typed reading of a JSON object that a vendor signed; every mismatch is an `E_COLLATERAL` that names the field. */
export class JsonFields {
  readonly #object: JsonObject;
  readonly #what: string;

  constructor(value: Json | undefined, what: string) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new SconeError('E_COLLATERAL', `the ${what} is not a JSON object`);
    }
    this.#object = value;
    this.#what = what;
  }

  text(name: string): string {
    const value = this.#object[name];
    return typeof value === 'string' ? value : this.#fail(name, 'a text');
  }

  /** An integer from 0 to `most`. */
  integer(name: string, most: number): number {
    const value = this.#object[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
      return this.#fail(name, `an integer from 0 to ${most}`);
    }
    return value;
  }

  /** Exactly `length` bytes of hex; the vendor's letter case does not matter. */
  bytes(name: string, length: number): Uint8Array<ArrayBuffer> {
    try {
      return fromHex(this.text(name).toLowerCase(), length);
    } catch {
      return this.#fail(name, `${2 * length} hex digits`);
    }
  }

  /** A time in the vendor's one form, `2025-06-19T10:56:11Z`. */
  date(name: string): Date {
    const text = this.text(name);
    const date = new Date(text);
    const valid = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(date.getTime());
    if (!valid || date.toISOString() !== `${text.slice(0, 19)}.000Z`) this.#fail(name, 'a time (RFC 3339, UTC)');
    return date;
  }

  list(name: string): Json[] {
    const value = this.#object[name];
    return Array.isArray(value) ? value : this.#fail(name, 'a list');
  }

  /** A list of texts; empty when the field is not there. */
  textsOrNone(name: string): string[] {
    if (!this.has(name)) return [];
    return this.list(name).map((item) => (typeof item === 'string' ? item : this.#fail(name, 'a list of texts')));
  }

  object(name: string): JsonFields {
    return new JsonFields(this.#object[name], `field ${name} of the ${this.#what}`);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  names(): string[] {
    return Object.keys(this.#object);
  }

  #fail(name: string, expected: string): never {
    throw new SconeError('E_COLLATERAL', `the field ${name} of the ${this.#what} is missing or malformed`, {
      expected,
    });
  }
}
