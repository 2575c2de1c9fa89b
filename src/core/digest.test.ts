import assert from 'node:assert/strict';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { base58, concat, fromBase58, fromHex, hex, lp, utf8 } from './bytes.ts';
import {
  hkdfLp,
  hmacLp,
  keyHash,
  type Mode,
  parseKeyHash,
  sha256,
  sha256Hex,
  sha256Lp,
  sha512,
  sha512Lp,
} from './digest.ts';
import { SconeError } from './errors.ts';

const format = { name: 'SconeError', code: 'E_FORMAT' };
const spki = fc.uint8Array({ minLength: 32, maxLength: 32 });
const modes: readonly Mode[] = ['production', 'simulation'];

test('plain digests are those of FIPS 180-4, over the parts as one', () => {
  assert.equal(sha256Hex(utf8('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(sha256Hex(utf8('a'), utf8('bc')), sha256Hex(utf8('abc')));
  assert.match(hex(sha512(utf8('abc'))), /^ddaf35a193617abacc417349ae204131/);
  assert.equal(sha512().length, 64);
});

test('28: hashes, MACs and derived keys run over length-prefixed fields with a domain first', () => {
  const bytes = concat(lp('domain'), lp('a'), lp(Uint8Array.of(1)));
  const key = utf8('key');
  const salt = utf8('salt');
  const fields = ['a', Uint8Array.of(1)];
  assert.deepEqual(sha256Lp('domain', ...fields), new Uint8Array(createHash('sha256').update(bytes).digest()));
  assert.deepEqual(sha512Lp('domain', ...fields), new Uint8Array(createHash('sha512').update(bytes).digest()));
  assert.deepEqual(hmacLp(key, 'domain', ...fields), new Uint8Array(createHmac('sha256', key).update(bytes).digest()));
  assert.deepEqual(hkdfLp(key, salt, 'domain', fields), new Uint8Array(hkdfSync('sha256', key, salt, bytes, 32)));
  assert.equal(hkdfLp(key, salt, 'domain', [], 64).length, 64);
});

test('41: another domain, another field or another order gives another key', () => {
  const key = new Uint8Array(32);
  const all = [
    ['a', 'b'],
    ['b', 'a'],
    ['ab', ''],
    ['', 'ab'],
    ['a', 'b', ''],
  ].flatMap((fields) => [
    hex(hkdfLp(key, key, 'one v1', fields)),
    hex(hkdfLp(key, key, 'one v2', fields)),
    hex(hmacLp(key, 'one v1', ...fields)),
  ]);
  assert.equal(new Set(all).size, all.length);
});

test('a key hash has one form, which says the mode', () => {
  assert.equal(keyHash(new Uint8Array(32), 'production'), base58(fromHex(`0a${'00'.repeat(32)}${checksum('0a')}`)));
  assert.equal(keyHash(new Uint8Array(32), 'simulation'), base58(fromHex(`6f${'00'.repeat(32)}${checksum('6f')}`)));
  fc.assert(
    fc.property(spki, fc.constantFrom(...modes), (hash, mode) => {
      const text = keyHash(hash, mode);
      assert.deepEqual(parseKeyHash(text), { mode, spkiSha256: new Uint8Array(hash) });
    }),
  );
});

function checksum(version: string): string {
  const body = fromHex(`${version}${'00'.repeat(32)}`);
  return sha256Hex(sha256(body)).slice(0, 8);
}

test('a key hash with one character changed, added, removed or put elsewhere is refused', () => {
  fc.assert(
    fc.property(
      spki,
      fc.constantFrom(...modes),
      fc.nat(),
      fc.constantFrom('1', '2', 'A', 'z'),
      (hash, mode, at, other) => {
        const text = keyHash(hash, mode);
        const place = at % text.length;
        const forms = [
          text.slice(0, place) + other + text.slice(place + 1),
          text.slice(0, place) + other + text.slice(place),
          text.slice(0, place) + text.slice(place + 1),
          `1${text}`,
          ` ${text}`,
          `${text}\n`,
          text.toUpperCase(),
        ];
        for (const form of forms) if (form !== text) assert.throws(() => parseKeyHash(form), format, form);
      },
    ),
  );
});

test('a key hash of another version byte or length is refused although its checksum is right', () => {
  const sealed = (body: Uint8Array) => base58(concat(body, sha256(sha256(body)).subarray(0, 4)));
  const hash = new Uint8Array(32).fill(7);
  for (const version of [0x00, 0x0b, 0x6e, 0xff]) {
    const text = sealed(concat(Uint8Array.of(version), hash));
    assert.throws(() => parseKeyHash(text, 'cas_key'), format);
  }
  for (const length of [0, 31, 33]) {
    const text = sealed(concat(Uint8Array.of(0x0a), new Uint8Array(length).fill(7)));
    assert.throws(() => parseKeyHash(text, 'cas_key'), { ...format, message: /^cas_key is no key hash/ });
  }
  assert.equal(parseKeyHash(sealed(concat(Uint8Array.of(0x0a), hash))).mode, 'production');
});

test('hostile text as a key hash gives our error and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      assert.throws(() => parseKeyHash(text), SconeError);
    }),
  );
  assert.throws(() => parseKeyHash('1'.repeat(100_000)), format);
  assert.equal(fromBase58('1').length, 1);
});
