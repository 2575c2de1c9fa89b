import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { failure, type Place, result, sconectl } from '../cli/sconectl.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { type Applied, meshOf, reporterMesh } from './mesh.ts';

test('applying again changes nothing, and changing API_USER changes API_USER', async (t) => {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  const environment = async (): Promise<{ [name: string]: string }> => {
    const started = await mesh.start();
    await started.report.tell('exit 0');
    await started.ended;
    return started.report.environment;
  };
  const actions = ({ sessions }: Applied): string[] => sessions.map(({ action }) => action);
  assert.deepEqual(actions(await mesh.apply()), ['created', 'created']);
  const first = await environment();
  assert.deepEqual(actions(await mesh.apply()), ['unchanged', 'unchanged']);
  assert.deepEqual(await environment(), first);
  assert.deepEqual(actions(await mesh.apply({ API_USER: '$$SCONE is "no" placeholder' })), ['unchanged', 'updated']);
  assert.deepEqual(await environment(), { ...first, API_USER: '$$SCONE is "no" placeholder' });
  assert.deepEqual(await mesh.events(), ['session', 'release', 'release', 'session', 'release']);
});

test('43: of two applies at the same time with one predecessor one wins, and the other is told the current hash', async (t) => {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const copy: Place = { home: mesh.place.home, folder: `${mesh.place.folder}-copy` };
  cpSync(mesh.place.folder, copy.folder, { recursive: true });
  t.after(() => rmSync(copy.folder, { recursive: true, force: true }));
  const users = ['first', 'second'];
  const ended = await Promise.all(
    [mesh.place, copy].map((place, index) =>
      sconectl(place, ...mesh.applying({ API_USER: users[index] ?? '' }), '--output', 'json'),
    ),
  );
  const current = await result<{ hash: string; session: { services: { environment: { API_USER: string } }[] } }>(
    mesh.place,
    'session',
    'read',
    'space/reporter',
    '--cas',
    mesh.cas.address,
  );
  const documents = ended.map(
    ({ stdout }) => JSON.parse(stdout) as { ok: boolean; errors?: { code: string; found: string; hint: string }[] },
  );
  assert.deepEqual(
    ended.map(({ code }) => code === 0).sort((a, b) => Number(a) - Number(b)),
    [false, true],
  );
  const loser = documents.find(({ ok }) => !ok)?.errors?.[0];
  assert.equal(loser?.code, 'E_PREDECESSOR');
  // The CAS says the hash, or the client does, when it saw the winner's session before it sent its own.
  assert.equal(loser?.found, current.hash);
  assert.ok((loser?.hint ?? '') !== '');
  const winner = users[documents.findIndex(({ ok }) => ok)];
  assert.equal(current.session.services[0]?.environment.API_USER, winner);
  assert.deepEqual(await mesh.events(), ['session', 'session']);
});

test('70: a stranger with the same manifests does not get into the namespace, and is told whose it is', async (t) => {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const stranger = meshOf(t, { ...mesh, place: { home: freshHome(t), folder: `${mesh.place.folder}-stranger` } });
  t.after(() => rmSync(stranger.place.folder, { recursive: true, force: true }));
  cpSync(mesh.place.folder, stranger.place.folder, { recursive: true });
  cpSync(join(mesh.place.home, 'images'), join(stranger.place.home, 'images'), { recursive: true });
  const { key_hash: owner } = await result<{ key_hash: string }>(mesh.place, 'self', 'show');
  const refused = await failure(stranger.place, ...stranger.applying({ API_USER: 'stranger' }));
  assert.equal(refused.code, 'E_ACCESS');
  assert.ok(JSON.stringify(refused).includes(owner));
  assert.match(readFileSync(join(stranger.place.folder, 'target/sessions/space-reporter.yaml'), 'utf8'), /myself/);
  assert.deepEqual(await mesh.events(), ['session']);
});
