import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileStore } from '../../src/cas/file-store.ts';
import { openCas } from '../../src/cas/open-cas.ts';
import { readRoot } from '../../src/cas/root-file.ts';
import { Sessions } from '../../src/cas/sessions.ts';
import { type ClientIdentity, loadIdentity } from '../../src/client/identity.ts';
import { fromBase64, hex } from '../../src/core/bytes.ts';
import { rfc3339, systemClock } from '../../src/core/clock.ts';
import { SconeError } from '../../src/core/errors.ts';
import { demandContinuation } from '../../src/ledger/audit.ts';
import { spkiDer } from '../../src/pki/spki.ts';
import { simSeal, simUnseal } from '../../src/sim/seal.ts';
import { resizeDisk, smallDisk } from '../support/disk.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { random, testPlatform, uploader } from './in-process.ts';
import { type CasProcess, runCas, startCas } from './process.ts';
import { attest, makeService, namespaceSession, put, sessionFor, uniqueName } from './service.ts';
import { call, dial, type RawAnswer } from './wire.ts';

const sealing = {
  seal: (context: Uint8Array, plaintext: Uint8Array) => simSeal(context, plaintext, random),
  unseal: simUnseal,
};
const platform = testPlatform(sealing);
const open = (folder: string, reports: string[] = [], mode = platform) =>
  openCas({ folder, platform: mode, clock: systemClock, random, report: (line) => void reports.push(line) });
const code = (expected: string) => (error: unknown) => error instanceof SconeError && error.code === expected;

/** A ledger with a few sessions; closed. */
async function filled(folder: string): Promise<void> {
  const cas = await open(folder);
  const sessions = new Sessions(cas.journal, random);
  for (const name of ['a', 'b', 'c']) {
    await sessions.put(name, { session: namespaceSession(name), time: rfc3339(new Date()) }, uploader);
  }
  await cas.close();
}

/** The frames of a ledger file: length and record. */
function frames(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

/** Where lengths and headers of records stand. */
function headerPlaces(ledger: Buffer): Set<number> {
  const places = new Set<number>();
  let start = 0;
  for (const frame of frames(ledger)) {
    for (let i = 0; i < 4 + 45; i++) places.add(start + i);
    start += frame.length;
  }
  return places;
}

test('36: a ledger with swapped, doubled, missing or foreign records does not open', async (t) => {
  const folder = tempFolder(t);
  await filled(folder);
  const path = join(folder, 'ledger');
  const [zero, one, two, three] = frames(await readFile(path)) as [Buffer, Buffer, Buffer, Buffer];
  const other = tempFolder(t);
  await filled(other);
  const foreign = frames(await readFile(join(other, 'ledger')))[3] as Buffer;
  for (const [what, order] of Object.entries({
    swapped: [zero, two, one, three],
    doubled: [zero, one, one, two, three],
    'without a record inside': [zero, one, three],
    'without its first record': [one, two, three],
    'with a record of another ledger': [zero, one, two, foreign],
    empty: [],
  })) {
    await writeFile(path, Buffer.concat(order));
    await assert.rejects(open(folder), code('E_LEDGER'), what);
  }
  await writeFile(path, Buffer.concat([zero, one, two, three]));
  const cas = await open(folder);
  assert.equal(cas.journal.view.size, 4);
  await cas.close();
});

test('37: neither a header of a record nor what is sealed, nor the root, can be changed', async (t) => {
  const folder = tempFolder(t);
  await filled(folder);
  for (const name of ['ledger', 'root.sealed']) {
    const path = join(folder, name);
    const good = await readFile(path);
    const places = name === 'ledger' ? headerPlaces(good) : new Set<number>();
    for (let at = 0; at < good.length; at++) {
      // Every byte of a header; of the rest a few (seal.test.ts takes every bit of a record).
      if (!places.has(at) && at % 23 !== 0 && at < good.length - 2) continue;
      const flipped = Buffer.from(good);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      await writeFile(path, flipped);
      await assert.rejects(
        open(folder).then((cas) => cas.close()),
        (error) => error instanceof SconeError && ['E_LEDGER', 'E_MODE'].includes(error.code),
        `byte ${at} of ${name}`,
      );
    }
    await writeFile(path, good);
  }
  await (await open(folder)).close();
});

test('63: a ledger of one mode does not open in the other, and cannot be relabelled', async (t) => {
  const folder = tempFolder(t);
  await filled(folder);
  const production = testPlatform({ ...sealing, mode: 'production' });
  await assert.rejects(open(folder, [], production), code('E_MODE'));
  const path = join(folder, 'root.sealed');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('simulation', 'production'));
  await assert.rejects(open(folder, [], production), code('E_LEDGER'));
  await assert.rejects(open(folder), code('E_MODE'));
  await writeFile(path, text);
  const cas = await open(folder);
  await cas.close();
});

test('63: the production CAS refuses a simulation folder and a machine without a TEE, by name, and writes nothing', async (t) => {
  const folder = tempFolder(t);
  const sim = await startCas(t, join(folder, 'sim'));
  await sim.end('SIGTERM');
  const wrong = await runCas(t, 'cas', ['--data', join(folder, 'sim')]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /E_MODE: .*simulation.*production/);
  const none = await runCas(t, 'cas', ['--data', join(folder, 'new')], { ...process.env, SCONE_MODE: 'SIM' });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /E_TEE|E_NOT_YET/);
  assert.match(none.stderr, /\nHint: /);
  assert.equal(none.stdout, '');
  await assert.rejects(readdir(join(folder, 'new')));
  const flag = await runCas(t, 'cas', ['--data', join(folder, 'new'), '--simulation']);
  assert.equal(flag.code, 2);
  assert.match(flag.stderr, /E_USAGE/);
});

test('63: nothing that the production CAS imports knows the simulated platform', async () => {
  const seen = new Set<string>();
  const walk = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      await walk(join(file, '..', path));
    }
  };
  await walk(join(import.meta.dirname, '../../src/cas/cas.ts'));
  const files = [...seen].filter((file) => /\/src\/sim\/|cas-sim/.test(file));
  assert.deepEqual(files, []);
  assert.ok(seen.size > 10);
});

test('32: the keys of a CAS are in no file, argument, variable or log', async (t) => {
  const folder = tempFolder(t);
  await filled(folder);
  const cas = await open(folder);
  const pkcs8 = cas.identity.privateKey.export({ format: 'der', type: 'pkcs8' });
  const scalar = Buffer.from(cas.identity.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const root = await readRoot(folder, platform);
  await cas.close();
  assert.equal(scalar.length, 32);
  assert.ok(root !== undefined);
  const forms = [scalar, pkcs8, root.root].flatMap((key) => {
    const bytes = Buffer.from(key);
    return [bytes, ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(bytes.toString(form)))];
  });
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    for (const form of forms) assert.equal(bytes.includes(form), false, name);
  }
  const process = await startCas(t, tempFolder(t));
  await dial(process.client).then((socket) => socket.destroy());
  const about = ['cmdline', 'environ'].map((name) => readFile(`/proc/${process.child.pid}/${name}`, 'latin1'));
  for (const text of [...(await Promise.all(about)), process.log()]) assert.doesNotMatch(text, /PRIVATE KEY|pkcs8/);
  await process.end('SIGTERM');
});

test('65: two copies of one ledger never seal two records alike', async (t) => {
  const folder = tempFolder(t);
  await filled(join(folder, 'one'));
  await cp(join(folder, 'one'), join(folder, 'two'), { recursive: true });
  const records = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const cas = await open(join(folder, name));
      const request = { session: namespaceSession('d'), time: rfc3339(new Date()) };
      await new Sessions(cas.journal, random).put('d', request, uploader);
      await cas.close();
      const store = await FileStore.open(join(folder, name, 'ledger'));
      const record = await store.read(4);
      await store.close();
      return record;
    }),
  );
  assert.notEqual(hex((records[0] as Uint8Array).subarray(13, 45)), hex((records[1] as Uint8Array).subarray(13, 45)));
});

test('60: an interrupted first start leaves nothing that the next one trips over', async (t) => {
  const folder = tempFolder(t);
  await filled(join(folder, 'whole'));
  const ledger = await readFile(join(folder, 'whole', 'ledger'));
  const [zero] = frames(ledger) as [Buffer];
  for (const left of [Buffer.alloc(0), zero.subarray(0, 100), zero]) {
    const place = join(folder, `left-${left.length}`);
    await mkdir(place);
    await writeFile(join(place, 'ledger'), left);
    await writeFile(join(place, 'root.sealed.new'), 'half');
    const cas = await open(place);
    assert.equal(cas.journal.view.size, 1);
    await cas.close();
  }
  // Cut off between the whole file and its name: the ledger exists, and is the same afterwards.
  const unnamed = join(folder, 'unnamed');
  await mkdir(unnamed);
  await writeFile(join(unnamed, 'ledger'), ledger);
  await cp(join(folder, 'whole', 'root.sealed'), join(unnamed, 'root.sealed.new'));
  for (let i = 0; i < 2; i++) {
    const same = await open(unnamed);
    assert.equal(same.journal.view.size, 4);
    await same.close();
    assert.deepEqual(
      (await readdir(unnamed)).filter((name) => name.startsWith('root')),
      i === 0 ? ['root.sealed'] : ['root.sealed', 'root.sealed.new'],
    );
    // Never looked at again once there is a root.
    await writeFile(join(unnamed, 'root.sealed.new'), 'something else');
  }
  const lost = join(folder, 'lost');
  await mkdir(lost);
  await writeFile(join(lost, 'ledger'), ledger);
  await assert.rejects(open(lost), code('E_LEDGER'));
  assert.equal((await readFile(join(lost, 'ledger'))).length, ledger.length);
});

async function expectOk(answer: Promise<RawAnswer>): Promise<RawAnswer> {
  const settled = await answer;
  assert.equal(settled.status, 200, JSON.stringify(settled.body));
  return settled;
}

/** What a client remembers of a CAS. */
async function remember(
  cas: CasProcess,
): Promise<{ ledger: { id: string; spki: Uint8Array }; note: string; size: number }> {
  const socket = await dial(cas.client);
  const spki = spkiDer(socket.getPeerX509Certificate()?.publicKey ?? assert.fail());
  socket.destroy();
  const { body } = await expectOk(call(cas.client, 'GET', '/v1/head'));
  return { ledger: { id: cas.ledger, spki }, note: body.note, size: Number(body.note.split('\n')[1]) };
}

async function continues(cas: CasProcess, memory: Awaited<ReturnType<typeof remember>>): Promise<void> {
  const { body } = await expectOk(call(cas.client, 'GET', `/v1/head?from=${memory.size}`));
  demandContinuation(
    memory.ledger,
    memory.note,
    body.note,
    body.proof.map((hash: string) => fromBase64(hash)),
  );
}

test('36: a restored copy, a cut tail and a fork are found by a client that remembers a later head', async (t) => {
  const folder = tempFolder(t);
  const owner = await loadIdentity(tempFolder(t), systemClock);
  const first = await startCas(t, join(folder, 'cas'));
  await expectOk(put(first.client, owner, namespaceSession('before')));
  await first.end();
  await cp(join(folder, 'cas'), join(folder, 'copy'), { recursive: true, filter: (path) => !path.endsWith('/lock') });
  const second = await startCas(t, join(folder, 'cas'));
  await expectOk(put(second.client, owner, namespaceSession('after')));
  const memory = await remember(second);
  await continues(second, memory);
  await second.end();

  const restored = await startCas(t, join(folder, 'copy'));
  assert.equal(restored.key, first.key);
  await assert.rejects(continues(restored, memory), code('E_ROLLBACK'));
  // The same length again, and longer, is a fork.
  await expectOk(put(restored.client, owner, namespaceSession('forked')));
  await assert.rejects(continues(restored, memory), code('E_ROLLBACK'));
  await expectOk(put(restored.client, owner, namespaceSession('forked-2')));
  await assert.rejects(continues(restored, memory), code('E_ROLLBACK'));
  await restored.end();

  const path = join(folder, 'cas', 'ledger');
  await writeFile(path, Buffer.concat(frames(await readFile(path)).slice(0, -1)));
  const cut = await startCas(t, join(folder, 'cas'));
  await assert.rejects(continues(cut, memory), code('E_ROLLBACK'));
});

test('a second CAS on the same folder is refused while the first one runs, and welcome after kill -9', async (t) => {
  const folder = tempFolder(t);
  const cas = await startCas(t, folder);
  const second = await runCas(t, 'cas-sim', ['--data', folder, '--listen', '127.0.0.1:0']);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /E_LEDGER: another process uses/);
  await cas.end('SIGKILL');
  const next = await startCas(t, folder);
  assert.equal(next.key, cas.key);
  assert.equal(await next.end('SIGTERM'), 0);
});

test('60: kill -9 at any moment: identity, sessions and values are the same and everything acknowledged is there', async (t) => {
  const folder = tempFolder(t);
  const owner = await loadIdentity(tempFolder(t), systemClock);
  let cas = await startCas(t, folder);
  const namespace = uniqueName('ns');
  const made = makeService(cas, `${namespace}/app/python3`);
  await expectOk(put(cas.client, owner, namespaceSession(namespace)));
  const session = sessionFor(made);
  let { hash } = (await expectOk(put(cas.client, owner, session))).body;
  const password = (await expectOk(attest(cas.service, made))).body.environment.API_PASSWORD;
  const acknowledged = { updates: [hash as string], releases: [] as number[] };
  const { key } = cas;

  for (let round = 0; round < 6; round++) {
    const killed = new AbortController();
    const work = async (step: () => Promise<void>): Promise<void> => {
      while (!killed.signal.aborted) await step().catch(() => sleep(1));
    };
    const updates = work(async () => {
      const next = await put(cas.client, owner, { ...session, predecessor: hash });
      if (next.status === 200) acknowledged.updates.push((hash = next.body.hash));
      // The update before may have become durable although its answer was killed.
      else if (next.body.code === 'E_PREDECESSOR') hash = next.body.found;
    });
    const releases = work(async () => {
      const answer = await attest(cas.service, made);
      if (answer.status === 200) acknowledged.releases.push(answer.body.index);
    });
    const { length } = acknowledged.updates;
    const count = acknowledged.releases.length;
    while (acknowledged.updates.length < length + 2 || acknowledged.releases.length < count + 2) await sleep(1);
    // Not always at the same point of the work.
    await sleep(7 * round);
    await cas.end('SIGKILL');
    killed.abort();
    await Promise.all([updates, releases]);
    cas = await startCas(t, folder);
    assert.equal(cas.key, key);
    const log = await wholeLog(cas, owner, `${namespace}/app`);
    const versions = log.filter(({ event }) => event === 'session').map((entry) => entry.hash);
    for (const update of acknowledged.updates) assert.ok(versions.includes(update), 'an acknowledged update is lost');
    const released = new Set(log.filter(({ event }) => event === 'release').map(({ index }) => index));
    for (const index of acknowledged.releases) assert.ok(released.has(index), 'an acknowledged release is lost');
    assert.deepEqual((await expectOk(attest(cas.service, made))).body.environment.API_PASSWORD, password);
    ({ hash } = (await expectOk(call(cas.client, 'GET', `/v1/sessions/${namespace}/app`, { identity: owner }))).body);
  }
});

async function wholeLog(cas: CasProcess, identity: ClientIdentity, session: string) {
  const entries: { event: string; hash: string; index: number }[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const { body } = await expectOk(call(cas.client, 'GET', `/v1/log?session=${session}&from=${from}`, { identity }));
    entries.push(...body.entries);
    from = body.next;
  }
  return entries;
}

test('60: a full disk refuses changes with a hint, loses nothing acknowledged, and is over when there is room again', async (t) => {
  if (need(t, 'root') === undefined) return;
  const disk = smallDisk(t, '64k');
  const owner = await loadIdentity(tempFolder(t), systemClock);
  const cas = await startCas(t, join(disk, 'cas'));
  const names: string[] = [];
  let refused: RawAnswer | undefined;
  for (let i = 0; refused === undefined && i < 500; i++) {
    const answer = await put(cas.client, owner, namespaceSession(`session-${i}`));
    if (answer.status === 200) names.push(`session-${i}`);
    else refused = answer;
  }
  assert.equal(refused?.status, 500);
  assert.equal(refused?.body.code, 'E_STORE');
  assert.match(refused?.body.hint, /make room/);
  assert.ok(names.length > 5);
  const read = (name: string, from = cas) => call(from.client, 'GET', `/v1/sessions/${name}`, { identity: owner });
  for (const name of names) assert.equal((await read(name)).status, 200);
  assert.equal((await read(`session-${names.length}`)).status, 404);
  const memory = await remember(cas);

  resizeDisk(disk, '1m');
  await expectOk(put(cas.client, owner, namespaceSession('room-again')));
  await continues(cas, memory);
  await cas.end('SIGKILL');
  const next = await startCas(t, join(disk, 'cas'));
  assert.doesNotMatch(next.log(), /cut/);
  for (const name of [...names, 'room-again']) assert.equal((await read(name, next)).status, 200);
  await continues(next, memory);
  await next.end('SIGTERM');
});

test('60: a first start on a full disk fails with one message and works when there is room', async (t) => {
  if (need(t, 'root') === undefined) return;
  const disk = smallDisk(t, '8k');
  await writeFile(join(disk, 'ballast'), Buffer.alloc(4096));
  const failed = await runCas(t, 'cas-sim', ['--data', join(disk, 'cas'), '--listen', '127.0.0.1:0']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /E_STORE/);
  assert.equal(failed.stderr.match(/FATAL/g)?.length, 1);
  resizeDisk(disk, '1m');
  const cas = await startCas(t, join(disk, 'cas'));
  await cas.end('SIGTERM');
});
