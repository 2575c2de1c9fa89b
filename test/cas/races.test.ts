import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../../src/core/bytes.ts';
import { keyHash } from '../../src/core/digest.ts';
import { SconeError } from '../../src/core/errors.ts';
import { productionRoots } from '../../src/evidence/roots.ts';
import { makeReplicas, type Replica, testPlatform } from './in-process.ts';
import { makeService, namespaceSession, type Service, sessionFor } from './service.ts';

const code = (expected: string) => (error: unknown) => error instanceof SconeError && error.code === expected;

async function deploy(replica: Replica): Promise<{ service: Service; hash: string }> {
  const key = keyHash(replica.identity.spkiSha256, 'simulation');
  const service = makeService({ key, service: { host: 'localhost', port: 1 } }, 'ns/app/python3');
  await replica.put(namespaceSession('ns'));
  const { hash } = await replica.put(sessionFor(service));
  return { service, hash };
}

/** Puts another writer's change between the decision of the next append and the append itself, once. */
function overtake(shared: { beforeAppend: () => Promise<void> }, change: () => Promise<unknown>): void {
  shared.beforeAppend = async () => {
    shared.beforeAppend = async () => {};
    await change();
  };
}

test('66: a release that lost the race against a revocation is evaluated again and refused', async () => {
  const { replicas, shared } = await makeReplicas(2);
  const [one, two] = replicas as [Replica, Replica];
  const { service, hash } = await deploy(one);
  await two.put(namespaceSession('catch-up'));
  await one.attest(service);
  const before = shared.records.length;
  overtake(shared, () => two.put({ ...sessionFor(service), services: [], predecessor: hash }));
  await assert.rejects(one.attest(service), code('E_ATTESTATION'));
  // The revocation is the only record that came to the ledger: the release was thrown away, not chained behind it.
  assert.equal(shared.records.length, before + 1);
  assert.equal(one.journal.view.size, before + 1);
});

test('66: a release that lost the race against something else is recorded behind it, on the new state', async () => {
  const { replicas, shared } = await makeReplicas(2);
  const [one, two] = replicas as [Replica, Replica];
  const { service, hash } = await deploy(one);
  await two.put(namespaceSession('catch-up'));
  const changed = { ...sessionFor(service), predecessor: hash, salt: '00'.repeat(16) };
  overtake(shared, () => two.put(changed));
  const { session_hash, index } = await one.attest(service);
  assert.notEqual(session_hash, hash);
  assert.equal(session_hash, two.journal.view.session('ns/app')?.hash);
  assert.equal(index, shared.records.length - 1);
});

test('43, 66: of two replicas that update with one predecessor one wins, the other sees the winner', async () => {
  const { replicas, shared } = await makeReplicas(2);
  const [one, two] = replicas as [Replica, Replica];
  const { service, hash } = await deploy(one);
  await two.put(namespaceSession('catch-up'));
  const update = (replica: Replica, salt: string) =>
    replica.put({ ...sessionFor(service), predecessor: hash, salt: salt.repeat(32) });
  overtake(shared, () => update(two, 'b'));
  await assert.rejects(
    update(one, 'a'),
    (error) =>
      error instanceof SconeError &&
      error.code === 'E_PREDECESSOR' &&
      error.found === two.journal.view.session('ns/app')?.hash,
  );
});

test('65: what was sealed for a lost race is never sealed again under the same key', async () => {
  const { replicas, shared } = await makeReplicas(2);
  const [one, two] = replicas as [Replica, Replica];
  const { service } = await deploy(one);
  await two.put(namespaceSession('catch-up'));
  const salts = new Set<string>();
  for (let i = 0; i < 10; i++) {
    overtake(shared, () => two.attest(service));
    await one.attest(service);
  }
  for (const record of shared.records) salts.add(hex(record.subarray(13, 45)));
  assert.equal(salts.size, shared.records.length);
});

test('a refusal that rests on a record of its batch is not told when that record did not become durable', async () => {
  const { replicas, shared } = await makeReplicas(1);
  const [cas] = replicas as [Replica];
  const { service, hash } = await deploy(cas);
  const full = new SconeError('E_STORE', 'the disk is full');
  shared.beforeAppend = async () => {
    shared.beforeAppend = async () => {};
    throw full;
  };
  const update = { ...sessionFor(service), predecessor: hash, salt: '00'.repeat(16) };
  const [first, second] = await Promise.allSettled([cas.put(update), cas.put(update)]);
  assert.deepEqual(
    [first, second],
    [
      { status: 'rejected', reason: full },
      { status: 'rejected', reason: full },
    ],
  );
  await cas.put(update);
});

test('many decisions of one moment become records in their order, each on the state before it', async () => {
  const { replicas, shared } = await makeReplicas(1);
  const [cas] = replicas as [Replica];
  const { service } = await deploy(cas);
  const before = shared.records.length;
  let appends = 0;
  const { beforeAppend } = shared;
  shared.beforeAppend = async () => {
    appends++;
    await beforeAppend();
  };
  const answers = await Promise.all(Array.from({ length: 40 }, () => cas.attest(service)));
  assert.deepEqual(
    answers.map(({ index }) => index).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => before + i),
  );
  assert.ok(appends < 40, 'one append serves several');
});

test('47: simulated evidence is refused by a production CAS, whatever the session tolerates and the environment says', async () => {
  process.env['SCONE_MODE'] = 'SIM';
  const platform = testPlatform({ mode: 'production', roots: productionRoots });
  const { replicas } = await makeReplicas(1, { platform });
  const [cas] = replicas as [Replica];
  const key = keyHash(cas.identity.spkiSha256, 'production');
  const service = makeService({ key, service: { host: 'localhost', port: 1 } }, 'ns/app/python3');
  await cas.put(namespaceSession('ns'));
  await cas.put(
    sessionFor(service, {
      security: {
        attestation: {
          tolerate: ['debug-mode', 'outdated-tcb', 'insecure-configuration', 'software-hardening-needed'],
          ignore_advisories: '*',
        },
      },
    }),
  );
  for (const tee of ['sim', 'sgx'] as const) {
    await assert.rejects(
      cas.attest(service, { tee, claimedTee: tee }),
      (error) => error instanceof SconeError && ['E_CHAIN', 'E_TEE', 'E_EVIDENCE'].includes(error.code),
    );
  }
  assert.equal(cas.journal.view.records('ns/app').length, 1);
  delete process.env['SCONE_MODE'];
});
