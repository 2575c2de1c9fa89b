import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { failure, sconectl, startCas } from '../cli/sconectl.ts';
import { freshHome } from '../support/home.ts';
import { listen } from './listener.ts';
import { type Mesh, meshOf } from './mesh.ts';
import { builtProject } from './projects.ts';

test("36: the CAS's ledger restored from an older copy is refused by the next apply, which says since when; an empty home finds it by cas.lock", async (t) => {
  const home = freshHome(t);
  const place = await builtProject(t, 'reporter', home);
  const data = join(home, 'cas');
  const parts = { place, data, listener: await listen(t), runc: '' };
  const first: Mesh = meshOf(t, { ...parts, cas: await startCas(t, place, data) });
  await first.apply();
  await first.cas.stop();
  const copy = join(home, 'copy');
  cpSync(data, copy, { recursive: true });

  const { address } = first.cas;
  const second = meshOf(t, { ...parts, cas: await startCas(t, place, data, address) });
  await second.apply({ API_USER: 'later' });
  await second.cas.stop();
  rmSync(data, { recursive: true });
  cpSync(copy, data, { recursive: true });

  const third = meshOf(t, { ...parts, cas: await startCas(t, place, data, address) });
  const texts = (folder: string) =>
    ['target/sessions/space-reporter.yaml', 'target/initdata/reporter.toml', 'cas.lock'].map((path) =>
      readFileSync(join(folder, path), 'utf8'),
    );
  const before = texts(place.folder);
  for (const command of [
    third.applying({ API_USER: 'again' }),
    ['cas', 'log', 'space/reporter', '--cas', address],
    ['session', 'read', 'space/reporter', '--cas', address],
  ]) {
    const { code, expected, found, causes, hint } = await failure(place, ...command);
    assert.equal(code, 'E_ROLLBACK', command.join(' '));
    assert.match(expected ?? '', /^at least 4 records, seen since 20\d\d-\d\d-\d\dT/);
    assert.equal(found, '3 records');
    assert.match(causes.join('\n'), /are gone: everything since 20\d\d-/);
    assert.ok((hint ?? '') !== '');
  }
  const { code, stderr } = await sconectl(place, ...third.applying({ API_USER: 'again' }));
  assert.equal(code, 1);
  assert.match(stderr, /^error E_ROLLBACK: .*$/m);
  // A machine of a CI: the folder out of version control, and nothing else.
  const machine = { home: freshHome(t), folder: `${place.folder}-checkout` };
  t.after(() => rmSync(machine.folder, { recursive: true, force: true }));
  cpSync(place.folder, machine.folder, { recursive: true });
  cpSync(join(place.home, 'images'), join(machine.home, 'images'), { recursive: true });
  assert.equal((await failure(machine, ...third.applying({ API_USER: 'again' }))).code, 'E_ROLLBACK');
  assert.deepEqual(texts(place.folder), before);
  assert.deepEqual(texts(machine.folder), before);
});

test('36: two CASes that went on from one copy: the second apply finds the fork, with an empty home by cas.lock', async (t) => {
  const home = freshHome(t);
  const place = await builtProject(t, 'reporter', home);
  const data = join(home, 'cas');
  const parts = { place, data, listener: await listen(t), runc: '' };
  const first = meshOf(t, { ...parts, cas: await startCas(t, place, data) });
  await first.apply();
  await first.cas.stop();
  const copy = join(home, 'copy');
  cpSync(data, copy, { recursive: true });

  const mine = meshOf(t, { ...parts, cas: await startCas(t, place, data) });
  const theirs = meshOf(t, { ...parts, cas: await startCas(t, place, copy) });
  assert.equal(mine.cas.key, theirs.cas.key);
  await mine.apply({ API_USER: 'one' });
  // The other branch grows, too: a machine that remembers only the beginning writes to it.
  const other = { home: freshHome(t), folder: `${place.folder}-other` };
  t.after(() => rmSync(other.folder, { recursive: true, force: true }));
  cpSync(place.folder, other.folder, { recursive: true });
  rmSync(join(other.folder, 'cas.lock'));
  for (const path of ['images', 'identity.pem']) cpSync(join(home, path), join(other.home, path), { recursive: true });
  rmSync(join(other.folder, 'target/sessions'), { recursive: true });
  await meshOf(t, { ...theirs, place: other }).apply({ API_USER: 'two' });

  const found = await failure(place, ...theirs.applying({ API_USER: 'one' }));
  assert.equal(found.code, 'E_ROLLBACK');
  assert.equal(found.causes.filter((cause) => /^signed (?:earlier|now): /.test(cause)).length, 2);
  // The folder out of version control on a machine that never was anywhere.
  const machine = { home: freshHome(t), folder: place.folder };
  cpSync(join(home, 'images'), join(machine.home, 'images'), { recursive: true });
  const told = await failure(machine, ...theirs.applying({ API_USER: 'one' }));
  assert.equal(told.code, 'E_ROLLBACK');
  assert.ok(told.message.includes(join(place.folder, 'cas.lock')), told.message);
});
