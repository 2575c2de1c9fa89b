import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { identitySpki, makeIdentity, openIdentity } from './identity.ts';
import { Journal } from './journal.ts';
import { MemoryStore, SharedRecords } from './memory-store.ts';

/** A journal with its first record, and how many records each append to its store had since. */
async function open(): Promise<{ journal: Journal; commit: () => Promise<unknown>; appended: number[] }> {
  const clock = () => new Date('2026-01-15T12:00:00Z');
  const keys = await makeIdentity(clock());
  const key = { root: new Uint8Array(32), version: 1, mode: 'simulation', ledger: '00'.repeat(16) } as const;
  const store = new MemoryStore(new SharedRecords());
  const appended: number[] = [];
  const append = store.append.bind(store);
  store.append = async (expected, records) => {
    appended.push(records.length);
    await append(expected, records);
  };
  const journal = await Journal.open({
    store,
    key,
    identitySpki: identitySpki(keys),
    sign: (bytes) => openIdentity(keys, key.mode).sign(bytes),
    clock,
    random: (length) => new Uint8Array(randomBytes(length)),
  });
  await journal.commit((_view, moment) => ({
    event: {
      type: 'genesis',
      time: moment.record(true),
      mode: key.mode,
      ledger: key.ledger,
      ...keys,
      create_sessions: ['ANY'],
    },
    result: undefined,
  }));
  appended.length = 0;
  const commit = () =>
    journal.commit((_view, moment) => ({
      event: { type: 'reveal', time: moment.record(), name: 'a', hash: '00'.repeat(32), by: 'x' },
      result: undefined,
    }));
  return { journal, commit, appended };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One commit in each turn of the event loop, in front of what the journal waits for, as requests come from sockets. */
async function comeOneByOne(count: number, commit: () => Promise<unknown>): Promise<void> {
  const all = [];
  for (let come = 0; come < count; come++) {
    const next = turn();
    all.push(commit());
    await next;
  }
  await Promise.all(all);
}

test('records that come turn after turn of the event loop join one batch', async () => {
  const { commit, appended } = await open();
  await comeOneByOne(10, commit);
  assert.deepEqual(appended, [10]);
});

test('who comes alone is not kept waiting for others', async () => {
  const { commit, appended } = await open();
  let turns = 0;
  const alone = commit().then(() => turns);
  for (; turns < 32; turns++) await turn();
  const waited = await alone;
  assert.deepEqual(appended, [1]);
  assert.ok(waited < 8, `it took ${waited} turns`);
});

test('a batch does not wait for ever, however many keep coming', async () => {
  const { commit, appended } = await open();
  await comeOneByOne(200, commit);
  assert.ok(appended.length > 1, `${appended.length} batches`);
  assert.ok(Math.max(...appended) <= 64, `the longest had ${Math.max(...appended)} records`);
});
