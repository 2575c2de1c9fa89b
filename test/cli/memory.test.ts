import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp.ts';
import { failure, type Place, type RunningCas, result, startCas, testing } from './sconectl.ts';

function place(t: TestContext): Place {
  return { home: tempFolder(t), folder: tempFolder(t) };
}

/** Every change is a record of the ledger. */
async function change(at: Place, name: string): Promise<void> {
  writeFileSync(
    join(at.folder, 's.yml'),
    `version: "0.3.12"\nname: ${name}\naccess_policy: {read: [CREATOR], update: [CREATOR]}\n`,
  );
  await result(at, 'session', 'create', 's.yml');
}

async function attest(at: Place, cas: RunningCas): Promise<void> {
  await result(at, 'cas', 'attest', cas.address, ...testing);
}

test('36: the ledger restored from an older copy is refused by the next command, which says since when', async (t) => {
  const owner = place(t);
  const data = join(owner.home, 'cas');
  const first = await startCas(t, owner, data);
  await attest(owner, first);
  await change(owner, 'one');
  await first.stop();
  cpSync(data, join(owner.home, 'copy'), { recursive: true });

  const second = await startCas(t, owner, data, first.address);
  await change(owner, 'two');
  await second.stop();
  rmSync(data, { recursive: true });
  cpSync(join(owner.home, 'copy'), data, { recursive: true });

  await startCas(t, owner, data, first.address);
  for (const command of [
    ['session', 'read', 'one'],
    ['cas', 'attest', first.address, ...testing],
    ['session', 'create', 's.yml'],
  ]) {
    const { code, expected, found, causes } = await failure(owner, ...command);
    assert.equal(code, 'E_ROLLBACK');
    assert.match(expected ?? '', /^at least 3 records, seen since 20\d\d-/);
    assert.equal(found, '2 records');
    assert.match(causes[0] ?? '', /^its changes 3 to 3 are gone: everything since 20\d\d-.*, when it had 2 records$/);
  }
});

test('36: two CASes from one copy are found by the second command of a client, at whatever address', async (t) => {
  const owner = place(t);
  const stranger = place(t);
  const data = join(owner.home, 'cas');
  const first = await startCas(t, owner, data);
  await attest(owner, first);
  await change(owner, 'one');
  await first.stop();
  const copy = join(owner.home, 'copy');
  cpSync(data, copy, { recursive: true });

  // One goes on with the owner, the other with a stranger who has never seen the first.
  const mine = await startCas(t, owner, data, first.address);
  const theirs = await startCas(t, owner, copy);
  assert.deepEqual([mine.key, mine.ledger], [theirs.key, theirs.ledger]);
  await change(owner, 'two');
  await attest(stranger, theirs);
  await change(stranger, 'three');

  const { code, causes } = await failure(owner, 'cas', 'attest', theirs.address, ...testing);
  assert.equal(code, 'E_ROLLBACK');
  // Both signed heads, with which the fork can be proved to anybody.
  assert.equal(causes.filter((cause) => /^signed (?:earlier|now): /.test(cause)).length, 2);
  assert.equal((await failure(stranger, 'cas', 'attest', mine.address, ...testing)).code, 'E_ROLLBACK');
});

test('36: a machine with an empty home finds a fork by the cas.lock beside the Meshfile', async (t) => {
  const owner = place(t);
  const data = join(owner.home, 'cas');
  const first = await startCas(t, owner, data);
  // An empty one, as it would come from version control for the first time.
  const lock = join(owner.folder, 'cas.lock');
  writeFileSync(lock, '{"v":1,"cas":{"production":{},"simulation":{}},"heads":{}}\n');
  await attest(owner, first);
  await change(owner, 'one');
  await first.stop();
  cpSync(data, join(owner.home, 'copy'), { recursive: true });
  const second = await startCas(t, owner, data, first.address);
  await change(owner, 'two');
  await second.stop();

  const older = await startCas(t, owner, join(owner.home, 'copy'), first.address);
  const machine: Place = { home: tempFolder(t), folder: owner.folder };
  const { code, message } = await failure(machine, 'cas', 'attest', older.address, ...testing);
  assert.equal(code, 'E_ROLLBACK');
  assert.ok(message.includes(lock));
  // Without it the same machine has no way to know: the honest limit.
  const forgetful: Place = { home: tempFolder(t), folder: tempFolder(t) };
  await attest(forgetful, older);
  assert.equal(existsSync(join(forgetful.folder, 'cas.lock')), false);
});

test('a home and a cas.lock that remember two different CASes at one address are told apart before anything is sent', async (t) => {
  const owner = place(t);
  const cas = await startCas(t, owner, join(owner.home, 'cas'));
  await attest(owner, cas);
  const other = { cas_key: cas.key, ledger: 'ab'.repeat(16), attested: '2026-01-01T00:00:00Z' };
  const lock = { v: 1, cas: { production: {}, simulation: { [cas.address]: other } }, heads: {} };
  writeFileSync(join(owner.folder, 'cas.lock'), JSON.stringify(lock));
  for (const command of [
    ['session', 'read', 'one'],
    ['cas', 'attest', cas.address, ...testing],
  ]) {
    const { code, found, hint } = await failure(owner, ...command);
    assert.equal(code, 'E_CAS_IDENTITY');
    assert.match(found ?? '', /cas\.lock$/);
    assert.match(hint ?? '', /cas forget/);
  }
  await result(owner, 'cas', 'forget', cas.address);
  await attest(owner, cas);
});

test('29: a cas.lock alone, which anybody may have written, makes no CAS trusted that this home never attested', async (t) => {
  const stranger = place(t);
  const cas = await startCas(t, stranger, join(stranger.home, 'cas'));
  const pin = { cas_key: cas.key, ledger: cas.ledger, attested: '2026-01-01T00:00:00Z' };
  const lock = { v: 1, cas: { production: { [cas.address]: pin }, simulation: {} }, heads: {} };
  const owner = place(t);
  writeFileSync(join(owner.folder, 'cas.lock'), JSON.stringify(lock));
  writeFileSync(
    join(owner.folder, 's.yml'),
    'version: "0.3.12"\nname: one\nsecrets: [{name: s, kind: ascii, value: precious}]\n',
  );
  const unattested = await failure(owner, 'session', 'create', 's.yml', '--cas', cas.address);
  assert.equal(unattested.code, 'E_CAS_UNTRUSTED');
  assert.match(unattested.message, /never attested/);
  assert.equal(existsSync(join(owner.home, 'config.json')), false);
  // Nor does it promote a simulated CAS that was attested as one.
  await attest(owner, cas);
  const simulated = await failure(owner, 'session', 'create', 's.yml', '--cas', cas.address);
  assert.equal(simulated.code, 'E_CAS_UNTRUSTED');
  assert.match(simulated.message, /protects nothing/);
});

test('32: variables that make Node give away TLS keys or run other code do not reach the CAS', async (t) => {
  const owner = place(t);
  const keys = join(owner.home, 'tls-keys');
  const env = { ...process.env, NODE_OPTIONS: `--tls-keylog=${keys}`, SECRET_OF_THE_HOST: 'x' };
  const cas = await startCas(t, { ...owner, env }, join(owner.home, 'cas'));
  await attest(owner, cas);
  assert.equal(existsSync(keys), false);
  assert.equal(readFileSync(`/proc/${cas.pid}/environ`, 'utf8'), '');
});
