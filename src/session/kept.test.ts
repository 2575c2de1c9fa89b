import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostValues } from './kept.ts';
import { normaliseSession } from './parse.ts';

const salt = '00112233445566778899aabbccddeeff';
const session = (...secrets: object[]) => normaliseSession({ version: '0.3.12', name: 'a', salt, secrets });
const explicit = { value_hmac: 'ab'.repeat(32) };

test('an update loses the generated values whose kind, size or name it changes, and each for its reason', () => {
  const before = session(
    { name: 'same', kind: 'ascii', size: '20' },
    { name: 'longer', kind: 'ascii', size: '32' },
    { name: 'other', kind: 'ascii', size: '16' },
    { name: 'both', kind: 'ascii', size: '16' },
    { name: 'own', kind: 'ascii' },
    { name: 'gone', kind: 'binary' },
    { name: 'given', kind: 'ascii', ...explicit },
  );
  const next = session(
    { name: 'both', kind: 'binary', size: '17' },
    { name: 'other', kind: 'binary', size: '16' },
    { name: 'longer', kind: 'ascii', size: '33' },
    // 20 is what no size means.
    { name: 'same', kind: 'ascii', export_public: true },
    { name: 'own', kind: 'ascii', ...explicit },
    { name: 'new', kind: 'ascii' },
  );
  assert.deepEqual(
    lostValues(before, next).map(({ secret, instead, why }) => `${secret} ${instead}: ${why}`),
    [
      'longer anew: size 32 became 33',
      'other anew: kind ascii became binary',
      'both anew: kind ascii became binary, size 16 became 17',
      'own given: it has an explicit value now',
      'gone dropped: the session does not have it any more',
    ],
  );
});
