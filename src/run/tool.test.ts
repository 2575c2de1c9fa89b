import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import type { SconeError } from '../core/errors.ts';
import { findTool } from './tool.ts';

function folderWith(t: TestContext, programs: { [name: string]: string }): string {
  const folder = tempFolder(t);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

test('runc comes before crun, wherever they are on PATH', (t) => {
  const crun = folderWith(t, { crun: 'exit 0' });
  const runc = folderWith(t, { runc: 'exit 0' });
  assert.equal(findTool(undefined, `${crun}:${runc}`), join(runc, 'runc'));
  assert.equal(findTool(undefined, crun), join(crun, 'crun'));
});

test('one that does not run is passed over, and everything that was tried is told', (t) => {
  const folder = folderWith(t, { runc: 'echo no libseccomp >&2; exit 1', crun: 'exit 0' });
  assert.equal(findTool(undefined, folder), join(folder, 'crun'));
  const broken = folderWith(t, { runc: 'echo no libseccomp >&2; exit 1' });
  mkdirSync(join(broken, 'crun'));
  assert.throws(
    () => findTool(undefined, broken),
    (error: SconeError) => {
      assert.equal(error.code, 'E_TOOL');
      assert.deepEqual(error.causes, ['crun: not on PATH', `${join(broken, 'runc')}: no libseccomp`]);
      return true;
    },
  );
});

test('one that runs only with a variable of its caller is none: nobody could end what it starts', (t) => {
  process.env['NEEDED_BY_TOOL'] = 'x';
  const folder = folderWith(t, { runc: '[ -n "$NEEDED_BY_TOOL" ]' });
  assert.throws(() => findTool(undefined, folder), { code: 'E_TOOL' });
});

test('a tool that is named is the only one that is tried', (t) => {
  const folder = folderWith(t, { runc: 'exit 0' });
  assert.throws(() => findTool(join(folder, 'other'), folder), { code: 'E_TOOL', expected: join(folder, 'other') });
});
