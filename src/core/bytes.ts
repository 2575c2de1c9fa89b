import { timingSafeEqual } from 'node:crypto';
import { SconeError } from './errors.ts';

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes; anything that is not UTF-8 is an `E_FORMAT`. */
export function utf8Text(bytes: Uint8Array, what = 'text'): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new SconeError('E_FORMAT', `${what} is not UTF-8`);
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Big-endian unsigned integer in `width` bytes. */
export function uint(value: number | bigint, width: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(width);
  // Most numbers are lengths, and numbers are quicker than bigints.
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    let rest = value;
    for (let i = width - 1; i >= 0; i--) {
      bytes[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    if (rest === 0) return bytes;
  }
  let rest = BigInt(value);
  if (rest < 0n || rest >= 1n << BigInt(8 * width)) {
    throw new SconeError('E_FORMAT', `the number ${value} does not fit into ${width} bytes`);
  }
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** `LP(x)`: 4-byte big-endian length, then the bytes. Text counts as its UTF-8 bytes. */
export function lp(value: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat(uint(bytes.length, 4), bytes);
}

/** A sequence of `LP` fields; the first is the domain string. */
export function lpSequence(domain: string, ...fields: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return concat(lp(domain), ...fields.map(lp));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Bytes of lower-case hex text of exactly `length` bytes (any even length where none is given). */
export function fromHex(text: string, length?: number, what = 'value'): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== 2 * length)) {
    throw new SconeError(
      'E_FORMAT',
      `${what} is not ${length === undefined ? '' : `${2 * length} digits of `}lower-case hex`,
    );
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** Bytes of standard base64 with padding; only the canonical form is taken. */
export function fromBase64(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new SconeError('E_FORMAT', `${what} is not canonical base64`);
  return new Uint8Array(bytes);
}

/** Whether two byte strings are equal, in a time that depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Order by unsigned bytes, the shorter first; for sorting paths. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** The bytes, followed by zeros up to `length`. */
export function zeroPad(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  if (bytes.length > length) throw new SconeError('E_FORMAT', `${bytes.length} bytes do not fit into ${length}`);
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return padded;
}

const alphabet58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Bitcoin's base 58: big-endian, a leading `1` for each leading zero byte. */
export function base58(bytes: Uint8Array): string {
  let number = bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`);
  let text = '';
  while (number > 0n) {
    text = alphabet58.charAt(Number(number % 58n)) + text;
    number /= 58n;
  }
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  return '1'.repeat(zeros) + text;
}

export function fromBase58(text: string, what = 'value'): Uint8Array<ArrayBuffer> {
  if (text.length > 256) throw new SconeError('E_FORMAT', `${what} is too long for base 58`);
  let number = 0n;
  for (const character of text) {
    const digit = alphabet58.indexOf(character);
    if (digit < 0) throw new SconeError('E_FORMAT', `${what} holds a character that base 58 has not`);
    number = number * 58n + BigInt(digit);
  }
  const zeros = text.length - text.replace(/^1+/, '').length;
  const digits = number === 0n ? '' : number.toString(16);
  const body = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return concat(new Uint8Array(zeros), body);
}
