import { createECDH, createPublicKey, type KeyObject } from 'node:crypto';
import { hex } from '../../src/core/bytes.ts';
import { G, integerOf, n } from '../../src/pki/p384/check.ts';
import { p } from '../../src/pki/p384/field.ts';
import { inverse } from '../../src/pki/p384/inverse.ts';

/** A point of P-384; undefined is infinity. */
export type Point = { x: bigint; y: bigint } | undefined;

/** b of y² = x³ − 3x + b (SP 800-186, 3.2.1.4). */
const b = 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn;

export const modulo = (value: bigint, m: bigint): bigint => ((value % m) + m) % m;

export const bytes48 = (value: bigint): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(96, '0'), 'hex'));

export const isOnCurve = ({ x, y }: NonNullable<Point>): boolean => (y * y - x ** 3n + 3n * x - b) % p === 0n;

/** Addition as SEC 1 v2, 2.2.1 has it, with nothing to make it fast. */
export function add(P: Point, Q: Point): Point {
  if (P === undefined) return Q;
  if (Q === undefined) return P;
  if (P.x === Q.x && P.y !== Q.y) return undefined;
  const slope =
    P.x === Q.x
      ? (3n * P.x * P.x - 3n) * inverse(modulo(2n * P.y, p), p)
      : (Q.y - P.y) * inverse(modulo(Q.x - P.x, p), p);
  const x = modulo(slope * slope - P.x - Q.x, p);
  return { x, y: modulo(slope * (P.x - x) - P.y, p) };
}

export const negated = (P: Point): Point => (P === undefined ? undefined : { x: P.x, y: p - P.y });

/** k·P by doubling and adding. */
export function multiply(k: bigint, P: Point): Point {
  let sum: Point;
  for (const bit of modulo(k, n).toString(2)) {
    sum = add(sum, sum);
    if (bit === '1') sum = add(sum, P);
  }
  return sum;
}

/** k·G, as OpenSSL calculates it. */
export function timesG(k: bigint): Point {
  if (modulo(k, n) === 0n) return undefined;
  const ecdh = createECDH('secp384r1');
  ecdh.setPrivateKey(bytes48(modulo(k, n)));
  const point = ecdh.getPublicKey();
  return { x: integerOf(point.subarray(1, 49)), y: integerOf(point.subarray(49)) };
}

/** A point with this x, if there is one: p ≡ 3 mod 4, so a root is a power. */
export function pointOfX(x: bigint): Point {
  const square = modulo(x ** 3n - 3n * x + b, p);
  let y = 1n;
  for (const bit of ((p + 1n) / 4n).toString(2)) {
    y = (y * y) % p;
    if (bit === '1') y = (y * square) % p;
  }
  return isOnCurve({ x, y }) ? { x, y } : undefined;
}

/** The key of a point, as OpenSSL takes it. */
export function keyOf({ x, y }: NonNullable<Point>): KeyObject {
  const prefix = Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex');
  const spki = Buffer.concat([prefix, bytes48(x), bytes48(y)]);
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

/**
 * A signature that is right by its definition for u1·G + u2·Q = R: r is x of R modulo n, s = r/u2, and the digest
 * is u1·s. Whoever may choose the digest can reach every u1 and u2.
 */
export function signatureOf(u1: bigint, u2: bigint, R: Point): { digest: Uint8Array; signature: Uint8Array } {
  if (R === undefined) throw new Error('the sum is at infinity, so nothing is a signature');
  const r = R.x % n;
  const s = modulo(r * inverse(modulo(u2, n), n), n);
  return { digest: bytes48(modulo(u1 * s, n)), signature: signatureBytes(r, s) };
}

export const signatureBytes = (r: bigint, s: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(hex(bytes48(r)) + hex(bytes48(s)), 'hex'));

export { G, n, p };
