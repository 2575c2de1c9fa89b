import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '../../src/core/clock.ts';
import { keyHash } from '../../src/core/digest.ts';
import { SconeError } from '../../src/core/errors.ts';
import { simCollateral } from '../../src/sim/collateral.ts';
import { makeReplicas, type Replica, testPlatform } from './in-process.ts';
import { makeService, namespaceSession, sessionFor } from './service.ts';

const hours = 60 * 60 * 1000;
const code = (expected: string) => (error: unknown) => error instanceof SconeError && error.code === expected;

async function deployed(start: Date, platform = testPlatform()) {
  const host = { now: start };
  const { replicas } = await makeReplicas(1, { clock: () => host.now, platform });
  const [cas] = replicas as [Replica];
  const key = keyHash(cas.identity.spkiSha256, 'simulation');
  const service = makeService({ key, service: { host: 'localhost', port: 1 } }, 'ns/app/python3');
  await cas.put(namespaceSession('ns'));
  const { hash } = await cas.put(sessionFor(service));
  const lastTime = async () => (await cas.journal.event(cas.journal.view.size - 1)).time;
  return { host, cas, service, hash, lastTime };
}

test('67: CAS time never goes back, whatever the clock of the host does', async () => {
  const start = new Date('2026-11-23T12:00:00Z');
  const { host, cas, service, lastTime } = await deployed(start);
  host.now = new Date(start.getTime() + 5 * hours);
  await cas.attest(service);
  assert.equal(await lastTime(), '2026-11-23T17:00:00Z');
  host.now = new Date('2020-01-01T00:00:00Z');
  assert.equal(rfc3339(cas.journal.now), '2026-11-23T17:00:00Z');
  await cas.attest(service);
  assert.equal(await lastTime(), '2026-11-23T17:00:00Z');
});

test('67: a jump of more than 24 hours is judged by, but recorded only with an owner whose clock agrees', async () => {
  const start = new Date('2026-11-23T12:00:00Z');
  const { host, cas, service, hash, lastTime } = await deployed(start);
  host.now = new Date('2031-01-01T00:00:00Z');
  assert.equal(rfc3339(cas.journal.now), '2031-01-01T00:00:00Z');
  await cas.attest(service);
  assert.equal(await lastTime(), '2026-11-23T12:00:00Z');
  // A stranger's new session confirms nothing, however right its clock seems.
  await cas.put(namespaceSession('other'));
  assert.equal(await lastTime(), '2026-11-23T12:00:00Z');
  const update = { ...sessionFor(service), predecessor: hash };
  const late = { session: update, time: '2026-11-23T12:00:00Z' };
  const uploader = cas.journal.view.session('ns/app')?.creator ?? assert.fail();
  await assert.rejects(cas.sessions.put('ns/app', late, uploader), code('E_TIME'));
  // The wrong clock is corrected, and has poisoned nothing: neither time nor collateral.
  host.now = new Date('2026-11-23T13:00:00Z');
  await cas.attest(service);
  assert.equal(await lastTime(), '2026-11-23T13:00:00Z');
  host.now = new Date('2026-12-23T13:00:00Z');
  await cas.put(update);
  assert.equal(await lastTime(), '2026-12-23T13:00:00Z');
});

test('67: collateral older than the newest seen is refused, also when the host turns its clock back', async () => {
  const start = new Date('2026-11-23T12:00:00Z');
  let shown = simCollateral(new Date('2026-11-22T12:00:00Z'));
  const platform = testPlatform({ collateral: () => shown });
  const { cas, service } = await deployed(start, platform);
  await cas.attest(service);
  const old = shown;
  shown = simCollateral(start);
  await cas.attest(service);
  assert.ok(Object.keys(cas.journal.view.seen).length >= 4);
  shown = old;
  await assert.rejects(cas.attest(service), code('E_COLLATERAL'));
  shown = simCollateral(start);
  await cas.attest(service);
});

test('67: collateral moves CAS time forward, so that a clock set back meets its own collateral again', async () => {
  const start = new Date('2026-11-23T12:00:00Z');
  const issued = new Date('2026-11-23T11:00:00Z');
  const platform = testPlatform({ collateral: () => simCollateral(issued) });
  const { host, cas, service } = await deployed(start, platform);
  await cas.attest(service);
  host.now = new Date('2026-11-01T00:00:00Z');
  assert.ok(cas.journal.now >= start);
  assert.ok(cas.journal.view.newestIssue.getTime() <= issued.getTime());
});
