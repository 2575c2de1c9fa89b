import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { formats, mutate } from '../../test/evidence/mutation.ts';

for (const format of formats()) {
  test(`11: changed bytes of a ${format.name} give our own error, and none that is signed is accepted`, () => {
    assert.deepEqual(
      mutate(format, 400, (length) => new Uint8Array(randomBytes(length))),
      [],
    );
  });
}
