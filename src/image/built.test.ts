import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { makeTarget, readBuilt, recordBuilt } from './built.ts';

const image = (digit: string) => ({ digest: `sha256:${digit.repeat(64)}`, rootfs: digit.repeat(64) });

test('71: target keeps itself out of version control before anything is in it', async (t) => {
  const target = join(tempFolder(t), 'target');
  await makeTarget(target);
  assert.equal(readFileSync(join(target, '.gitignore'), 'utf8'), '*\n');
  writeFileSync(join(target, '.gitignore'), '# mine\n');
  await makeTarget(target);
  assert.equal(readFileSync(join(target, '.gitignore'), 'utf8'), '# mine\n');
});

test('digests are recorded by name, also by builds at one time', async (t) => {
  const target = join(tempFolder(t), 'target');
  await makeTarget(target);
  assert.deepEqual([...(await readBuilt(target))], []);
  await Promise.all([recordBuilt(target, 'a:1', image('1')), recordBuilt(target, 'b:1', image('2'))]);
  await recordBuilt(target, 'a:1', image('3'));
  assert.deepEqual(
    await readBuilt(target),
    new Map([
      ['a:1', image('3')],
      ['b:1', image('2')],
    ]),
  );
});

test('a damaged record is an E_STORE, not an empty one', async (t) => {
  const target = tempFolder(t);
  for (const text of ['', '{', '[]', '{"v":1}', '{"images":{"a":{}}}', '{"images":{"a":1}}']) {
    writeFileSync(join(target, 'images.json'), text);
    await assert.rejects(readBuilt(target), { code: 'E_STORE' }, text);
  }
});
