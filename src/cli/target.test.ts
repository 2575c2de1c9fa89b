import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { PrivateValues } from './private.ts';
import { initDataPath, keepPredecessor, predecessorOf, sessionPath, stageOutputs } from './target.ts';

const hash = 'ab'.repeat(32);

test('outputs are not seen before they are placed, and then replace those of the apply before', async (t) => {
  const target = tempFolder(t);
  const first = await stageOutputs(
    target,
    new Map([
      [initDataPath('a', 'toml'), 'one'],
      [initDataPath('gone', 'toml'), 'one'],
      [sessionPath('Space/gone'), 'one'],
      ['helm/templates/gone.yaml', 'one'],
    ]),
  );
  assert.equal(existsSync(join(target, 'initdata')), false);
  await first.place();
  await keepPredecessor(target, 'Space/gone', hash);
  const second = await stageOutputs(target, new Map([[initDataPath('a', 'toml'), 'two']]));
  assert.equal(readFileSync(join(target, 'initdata/a.toml'), 'utf8'), 'one');
  await second.place();
  assert.equal(readFileSync(join(target, 'initdata/a.toml'), 'utf8'), 'two');
  assert.deepEqual(readdirSync(join(target, 'initdata')), ['a.toml']);
  assert.deepEqual(readdirSync(join(target, 'helm/templates')), []);
  // What the CAS has is remembered although the mesh no longer names it.
  assert.deepEqual(readdirSync(join(target, 'sessions')), ['space-gone.predecessor']);
  assert.equal(await predecessorOf(target, 'Space/gone'), hash);
  assert.deepEqual(readdirSync(target).sort(), ['helm', 'initdata', 'sessions']);
});

test('60: what an interrupted apply left is removed by the next, and discarded outputs leave nothing', async (t) => {
  const target = tempFolder(t);
  mkdirSync(join(target, '.apply-abc/initdata'), { recursive: true });
  writeFileSync(join(target, '.apply-abc/initdata/a.toml'), 'half');
  const staged = await stageOutputs(target, new Map([[initDataPath('a', 'toml'), 'one']]));
  await staged.discard();
  assert.deepEqual(readdirSync(target), []);
});

test('private values are readable by their owner only, and go when the next build has none', async (t) => {
  const target = tempFolder(t);
  const values = new PrivateValues(target);
  await values.keepExplicit('image:1', {});
  assert.equal(existsSync(join(target, 'private')), false);
  await values.keepExplicit('image:1', { token: 'secret' });
  await values.keepSalts({ 'space/app': '00'.repeat(16) });
  assert.equal(statSync(join(target, 'private')).mode & 0o777, 0o700);
  assert.equal(statSync(join(target, 'private/values.json')).mode & 0o777, 0o600);
  assert.deepEqual((await values.read()).explicit, { 'image:1': { token: 'secret' } });
  await values.keepExplicit('image:1', {});
  const { explicit, salts } = await values.read();
  assert.deepEqual([explicit, salts], [{}, { 'space/app': '00'.repeat(16) }]);
});

test('a link in the place of a folder of ours is refused, and nothing behind it is touched', async (t) => {
  for (const folder of ['helm', 'initdata', 'sessions']) {
    const target = tempFolder(t);
    const elsewhere = tempFolder(t);
    writeFileSync(join(elsewhere, 'precious.yaml'), 'mine');
    symlinkSync(elsewhere, join(target, folder));
    const applied = stageOutputs(target, new Map([['helm/Chart.yaml', 'a']])).then((staged) => staged.place());
    await assert.rejects(applied, { code: 'E_STORE', found: 'a link' });
    assert.deepEqual(readdirSync(elsewhere), ['precious.yaml']);
  }
  const target = tempFolder(t);
  const elsewhere = tempFolder(t);
  symlinkSync(elsewhere, join(target, 'private'));
  await assert.rejects(new PrivateValues(target).keepExplicit('image:1', { token: 'secret' }), { code: 'E_STORE' });
  assert.deepEqual(readdirSync(elsewhere), []);
});

test('sessions, which hold salts and HMACs, are readable by their owner only', async (t) => {
  const target = tempFolder(t);
  const files = new Map([
    [sessionPath('a/b'), 'salt: 00'],
    [initDataPath('b', 'toml'), 'x'],
  ]);
  await (await stageOutputs(target, files)).place();
  assert.equal(statSync(join(target, sessionPath('a/b'))).mode & 0o777, 0o600);
  assert.equal(statSync(join(target, initDataPath('b', 'toml'))).mode & 0o777, 0o644);
});
