import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, utf8Text } from '../core/bytes.ts';
import type { Part } from './placeholders.ts';
import { isRaw, resolveReference, secretBytes } from './secret-text.ts';
import type { SessionSecret } from './types.ts';

const secrets: SessionSecret[] = [
  { name: 'word', kind: 'ascii', size: '20' },
  { name: 'key', kind: 'binary', size: '4' },
  { name: 'odd.hex', kind: 'binary', size: '4' },
];

function text(part: Extract<Part, { secret: string }>, value: Uint8Array): string {
  return utf8Text(secretBytes(resolveReference(part, secrets), value));
}

test('an ascii secret stands as it is', () => {
  assert.equal(text({ secret: 'word' }, utf8('a"b')), 'a"b');
  assert.equal(text({ secret: 'word', escape: 'json' }, utf8('a"b\\')), 'a\\"b\\\\');
});

test('a binary secret is written in the format that the placeholder names', () => {
  const value = Uint8Array.of(0xfb, 0xff, 0xfe, 0x01);
  assert.equal(text({ secret: 'key', format: 'hex' }, value), 'fbfffe01');
  assert.equal(text({ secret: 'key', format: 'base64' }, value), '+//+AQ==');
  assert.equal(text({ secret: 'key', format: 'base64url' }, value), '-__-AQ');
  assert.deepEqual(secretBytes(resolveReference({ secret: 'key' }, secrets), value), value);
  assert.equal(isRaw(resolveReference({ secret: 'key' }, secrets)), true);
});

test('base32 gives the values of RFC 4648, section 10', () => {
  const vectors = {
    '': '',
    f: 'MY======',
    fo: 'MZXQ====',
    foo: 'MZXW6===',
    foob: 'MZXW6YQ=',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI======',
  };
  for (const [plain, encoded] of Object.entries(vectors)) {
    assert.equal(text({ secret: 'key', format: 'base32' }, utf8(plain)), encoded);
    assert.equal(text({ secret: 'key', format: 'base32nopad' }, utf8(plain)), encoded.replace(/=+$/, ''));
  }
});

test('the old suffix .hex means the format, unless a secret has exactly that name', () => {
  assert.equal(text({ secret: 'key.hex' }, Uint8Array.of(10)), '0a');
  assert.equal(resolveReference({ secret: 'odd.hex' }, secrets).format, 'bin');
});

test('an unknown secret and an unknown format are refused by name', () => {
  assert.throws(() => resolveReference({ secret: 'wrod' }, secrets), {
    code: 'E_SESSION',
    message: 'a placeholder refers to the secret wrod, which the session lacks',
    expected: 'one of word, key, odd.hex',
  });
  assert.throws(() => resolveReference({ secret: 'word', format: 'hex' }, secrets), {
    code: 'E_SESSION',
    message: 'a secret of kind ascii cannot be written as hex',
  });
  assert.throws(() => resolveReference({ secret: 'key', format: 'pem' }, secrets), { code: 'E_SESSION' });
});
