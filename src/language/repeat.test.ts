import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameIn, repeated } from './repeat.ts';

test('56: of a text in the place of a name only what can be one is repeated', () => {
  for (const text of ['db:precious', 'db precious', 'db\nprecious', 'db\u0007precious', 'db=precious', 'db$precious']) {
    assert.deepEqual([nameIn(text), repeated(text)], ['db', 'db…'], JSON.stringify(text));
  }
  assert.deepEqual(['a-b.c_d~1', '', 'é'].map(repeated), ['a-b.c_d~1', '', '…']);
  assert.equal(repeated('a'.repeat(1000)), `${'a'.repeat(128)}…`);
});
