import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keyHash } from '../../src/core/digest.ts';
import { parseInitData, renderInitData, type ServiceInitData } from '../../src/initdata/document.ts';
import { result, startCas } from '../cli/sconectl.ts';
import { readRefusal } from '../ground/setup.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { listen } from './listener.ts';
import { type Mesh, meshOf, reporterMesh } from './mesh.ts';
import { relayTo, replay } from './relay.ts';

/** What the host of a service can change in what it starts: the init data of an applied mesh. */
function steer({ place }: Mesh, change: Partial<ServiceInitData>): void {
  const path = join(place.folder, 'target/initdata/reporter.toml');
  const fields = parseInitData(readFileSync(path));
  writeFileSync(path, renderInitData({ ...fields, ...change } as ServiceInitData));
}

/** A `sconectl run` that the runtime ends; a program that starts in spite of that is a failure and is stopped. */
async function refusedRun(mesh: Mesh, ...options: string[]) {
  const error = await mesh.start(...options).then(
    () => new Error('the program was started'),
    (problem: Error) => problem,
  );
  const [, code = '', stderr = ''] =
    /^it ended with ([0-9]+) before the program reported:\n(.*)$/s.exec(error.message) ?? [];
  if (code === '') throw error;
  return readRefusal({ code: Number(code), stdout: '', stderr: stderr.replace(/^reporter \| /gm, '') });
}

async function applied(t: TestContext): Promise<Mesh | undefined> {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined) return undefined;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  return mesh;
}

test('29: another cas_key before the real address: the runtime refuses, and tells the CAS nothing', async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const other = keyHash(new Uint8Array(32).fill(7), 'simulation');
  steer(mesh, { cas_key: [other] });
  const relay = await relayTo(t, mesh.cas.service);
  const refusal = await refusedRun(mesh, '--cas-addr', relay.address);
  assert.equal(refusal.code, 'E_CAS_IDENTITY');
  assert.deepEqual(refusal.causes, [`key of the CAS: expected ${other}, found ${mesh.cas.key}`]);
  assert.notEqual(refusal.hint, '');
  assert.deepEqual(await mesh.events(), ['session']);
  // A handshake and its end, no request: that would be more than 4,000 bytes of evidence.
  assert.equal(relay.seen.length, 1);
  assert.ok((relay.seen[0]?.sent.length ?? 0) < 3000);
});

test("30: with another config id, or an image of the host's own making, the owner's CAS refuses", async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const genuine = readFileSync(join(mesh.place.folder, 'target/initdata/reporter.toml'));
  for (const config_id of ['space/reporter/python4', 'space/other/python3', 'nowhere/reporter/python3']) {
    steer(mesh, { config_id });
    const refusal = await refusedRun(mesh);
    assert.equal(refusal.code, 'E_ATTESTATION', JSON.stringify(refusal));
    assert.ok(refusal.causes.length > 0 && refusal.hint !== '');
  }
  writeFileSync(join(mesh.place.folder, 'target/initdata/reporter.toml'), genuine);

  // The host builds an image that prints the secrets, and says so in init data that is its own.
  appendFileSync(join(mesh.place.folder, 'reporter.py'), '\nprint(os.environ)\n');
  const evil = await result<{ rootfs: string }>(mesh.place, 'apply', '-f', 'service.yml');
  steer(mesh, { rootfs: evil.rootfs });
  const refusal = await refusedRun(mesh);
  assert.equal(refusal.code, 'E_ATTESTATION');
  assert.ok(refusal.causes.length > 0 && refusal.hint !== '');
  assert.deepEqual(await mesh.events(), ['session']);
  assert.equal(mesh.listener.waiting(), 0);
});

test("30: a host with its own CAS starts the program, without any value of the owner and without a release of the owner's CAS", async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const owners = await mesh.start();
  await owners.report.tell('exit 0');
  await owners.ended;

  const home = freshHome(t);
  const place = { home, folder: `${mesh.place.folder}-host` };
  t.after(() => rmSync(place.folder, { recursive: true, force: true }));
  cpSync(mesh.place.folder, place.folder, { recursive: true });
  cpSync(join(mesh.place.home, 'images'), join(home, 'images'), { recursive: true });
  // A real installation would refuse the folder's memory of another CAS, so the host forgets it.
  for (const path of ['cas.lock', 'target/sessions', 'target/initdata']) {
    rmSync(join(place.folder, path), { recursive: true, force: true });
  }
  const data = join(home, 'cas');
  const host = meshOf(t, {
    place,
    data,
    cas: await startCas(t, place, data),
    listener: await listen(t),
    runc: mesh.runc,
  });
  await host.apply();
  const started = await host.start();
  const [own, stolen] = [owners.report.environment, started.report.environment];
  assert.deepEqual(Object.keys(stolen), Object.keys(own));
  for (const name of ['API_PASSWORD', 'TOKEN', 'DATABASE']) assert.notEqual(stolen[name], own[name], name);
  await started.report.tell('exit 0');
  await started.ended;
  assert.deepEqual(await host.events(), ['session', 'release']);
  assert.deepEqual(await mesh.events(), ['session', 'release']);
});

test('26: what a runtime sent on one connection is worth nothing on another', async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const relay = await relayTo(t, mesh.cas.service);
  const started = await mesh.start('--cas-addr', relay.address);
  await started.report.tell('exit 0');
  await started.ended;
  const [first] = relay.seen;
  assert.ok(first !== undefined && first.sent.length > 4000);
  const answer = await replay(mesh.cas.service, first.sent);
  // A server hello to the repeated client hello, then an alert: never as much as the answer.
  assert.ok(answer.length < first.received.length - 500, `${answer.length} and ${first.received.length} bytes`);
  assert.deepEqual(await mesh.events(), ['session', 'release']);
});

test('33: after an update that lists another image, the old one gets nothing any more', async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const before = { home: freshHome(t), folder: `${mesh.place.folder}-before` };
  t.after(() => rmSync(before.folder, { recursive: true, force: true }));
  cpSync(mesh.place.folder, before.folder, { recursive: true });
  cpSync(join(mesh.place.home, 'images'), join(before.home, 'images'), { recursive: true });
  appendFileSync(join(mesh.place.folder, 'reporter.py'), '# second version\n');
  await result(mesh.place, 'apply', '-f', 'service.yml');
  await mesh.apply();
  const refusal = await refusedRun(meshOf(t, { ...mesh, place: before }));
  assert.equal(refusal.code, 'E_ATTESTATION');
  const started = await mesh.start();
  await started.report.tell('exit 0');
  await started.ended;
  assert.deepEqual(await mesh.events(), ['session', 'session', 'release']);
});
