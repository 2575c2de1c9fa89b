import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { concat, equalBytes, hex, lp, uint, utf8 } from '../core/bytes.ts';
import { hkdfLp, sha256Lp } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { genesisHash, type LedgerKey, openRecord, sealRecord } from './seal.ts';

const key: LedgerKey = {
  root: randomBytes(32),
  version: 1,
  mode: 'simulation',
  ledger: '00112233445566778899aabbccddeeff',
};
const previous = randomBytes(32);
const salt = randomBytes(32);
const text = utf8('what nobody may read');

const refuses = (call: () => unknown) =>
  assert.throws(call, (error) => error instanceof SconeError && error.code === 'E_LEDGER');

test('a record is version, key version, n, salt, ciphertext and tag under the key of the protocol', () => {
  const record = sealRecord(key, 7, previous, salt, text);
  const header = concat(Uint8Array.of(1), uint(1, 4), uint(7, 8), salt);
  const own = hkdfLp(key.root, salt, 'sconectl ledger v1', [key.mode, key.ledger, uint(1, 4), uint(7, 8)]);
  const cipher = createCipheriv('aes-256-gcm', own, new Uint8Array(12));
  cipher.setAAD(concat(header, lp(key.ledger), previous));
  const expected = concat(header, cipher.update(text), cipher.final(), cipher.getAuthTag());
  assert.equal(hex(record), hex(expected));
});

test('what was sealed opens, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (plaintext, n) => {
      const record = sealRecord(key, n, previous, randomBytes(32), plaintext);
      assert.ok(equalBytes(openRecord(key, n, previous, record), plaintext));
    }),
  );
});

test('37: every bit of a record is authenticated', () => {
  const record = sealRecord(key, 7, previous, salt, text);
  for (let bit = 0; bit < 8 * record.length; bit++) {
    const flipped = record.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    refuses(() => openRecord(key, 7, previous, flipped));
  }
});

test('36: a record opens neither at another place nor behind another record', () => {
  const record = sealRecord(key, 7, previous, salt, text);
  refuses(() => openRecord(key, 8, previous, record));
  refuses(() => openRecord(key, 7, randomBytes(32), record));
});

test('63: a record of one mode or ledger does not open in another, nor under another root or key version', () => {
  const record = sealRecord(key, 7, previous, salt, text);
  for (const other of [
    { mode: 'production' as const },
    { ledger: 'ff112233445566778899aabbccddeeff' },
    { root: randomBytes(32) },
    { version: 2 },
  ]) {
    refuses(() => openRecord({ ...key, ...other }, 7, previous, record));
  }
});

test('42: short, cut and foreign records are refused with our own error', () => {
  const record = sealRecord(key, 7, previous, salt, text);
  for (let length = 0; length < record.length; length++) {
    refuses(() => openRecord(key, 7, previous, record.subarray(0, length)));
  }
  refuses(() => openRecord(key, 7, previous, concat(record, Uint8Array.of(0))));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => refuses(() => openRecord(key, 7, previous, bytes))),
  );
});

test('65: two plaintexts for one place in the ledger never share a keystream', () => {
  const first = sealRecord(key, 7, previous, randomBytes(32), new Uint8Array(64));
  const second = sealRecord(key, 7, previous, randomBytes(32), new Uint8Array(64));
  assert.notEqual(hex(first.subarray(45)), hex(second.subarray(45)));
  assert.throws(
    () => sealRecord(key, 7, previous, new Uint8Array(16), text),
    (error) => error instanceof SconeError && error.code === 'E_INTERNAL',
  );
});

test('record 0 stands behind ledger id, mode and identity', () => {
  const spki = randomBytes(91);
  assert.equal(
    hex(genesisHash('ab', 'production', spki)),
    hex(sha256Lp('sconectl genesis v1', 'ab', 'production', spki)),
  );
});
