import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileStore } from '../../src/cas/file-store.ts';
import { identitySpki, makeIdentity, openIdentity } from '../../src/cas/identity.ts';
import { Journal } from '../../src/cas/journal.ts';
import { sessionLimits } from '../../src/cas/session-size.ts';
import { Sessions } from '../../src/cas/sessions.ts';
import { type Random, rfc3339, systemClock } from '../../src/core/clock.ts';
import { tempFolder } from '../support/temp.ts';
import { random, uploader } from './in-process.ts';

/** A ledger in a file with nothing but record 0, opened as often as asked. */
async function ledgerIn(path: string): Promise<() => Promise<Journal>> {
  const keys = await makeIdentity(systemClock());
  const identity = openIdentity(keys, 'simulation');
  const ledger = '0a'.repeat(16);
  const open = async (): Promise<Journal> =>
    await Journal.open({
      store: await FileStore.open(path),
      key: { root: new Uint8Array(32), version: 1, mode: 'simulation', ledger },
      identitySpki: identitySpki(keys),
      sign: (bytes) => identity.sign(bytes),
      clock: systemClock,
      random,
    });
  const journal = await open();
  await journal.commit((_view, moment) => ({
    event: {
      type: 'genesis',
      time: moment.record(true),
      mode: 'simulation',
      ledger,
      ...keys,
      create_sessions: ['ANY'],
    },
    result: undefined,
  }));
  await journal.close();
  return open;
}

const minimal = { version: '0.3.12', name: 'a' };

async function put(journal: Journal, session: object, drawn: Random = random): Promise<string> {
  const sessions = new Sessions(journal, drawn);
  const request = { session: { ...minimal, ...session }, time: rfc3339(systemClock()) };
  return (await sessions.put('a', request, uploader)).hash;
}

const secretsOf = (count: number, size: string): object[] =>
  Array.from({ length: count }, (_, index) => ({ name: `s${index}`, kind: 'ascii', size }));

test('59: a change that no record can hold is refused, and the ledger opens again', async (t) => {
  const open = await ledgerIn(`${tempFolder(t)}/ledger`);
  const journal = await open();
  const { size } = journal.view;
  await assert.rejects(
    journal.commit((_view, moment) => ({
      event: {
        type: 'reveal',
        time: moment.record(),
        name: 'a',
        hash: '00'.repeat(32),
        by: 'x'.repeat(9 << 20),
      },
      result: undefined,
    })),
    { code: 'E_LIMIT' },
  );
  assert.equal(journal.view.size, size);
  await put(journal, { secrets: secretsOf(10, '99999') });
  await journal.close();
  const again = await open();
  assert.equal(again.view.size, size + 1);
  await again.close();
});

test('59: more secrets than a ledger should hold are refused before one is generated', async (t) => {
  const journal = await (await ledgerIn(`${tempFolder(t)}/ledger`))();
  const never: Random = () => assert.fail('something was generated');
  for (const secrets of [secretsOf(20, '99999'), secretsOf(sessionLimits.secrets + 1, '1')]) {
    await assert.rejects(put(journal, { secrets }, never), { code: 'E_SESSION', message: /too large/ });
  }
  const salted = { salt: '00'.repeat(16), secrets: [{ name: 'x', kind: 'ascii', value_hmac: '00'.repeat(32) }] };
  const request = {
    session: { ...minimal, ...salted },
    values: { x: 'v'.repeat(sessionLimits.secretBytes + 1) },
    time: rfc3339(systemClock()),
  };
  await assert.rejects(new Sessions(journal, never).put('a', request, uploader), { message: /too large/ });
  await journal.close();
});

test('59: a small session that would become a large answer is refused', async (t) => {
  const journal = await (await ledgerIn(`${tempFolder(t)}/ledger`))();
  const service = { name: 'x', attestation: [], command: ['x'] };
  const secrets = [
    { name: 's', kind: 'ascii', size: '99999' },
    { name: 'b', kind: 'binary', size: '50000' },
  ];
  const many = '$$SCONE::s$$'.repeat(100);
  const images = [{ name: 'i', injection_files: [{ path: '/a', content: many }] }];
  for (const session of [
    { services: [{ ...service, environment: { A: many } }], secrets },
    { services: [{ ...service, command: ['x', '$$SCONE::b.hex$$'.repeat(100)] }], secrets },
    { services: [{ ...service, command: ['x', '$$SCONE::s|escape(json)$$'.repeat(10)] }], secrets },
    { services: [{ ...service, image_name: 'i' }], images, secrets },
  ]) {
    await assert.rejects(put(journal, session), { code: 'E_SESSION', message: /too large/ });
  }
  await put(journal, { services: [{ ...service, environment: { A: many.slice(0, 120) } }], secrets });
  await journal.close();
});

test('59: a session of many mistakes is refused before each of them is told', async (t) => {
  const journal = await (await ledgerIn(`${tempFolder(t)}/ledger`))();
  const command = ['x', ...Array.from({ length: sessionLimits.placeholders + 1 }, () => '$$SCONE::q$$')];
  for (const session of [
    { services: [{ name: 'x', attestation: [], command }] },
    { services: [{ name: 'x', attestation: [], command: ['x', command.join('')] }] },
    { access_policy: { read: Array.from({ length: sessionLimits.entries }, () => 'nobody') } },
    Object.fromEntries(Array.from({ length: sessionLimits.entries }, (_, index) => [`k${index}`, '1'])),
  ]) {
    await assert.rejects(put(journal, session), { code: 'E_SESSION', message: /too large/ });
  }
  await journal.close();
});

test('59: one question for a log opens a few megabytes of records at most, and says where to go on', async (t) => {
  const journal = await (await ledgerIn(`${tempFolder(t)}/ledger`))();
  const secrets = secretsOf(10, '99999');
  let predecessor = await put(journal, { secrets });
  for (let version = 0; version < 5; version++) predecessor = await put(journal, { secrets, predecessor });
  const sessions = new Sessions(journal, random);
  const seen: number[] = [];
  let pages = 0;
  for (let from: number | undefined = 0; from !== undefined; pages++) {
    const page = await sessions.log('a', from, uploader);
    seen.push(...page.entries.map(({ index }) => index));
    from = page.next;
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
  assert.ok(pages > 1 && pages < 6, String(pages));
  await journal.close();
});
