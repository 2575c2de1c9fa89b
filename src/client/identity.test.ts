import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { parseKeyHash } from '../core/digest.ts';
import { identityPath, loadIdentity } from './identity.ts';

const now = () => new Date('2026-11-23T05:00:00Z');
let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sconectl-identity-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

test('the first use makes an identity that only its owner can read, and every later one is the same', async () => {
  const first = await loadIdentity(join(home, 'new'), now);
  const again = await loadIdentity(join(home, 'new'), now);
  assert.deepEqual(again, first);
  assert.equal(parseKeyHash(first.keyHash).mode, 'production');
  assert.equal((await stat(identityPath(join(home, 'new')))).mode & 0o7777, 0o600);
  assert.deepEqual(await readdir(join(home, 'new')), ['identity.pem']);
});

test('two first uses at once get one identity', async () => {
  const all = await Promise.all([1, 2, 3, 4].map(() => loadIdentity(home, now)));
  assert.equal(new Set(all.map(({ keyHash }) => keyHash)).size, 1);
  assert.deepEqual(await readdir(home), ['identity.pem']);
});

test('an identity that others may read is refused by its mode', async () => {
  await loadIdentity(home, now);
  await chmod(identityPath(home), 0o640);
  await assert.rejects(loadIdentity(home, now), { code: 'E_STORE', expected: '0600', found: '0640' });
});

test('a damaged identity is refused without showing any of it, and is not replaced', async () => {
  const { certificate, privateKey } = await loadIdentity(home, now);
  const other = await loadIdentity(join(home, 'other'), now);
  for (const text of ['', privateKey, certificate + privateKey, privateKey + other.certificate, `${privateKey}x`]) {
    await writeFile(identityPath(home), text);
    await assert.rejects(loadIdentity(home, now), (error: Error & { code: string }) => {
      assert.equal(error.code, 'E_FORMAT');
      assert.ok(!JSON.stringify(error).includes(privateKey.split('\n')[1] ?? 'nothing'));
      return true;
    });
    assert.equal(await readFile(identityPath(home), 'utf8'), text);
  }
});
