import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { SconeError } from '../core/errors.ts';
import { storing } from './storing.ts';

test('a folder that cannot be made is an error with a way out, whatever the file system says', async (t) => {
  const parent = tempFolder(t);
  const file = join(parent, 'file');
  writeFileSync(file, '');
  const cases: [() => Promise<unknown>, RegExp][] = [
    // What Node says of a read-only file system too, where all missing folders are to be made.
    [() => mkdir(join(parent, 'none/folder')), /above may be read-only/],
    [() => mkdir(join(file, 'folder'), { recursive: true }), /is a file/],
    [() => mkdir(file, { recursive: true }), /in the place of a folder/],
    // Nobody makes folders in /sys, not even root.
    [() => mkdir('/sys/sconectl'), /who owns|read-only/],
  ];
  for (const [make, hint] of cases) {
    await assert.rejects(storing('the folder', make), (error) => {
      assert.ok(error instanceof SconeError && error.code === 'E_STORE', String(error));
      assert.equal(error.message, 'the folder could not be written');
      assert.match(error.hint ?? '', hint);
      return true;
    });
  }
});

test('what is no refusal of the file system stays what it is', async () => {
  for (const error of [new TypeError('a bug'), new SconeError('E_IMAGE', 'no image')]) {
    await assert.rejects(
      storing('x', () => Promise.reject(error)),
      (found) => found === error,
    );
  }
});
