import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyHash } from '../../src/core/digest.ts';
import { tempFolder } from '../support/temp.ts';
import { failure, failures, type Place, result, sconectl, startCas, testing } from './sconectl.ts';

interface Attested {
  cas: string;
  key: string;
  mode: string;
  records: number;
  confidential: boolean;
}

const session = (user: string, more: string[] = []): string =>
  [
    'version: "0.3.12"',
    'name: space',
    'access_policy: {read: [CREATOR], update: [CREATOR]}',
    'services:',
    `- {name: app, command: [app], environment: {API_USER: "${user}"}, attestation: [], init_data: []}`,
    ...more,
    '',
  ].join('\n');

test('29: a CAS is used only after it was attested, and only under the key that was pinned then', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const cas = await startCas(t, place, join(place.home, 'cas'));
  const never = await failure(place, 'session', 'read', 'space', '--cas', cas.address);
  assert.equal(never.code, 'E_CAS_UNTRUSTED');

  const strict = await failure(place, 'cas', 'attest', cas.address);
  assert.deepEqual([strict.code, strict.found], ['E_CAS_UNTRUSTED', 'sim']);
  assert.equal(existsSync(join(place.home, 'config.json')), false);

  const other = keyHash(new Uint8Array(32), 'simulation');
  const wrong = await failure(place, 'cas', 'attest', cas.address, ...testing, '--cas-key', other);
  assert.deepEqual([wrong.code, wrong.expected, wrong.found], ['E_CAS_IDENTITY', other, cas.key]);

  const attested = await result<Attested>(place, 'cas', 'attest', cas.address, ...testing, '--cas-key', cas.key);
  assert.deepEqual(attested, { ...attested, cas: cas.address, key: cas.key, mode: 'simulation', confidential: false });
  const told = await sconectl(place, 'cas', 'attest', cas.address, ...testing);
  assert.match(told.stderr, /NOT CONFIDENTIAL/);
  assert.match(told.stdout, new RegExp(`^CAS 127\\.0\\.0\\.1 at https://${cas.address}/ is accepted for testing only`));

  // Another CAS at the same address: its key is another one.
  await cas.stop();
  await startCas(t, place, join(place.home, 'impostor'), cas.address);
  for (const command of [
    ['session', 'read', 'space'],
    ['cas', 'attest', cas.address, ...testing],
  ]) {
    const { code, expected, hint } = await failure(place, ...command);
    assert.deepEqual([code, expected], ['E_CAS_IDENTITY', cas.key]);
    assert.match(hint ?? '', /cas forget/);
  }
  await result(place, 'cas', 'forget', cas.address);
  assert.deepEqual(await result(place, 'cas', 'list'), []);
  const anew = await result<Attested>(place, 'cas', 'attest', cas.address, ...testing);
  assert.notEqual(anew.key, cas.key);
});

test('sessions are created, read, hashed, updated and logged', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const cas = await startCas(t, place, join(place.home, 'cas'));
  await result(place, 'cas', 'attest', cas.address, ...testing);
  writeFileSync(join(place.folder, 's.yml'), session('one'));
  const { hash: calculated } = await result<{ hash: string }>(place, 'session', 'hash', 's.yml');
  const { hash } = await result<{ hash: string }>(place, 'session', 'create', 's.yml');
  assert.equal(hash, calculated);
  const again = await failure(place, 'session', 'create', 's.yml');
  assert.deepEqual([again.code, again.found], ['E_PREDECESSOR', hash]);

  writeFileSync(join(place.folder, 's.yml'), session('$WHO'));
  const updated = await result<{ hash: string }>(place, 'session', 'update', 's.yml', '--set', 'WHO=two');
  const read = await result<{ hash: string; session: { predecessor: string } }>(place, 'session', 'read', 'space');
  assert.deepEqual([read.hash, read.session.predecessor], [updated.hash, hash]);
  assert.match((await sconectl(place, 'session', 'read', 'space')).stdout, /API_USER: two/);

  const { entries } = await result<{ entries: { event: string; hash: string }[] }>(place, 'cas', 'log', 'space');
  assert.deepEqual(
    entries.map((entry) => [entry.event, entry.hash]),
    [
      ['session', hash],
      ['session', updated.hash],
    ],
  );
  assert.equal((await failure(place, 'session', 'read', 'nowhere')).code, 'E_NOT_FOUND');
  assert.equal(
    (await failure({ ...place }, 'session', 'update', 's.yml', '--set', 'WHO=x', '--cas', '127.0.0.1:1')).code,
    'E_CAS_UNTRUSTED',
  );
});

test('an update of a session that makes a generated secret anew says so, for people and for programs', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const cas = await startCas(t, place, join(place.home, 'cas'));
  await result(place, 'cas', 'attest', cas.address, ...testing);
  const write = (kind: string): void =>
    writeFileSync(
      join(place.folder, 's.yml'),
      session('one', ['secrets:', `- {name: token, kind: ${kind}}`, '- {name: same, kind: ascii}']),
    );
  write('ascii');
  await result(place, 'session', 'create', 's.yml');
  write('binary');
  const told = await sconectl(place, 'session', 'update', 's.yml');
  assert.equal(told.code, 0);
  assert.match(
    told.stderr,
    /^warning E_SESSION: the value of the secret token of space is made anew: kind ascii became binary\n {2}Hint: /m,
  );
  assert.doesNotMatch(told.stderr, /the secret same/);
  write('ascii');
  const { stdout } = await sconectl(place, 'session', 'update', 's.yml', '--output', 'json');
  const { ok, warnings } = JSON.parse(stdout) as { ok: boolean; warnings: { message: string }[] };
  assert.deepEqual(
    [ok, ...warnings.map(({ message }) => message)],
    [true, 'the value of the secret token of space is made anew: kind binary became ascii'],
  );
  const again = await sconectl(place, 'session', 'update', 's.yml', '--output', 'json');
  assert.equal('warnings' in (JSON.parse(again.stdout) as object), false);
});

test('56: explicit values go to a CAS for testing only when that is said, and are shown only when asked', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const cas = await startCas(t, place, join(place.home, 'cas'));
  await result(place, 'cas', 'attest', cas.address, ...testing);
  const value = 'correct-horse-battery';
  writeFileSync(
    join(place.folder, 's.yml'),
    session('one', ['secrets:', `- {name: token, kind: ascii, value: ${value}}`]),
  );
  const refused = await failure(place, 'session', 'create', 's.yml');
  assert.equal(refused.code, 'E_CAS_UNTRUSTED');
  assert.ok(!JSON.stringify(refused).includes(value));
  const created = await sconectl(place, 'session', 'create', 's.yml', '--yes-not-confidential');
  assert.equal(created.code, 0, created.stderr);
  const read = await sconectl(place, 'session', 'read', 'space');
  assert.ok(!read.stdout.includes(value));
  assert.match((await sconectl(place, 'session', 'read', 'space', '--reveal')).stdout, new RegExp(value));
  const { entries } = await result<{ entries: { event: string }[] }>(place, 'cas', 'log', 'space');
  assert.deepEqual(
    entries.map(({ event }) => event),
    ['session', 'reveal'],
  );
  for (const file of ['config.json', 'cas/ledger']) {
    assert.ok(!readFileSync(join(place.home, file)).includes(value), file);
  }
});

test('70: another client is not let into a session, and learns whose it is', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const cas = await startCas(t, place, join(place.home, 'cas'));
  await result(place, 'cas', 'attest', cas.address, ...testing);
  writeFileSync(join(place.folder, 's.yml'), session('one'));
  await result(place, 'session', 'create', 's.yml');
  const { key_hash: owner } = await result<{ key_hash: string }>(place, 'self', 'show');
  const stranger: Place = { home: tempFolder(t), folder: place.folder };
  await result(stranger, 'cas', 'attest', cas.address, ...testing);
  for (const command of [
    ['session', 'read', 'space'],
    ['session', 'update', 's.yml'],
    ['cas', 'log', 'space'],
  ]) {
    const { code, causes } = await failure(stranger, ...command);
    assert.equal(code, 'E_ACCESS');
    assert.ok(causes.join(' ').includes(owner));
  }
});

test('a CAS that is not there, and one that was stopped, are told with their address', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const cas = await startCas(t, place, join(place.home, 'cas'));
  await result(place, 'cas', 'attest', cas.address, ...testing);
  assert.equal(await cas.stop('SIGINT'), 0);
  const { code, message, hint } = await failure(place, 'session', 'read', 'space');
  assert.deepEqual([code, message], ['E_CAS_UNREACHABLE', `no connection to the CAS at ${cas.address}`]);
  assert.match(hint ?? '', /cas start --simulation/);
});

test('a CAS that is killed starts again as the same one, and its sconectl leaves no process behind', async (t) => {
  const place: Place = { home: tempFolder(t), folder: tempFolder(t) };
  const data = join(place.home, 'cas');
  const first = await startCas(t, place, data);
  await result(place, 'cas', 'attest', first.address, ...testing);
  writeFileSync(join(place.folder, 's.yml'), session('one'));
  const { hash } = await result<{ hash: string }>(place, 'session', 'create', 's.yml');
  await first.stop('SIGKILL');
  const second = await startCas(t, place, data, first.address);
  assert.deepEqual([second.key, second.ledger], [first.key, first.ledger]);
  assert.equal((await result<{ hash: string }>(place, 'session', 'read', 'space')).hash, hash);
});

test('a CAS that cannot start tells programs why in the document that they asked for', async (t) => {
  const folder = tempFolder(t);
  const place: Place = { home: folder, folder };
  const data = join(folder, 'cas');
  const noTee = await failure(place, 'cas', 'start', '--data', data);
  assert.equal(noTee.code, 'E_TEE');
  const cas = await startCas(t, place, data);
  const held = await failure(place, 'cas', 'start', '--simulation', '--data', data, '--listen', '127.0.0.1:0');
  assert.equal(held.code, 'E_LEDGER');
  const [wrong] = await failures(place, 2, 'cas', 'start', '--simulation', '--data', data, '--listen', 'nowhere');
  assert.equal(wrong?.code, 'E_USAGE');
  const text = await sconectl(place, 'cas', 'start', '--simulation', '--data', data, '--listen', '127.0.0.1:0');
  assert.deepEqual([text.code, text.stdout], [1, '']);
  assert.equal(await cas.stop(), 0);
});

test('a production CAS refuses to start without a TEE, by name, and leaves the folder alone', async (t) => {
  const folder = tempFolder(t);
  const { code, stderr } = await sconectl({ home: folder, folder }, 'cas', 'start', '--data', join(folder, 'cas'));
  assert.equal(code, 1);
  assert.match(stderr, /E_TEE/);
  assert.equal(existsSync(join(folder, 'cas')), false);
});
