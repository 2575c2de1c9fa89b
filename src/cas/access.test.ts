import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyHash, sha256 } from '../core/digest.ts';
import { permits } from './access.ts';

const key = (n: number, mode: 'production' | 'simulation' = 'production') => keyHash(sha256(Uint8Array.of(n)), mode);

test('34: who shows no certificate passes where anybody does, and nowhere else', () => {
  assert.equal(permits(['ANY'], undefined, key(1)), true);
  for (const list of [['CREATOR'], ['NONE'], [key(1)], [], ['CREATOR', 'ANY']]) {
    assert.equal(permits(list, undefined, key(1)), false, list.join());
    assert.equal(permits(list, undefined, undefined), false, list.join());
  }
});

test('CREATOR is the creator, a key hash its holder, NONE nobody', () => {
  assert.equal(permits(['CREATOR'], key(1), key(1)), true);
  assert.equal(permits(['CREATOR'], key(2), key(1)), false);
  assert.equal(permits(['CREATOR'], key(1), undefined), false);
  assert.equal(permits([key(2), key(3)], key(3), key(1)), true);
  assert.equal(permits([key(2)], key(1), key(1)), false);
  assert.equal(permits(['NONE'], key(1), key(1)), false);
  assert.equal(permits(['NONE', key(1)], key(1), key(1)), true);
  assert.equal(permits([], key(1), key(1)), false);
});

test('key hashes are compared as what they say, and what is none lets nobody pass', () => {
  assert.equal(permits([key(1, 'simulation')], key(1), undefined), true);
  for (const entry of ['', 'any', key(1).slice(0, -1), ` ${key(1)}`, `1${key(1)}`, '-----BEGIN CERTIFICATE-----']) {
    assert.equal(permits([entry], key(1), undefined), false, entry);
  }
});
