import assert from 'node:assert/strict';
import { generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto';
import { suite, test } from 'node:test';
import {
  add,
  bytes48,
  G,
  keyOf,
  modulo,
  multiply,
  n,
  negated,
  type Point,
  p,
  pointOfX,
  signatureBytes,
  signatureOf,
  timesG,
} from '../../../test/pki/reference-curve.ts';
import { concat } from '../../core/bytes.ts';
import { verifyP384 } from '../algorithm.ts';
import { integerOf, isSigned } from './check.ts';
import { inverse } from './inverse.ts';
import { machine } from './machine.ts';
import { type Table, tableOf } from './table.ts';

const runs = machine() ?? assert.fail('no WebAssembly');
const sha384 = (message: Uint8Array): Uint8Array => hash('sha384', message, 'buffer');
const random = (): bigint => (integerOf(randomBytes(48)) % (n - 1n)) + 1n;
const tableFor = (point: Point): Table => {
  const { x, y } = point ?? assert.fail('no key');
  return tableOf(runs, x, y);
};
const parts = (signature: Uint8Array): [r: bigint, s: bigint] => [
  integerOf(signature.subarray(0, 48)),
  integerOf(signature.subarray(48)),
];

const d = random();
const Q = timesG(d);
const table = tableFor(Q);

suite('signatures checked with tables', () => {
  test('get the answer of OpenSSL, whatever the key, the message and the signature', () => {
    let good = 0;
    for (let round = 0; round < 50; round++) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const own = tableOf(runs, integerOf(Buffer.from(x, 'base64url')), integerOf(Buffer.from(y, 'base64url')));
      for (let index = 0; index < 20; index++) {
        const message = randomBytes(1 + ((round * index) % 700));
        const signature = new Uint8Array(sign('sha384', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
        const [r, s] = parts(signature);
        assert.equal(isSigned(runs, own, sha384(message), signature), true);
        // (r, n − s) is a signature too, as the definition has it.
        const others = [
          signatureBytes(r, n - s),
          signatureBytes(s, r),
          signatureBytes(r, modulo(s + 1n, n)),
          signatureBytes(n - r, s),
        ];
        const other = others[index % others.length] ?? signature;
        assert.equal(isSigned(runs, own, sha384(message), other), verifyP384(publicKey, message, other));
        const longer = Buffer.concat([message, Uint8Array.of(0)]);
        assert.equal(isSigned(runs, own, sha384(longer), signature), false);
        assert.equal(isSigned(runs, table, sha384(message), signature), false, 'another key');
        good++;
      }
    }
    assert.equal(good, 1000);
  });

  test('any flipped bit of a signature or digest is refused', () => {
    const message = new Uint8Array(672).fill(3);
    const { digest, signature } = { digest: sha384(message), signature: made(integerOf(sha384(message)), random(), d) };
    assert.equal(isSigned(runs, table, digest, signature), true);
    const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
      bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    for (let bit = 0; bit < 768; bit++) assert.equal(isSigned(runs, table, digest, flipped(signature, bit)), false);
    for (let bit = 0; bit < 384; bit++) assert.equal(isSigned(runs, table, flipped(digest, bit), signature), false);
  });

  test('lengths other than 48 and 96 bytes are refused', () => {
    const digest = bytes48(random());
    const signature = made(integerOf(digest), random(), d);
    assert.equal(isSigned(runs, table, digest, signature), true);
    for (const length of [0, 47, 48, 95, 97, 192]) {
      const other = new Uint8Array(length);
      other.set(signature.subarray(0, length));
      assert.equal(isSigned(runs, table, digest, other), false);
    }
    // The same numbers with a zero in front.
    const zero = Uint8Array.of(0);
    assert.equal(isSigned(runs, table, digest, concat(signature.subarray(0, 48), zero, signature.subarray(48))), false);
    assert.equal(isSigned(runs, table, digest, concat(zero, signature)), false);
    assert.equal(isSigned(runs, table, concat(zero, digest), signature), false);
    assert.equal(isSigned(runs, table, concat(digest, zero), signature), false);
    assert.equal(isSigned(runs, table, digest.subarray(1), signature), false);
    assert.equal(isSigned(runs, table, new Uint8Array(49), signature), false);
    assert.equal(isSigned(runs, table, new Uint8Array(), signature), false);
  });

  test('r and s outside 1 to n − 1, or at its ends, get the answer of OpenSSL', () => {
    const message = new Uint8Array([1, 2, 3]);
    const key = keyOf(Q ?? assert.fail());
    const digest = sha384(message);
    const [r, s] = parts(made(integerOf(digest), random(), d));
    const most = 2n ** 384n - 1n;
    const numbers = [0n, 1n, 2n, n - 2n, n - 1n, n, n + 1n, p - 1n, p, p + 1n, p - n, most - n, most, r, s];
    for (const one of numbers) {
      for (const two of [r, s, 0n, 1n, n - 1n, n, most]) {
        for (const signature of [signatureBytes(one, two), signatureBytes(two, one)]) {
          const expected = verifyP384(key, message, signature);
          assert.equal(isSigned(runs, table, digest, signature), expected, `${one} ${two}`);
        }
      }
    }
    // Numbers congruent to those of a good signature are none.
    for (const small of [1n, 5n, 2n ** 64n]) {
      const good = signatureOf(random(), random(), Q);
      assert.equal(isSigned(runs, table, good.digest, signatureBytes(small, small)), false);
      const k = random();
      const point = timesG(k);
      // s = small: the digest that makes it so.
      const e = modulo(small * k - ((point?.x ?? 0n) % n) * d, n);
      const x = (point?.x ?? 0n) % n;
      assert.equal(isSigned(runs, table, bytes48(e), signatureBytes(x, small)), true);
      assert.equal(isSigned(runs, table, bytes48(e), signatureBytes(x, small + n)), false);
    }
  });

  test('every pair of scalars that is hard on digits gives its point', () => {
    const repeated = (byte: string): bigint => BigInt(`0x${byte.repeat(48)}`) % n;
    const hard = [
      1n,
      2n,
      128n,
      129n,
      255n,
      256n,
      n - 1n,
      n - 128n,
      ...['7f', '80', '81', 'ff'].map(repeated),
      1n << 383n,
    ];
    for (const u1 of [0n, ...hard]) {
      for (const u2 of hard) {
        const R = timesG(u1 + u2 * d);
        const { digest, signature } = signatureOf(u1, u2, R);
        const [r, s] = parts(signature);
        // Only sums that meet a point twice are left to OpenSSL; none of these does, since d is at random.
        assert.equal(isSigned(runs, table, digest, signature), true, `${u1} ${u2}`);
        assert.equal(isSigned(runs, table, digest, signatureBytes(modulo(r + 1n, n), s)), false);
      }
    }
  });

  test('a digest of zero, of n and above is taken modulo n', () => {
    for (const e of [0n, n, n + 1n, 2n ** 384n - 1n, 1n, n - 1n]) {
      const signature = made(modulo(e, n), random(), d);
      assert.equal(isSigned(runs, table, bytes48(e), signature), true, `${e}`);
      assert.equal(isSigned(runs, table, bytes48(e ^ 1n), signature), false);
    }
  });

  test('sums that meet the same point, its opposite or infinity are never taken for proof', () => {
    for (let window = 0; window <= 48; window++) {
      const u2 = random();
      // What has been added of u2·Q before this window's digit, and the digit.
      const lower = digitsBelow(u2, window);
      const digit = digitsBelow(u2, window + 1) - lower;
      if (digit === 0n) continue;
      for (const meeting of [digit, -digit]) {
        const u1 = modulo(d * (meeting - lower), n);
        const R = timesG(u1 + u2 * d);
        if (R === undefined) continue;
        const { digest, signature } = signatureOf(u1, u2, R);
        const [r, s] = parts(signature);
        // Right by definition; met on the way, it is not confirmed here, and nothing else is either.
        assert.equal(isSigned(runs, table, digest, signature), false, `${window}`);
        assert.equal(isSigned(runs, table, digest, signatureBytes(modulo(r + 1n, n), s)), false);
      }
    }
  });

  test('a sum at infinity is a signature of nothing, whatever r and s are', () => {
    const message = new Uint8Array([4, 5, 6]);
    const e = integerOf(sha384(message));
    for (let round = 0; round < 20; round++) {
      const r = round === 0 ? 1n : random();
      // e + r·d = 0, so u1·G + u2·Q is infinity for every s.
      const key = modulo(-e * inverse(r, n), n);
      const point = timesG(key);
      for (const s of [1n, n - 1n, random()]) {
        const signature = signatureBytes(r, s);
        assert.equal(isSigned(runs, tableFor(point), sha384(message), signature), false);
        assert.equal(verifyP384(keyOf(point ?? assert.fail()), message, signature), false);
      }
    }
  });

  test('keys G, −G and small multiples get the answer of OpenSSL', () => {
    const message = new Uint8Array([7]);
    const e = integerOf(sha384(message));
    for (const key of [1n, 2n, 3n, 127n, 128n, 129n, 256n, n - 1n, n - 2n, n - 128n]) {
      const point = timesG(key);
      const own = tableFor(point);
      const publicKey = keyOf(point ?? assert.fail());
      for (let round = 0; round < 10; round++) {
        const signature = made(e, random(), key);
        assert.equal(verifyP384(publicKey, message, signature), true);
        assert.equal(isSigned(runs, own, sha384(message), signature), true);
        assert.equal(isSigned(runs, own, sha384(message), signatureBytes(random(), random())), false);
      }
    }
    assert.deepEqual(timesG(n - 1n), negated(G));
  });

  test('an x of n and above, which is r + n, counts as OpenSSL counts it', () => {
    const message = new Uint8Array([8, 9]);
    const e = integerOf(sha384(message));
    let found = 0;
    for (let r = 1n; found < 6; r++) {
      const R = pointOfX(n + r);
      if (R === undefined) continue;
      found++;
      for (const sum of [R, negated(R)]) {
        // Q = (R − u1·G)/u2: a key that nobody has the private half of.
        const s = random();
        const w = inverse(s, n);
        const point = multiply(inverse((r * w) % n, n), add(sum, negated(timesG(e * w))));
        const publicKey = keyOf(point ?? assert.fail());
        const own = tableFor(point);
        for (const signature of [signatureBytes(r, s), signatureBytes(r + n, s), signatureBytes(r + 1n, s)]) {
          const expected = verifyP384(publicKey, message, signature);
          assert.equal(isSigned(runs, own, sha384(message), signature), expected);
        }
        assert.equal(isSigned(runs, own, sha384(message), signatureBytes(r, s)), true);
      }
    }
  });

  test('an x of zero is not r = p − n', () => {
    const zero = pointOfX(0n);
    const r = p - n;
    for (const sum of [zero, negated(zero)]) {
      if (sum === undefined) continue;
      const [e, s] = [random(), random()];
      const w = inverse(s, n);
      const point = multiply(inverse((r * w) % n, n), add(sum, negated(timesG(e * w))));
      assert.equal(isSigned(runs, tableFor(point), bytes48(e), signatureBytes(r, s)), false);
    }
    assert.notEqual(zero, undefined, 'b is a square, so there is such a point');
  });
});

/** The signature of a digest as its definition says (FIPS 186-5, 6.4.1), with the nonce k. */
function made(e: bigint, k: bigint, key: bigint): Uint8Array {
  const r = (timesG(k)?.x ?? 0n) % n;
  return signatureBytes(r, modulo(inverse(k, n) * (e + r * key), n));
}

/** The part of a scalar that its lowest digits from −127 to 128 stand for. */
function digitsBelow(scalar: bigint, digits: number): bigint {
  let sum = 0n;
  let rest = scalar;
  for (let i = 0n; i < BigInt(digits); i++) {
    let digit = rest % 256n;
    if (digit > 128n) digit -= 256n;
    sum += digit << (8n * i);
    rest = (rest - digit) / 256n;
  }
  return sum;
}
