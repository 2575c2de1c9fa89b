import { p, R } from './field.ts';
import { inverse } from './inverse.ts';
import type { Machine } from './machine.ts';
import { places } from './program.ts';
import { addMultiple, type Table, tableOf } from './table.ts';

/** The order of the base point G, a prime, and its coordinates (SP 800-186, 3.2.1.4). */
export const n = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
export const G = {
  x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
  y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
} as const;

const tablesOfG = new WeakMap<Machine, Table>();

/**
 * Whether (r, s) is an ECDSA signature of a digest of 48 bytes (FIPS 186-5, 6.4.2; SEC 1 v2, 4.1.4) by the key of this table.
 * True is proof. False may also mean that the sum ended at infinity, or met the same point or its opposite on the way:
 * who wants to know that asks OpenSSL.
 */
export function isSigned(machine: Machine, table: Table, digest: Uint8Array, signature: Uint8Array): boolean {
  if (digest.length !== 48 || signature.length !== 96) return false;
  const e = integerOf(digest);
  const r = integerOf(signature.subarray(0, 48));
  const s = integerOf(signature.subarray(48));
  if (r === 0n || r >= n || s === 0n || s >= n) return false;
  const w = inverse(s, n);
  const begun = addMultiple(machine, tableOfG(machine), (e * w) % n, false);
  if (!addMultiple(machine, table, (r * w) % n, begun)) return false;
  const X = machine.readTimesR(places.X);
  const Z = machine.readTimesR(places.Z);
  // x = X/Z² is r modulo n, so r or r + n; both numbers read here carry a factor R.
  const isX = (x: bigint): boolean => x < p && (x * Z * Z - X * R) % p === 0n;
  return Z !== 0n && (isX(r) || isX(r + n));
}

function tableOfG(machine: Machine): Table {
  const table = tablesOfG.get(machine) ?? tableOf(machine, G.x, G.y);
  tablesOfG.set(machine, table);
  return table;
}

/** The integer that bytes stand for, most significant first. */
export function integerOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}
