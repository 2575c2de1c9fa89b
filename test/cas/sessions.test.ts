import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { logAnswer, putAnswer, readAnswer, valuesAnswer } from '../../src/api/answers.ts';
import { type Route, routes } from '../../src/api/routes.ts';
import { type ClientIdentity, loadIdentity } from '../../src/client/identity.ts';
import { fromBase64, fromHex } from '../../src/core/bytes.ts';
import { rfc3339, systemClock } from '../../src/core/clock.ts';
import { openNote } from '../../src/ledger/note.ts';
import { verifyConsistency } from '../../src/ledger/proof.ts';
import { spkiDer } from '../../src/pki/spki.ts';
import { explicitValueHmac, sessionBytes, sessionHash } from '../../src/session/canonical.ts';
import { normaliseSession } from '../../src/session/parse.ts';
import { tempFolder } from '../support/temp.ts';
import { type CasProcess, startCas } from './process.ts';
import { fileScope } from './scope.ts';
import { attest, makeService, namespaceSession, put, sessionFor, uniqueName } from './service.ts';
import { call, dial, type RawAnswer } from './wire.ts';

const scope = fileScope();
let cas: CasProcess;
let owner: ClientIdentity;
let stranger: ClientIdentity;
before(async () => {
  owner = await loadIdentity(tempFolder(scope), systemClock);
  stranger = await loadIdentity(tempFolder(scope), systemClock);
  cas = await startCas(scope, tempFolder(scope));
});

const read = (name: string, identity?: ClientIdentity, query = ''): Promise<RawAnswer> =>
  call(cas.client, 'GET', `/v1/sessions/${name}${query}`, identity === undefined ? {} : { identity });

async function expectOk(answer: Promise<RawAnswer>): Promise<RawAnswer> {
  const settled = await answer;
  assert.equal(settled.status, 200, JSON.stringify(settled.body));
  return settled;
}

function expectRefusal({ status, body }: RawAnswer, expected: number, code: string): void {
  assert.equal(status, expected, JSON.stringify(body));
  assert.equal(body.code, code, JSON.stringify(body));
}

async function deploy(rest: { [key: string]: unknown } = {}, values: { [name: string]: string } = {}) {
  const namespace = uniqueName('ns');
  const service = makeService(cas, `${namespace}/app/python3`);
  const parent = await expectOk(put(cas.client, owner, namespaceSession(namespace)));
  const session = sessionFor(service, rest);
  const created = await expectOk(put(cas.client, owner, session, { values }));
  return { namespace, name: `${namespace}/app`, service, session, hash: created.body.hash, parent: parent.body.hash };
}

const password = async (service: ReturnType<typeof makeService>): Promise<string> =>
  (await expectOk(attest(cas.service, service))).body.environment.API_PASSWORD.text;

test('a session is created with the hash its owner can compute, and read back as it was', async () => {
  const { name, session, hash } = await deploy();
  const expected = { ...normaliseSession(session), creator: owner.keyHash };
  assert.equal(hash, sessionHash(sessionBytes(expected)));
  const { body } = await expectOk(read(name, owner));
  const answer = readAnswer.parse(body);
  assert.equal(answer.hash, hash);
  assert.equal(answer.redacted, false);
  assert.equal(answer.values, undefined);
  assert.equal(sessionHash(sessionBytes(normaliseSession(answer.session))), hash);
  expectRefusal(await read(`${name}x`, owner), 404, 'E_NOT_FOUND');
});

test('an update keeps generated secrets of the same kind and size, and makes new ones otherwise', async () => {
  const { name, service, session, hash } = await deploy();
  const before = await password(service);
  assert.equal(before.length, 10);
  assert.match(before, /^[!-~]{10}$/);
  const changed = {
    ...session,
    predecessor: hash,
    services: [
      {
        ...(session['services'] as object[])[0],
        environment: { API_USER: 'other', API_PASSWORD: '$$SCONE::password$$' },
      },
    ],
  };
  const second = putAnswer.parse((await expectOk(put(cas.client, owner, changed))).body);
  assert.equal(await password(service), before);
  const longer = { ...changed, predecessor: second.hash, secrets: [{ name: 'password', kind: 'ascii', size: '12' }] };
  await expectOk(put(cas.client, owner, longer));
  const after = await password(service);
  assert.equal(after.length, 12);
  assert.notEqual(after.slice(0, 10), before);
  assert.equal((await read(name, owner)).body.session.predecessor, second.hash);
});

test('43: of two concurrent updates with one predecessor exactly one wins, and the other is told the current hash', async () => {
  const { name, session, hash } = await deploy();
  const update = (user: string) =>
    put(cas.client, owner, { ...session, predecessor: hash, salt: user.padEnd(32, '0') });
  const answers = await Promise.all(['aa', 'bb', 'cc', 'dd'].map(update));
  const winners = answers.filter(({ status }) => status === 200);
  assert.equal(winners.length, 1);
  for (const answer of answers) {
    if (answer === winners[0]) continue;
    expectRefusal(answer, 409, 'E_PREDECESSOR');
    assert.equal(answer.body.found, winners[0]?.body.hash);
  }
  assert.equal((await read(name, owner)).body.hash, winners[0]?.body.hash);
});

test('a predecessor that is missing, stale or of a session that does not exist is refused', async () => {
  const { session, hash } = await deploy();
  expectRefusal(await put(cas.client, owner, session), 409, 'E_PREDECESSOR');
  expectRefusal(await put(cas.client, owner, { ...session, predecessor: 'ab'.repeat(32) }), 409, 'E_PREDECESSOR');
  const name = uniqueName('none');
  expectRefusal(await put(cas.client, owner, namespaceSession(name, { predecessor: hash })), 409, 'E_PREDECESSOR');
  const blind = await deploy({ access_policy: { read: 'NONE', update: ['CREATOR'] } });
  const answer = await put(cas.client, owner, blind.session);
  expectRefusal(answer, 409, 'E_PREDECESSOR');
  assert.equal(answer.body.found, undefined);
});

test('34: no certificate is nobody: not the creator, and no more than ANY lets everybody do', async () => {
  const { name, session, hash } = await deploy();
  expectRefusal(await read(name), 401, 'E_ACCESS');
  expectRefusal(await read(name, stranger), 403, 'E_ACCESS');
  const nobody = await call(cas.client, 'PUT', `/v1/sessions/${name}`, {
    body: { session: { ...session, predecessor: hash }, time: rfc3339(new Date()) },
  });
  expectRefusal(nobody, 401, 'E_ACCESS');
  const open = await deploy({ access_policy: { read: ['ANY'], update: ['ANY'] } });
  await expectOk(read(open.name));
  expectRefusal(await read(open.name, undefined, '?reveal=true'), 401, 'E_ACCESS');
  expectRefusal(
    await call(cas.client, 'PUT', `/v1/sessions/${open.name}`, {
      body: { session: { ...open.session, predecessor: open.hash }, time: rfc3339(new Date()) },
    }),
    401,
    'E_ACCESS',
  );
  await expectOk(put(cas.client, stranger, { ...open.session, predecessor: open.hash }));
});

test('39: no route gives without credentials what is not public', async () => {
  const { name } = await deploy();
  const walked: string[] = [];
  for (const [id, route] of Object.entries(routes) as [string, Route][]) {
    const path =
      route.path.replace('{name}', id === 'values' ? `session=${name}` : name) +
      (id === 'log' ? `?session=${name}` : '');
    const body = route.bodyLimit > 0 ? { body: {} } : {};
    const answer = await call(cas[route.port], route.method, path, body);
    walked.push(`${id} ${answer.status}`);
    const other = await call(cas[route.port === 'client' ? 'service' : 'client'], route.method, path, body);
    assert.equal(other.status, 404, `${id} exists on the other port`);
  }
  assert.deepEqual(walked, [
    'attestation 200',
    'version 200',
    'head 200',
    'readSession 401',
    'putSession 401',
    'values 404',
    'log 401',
    'attest 400',
  ]);
});

test('what a caller may not update is read without salt and HMACs; explicit values need update and reveal, and that is recorded', async () => {
  const salt = '00112233445566778899aabbccddeeff';
  const values = { given: 'open sesame', bin: 'c0ffee' };
  const secrets = [
    { name: 'given', kind: 'ascii', size: '20', value_hmac: explicitValueHmac(fromHex(salt), 'given', values.given) },
    { name: 'bin', kind: 'binary', size: '20', value_hmac: explicitValueHmac(fromHex(salt), 'bin', values.bin) },
    { name: 'made', kind: 'ascii', size: '20' },
  ];
  const { name, hash } = await deploy(
    { salt, secrets, services: [], access_policy: { read: ['CREATOR', stranger.keyHash], update: ['CREATOR'] } },
    values,
  );
  const reader = (await expectOk(read(name, stranger))).body;
  assert.equal(reader.redacted, true);
  assert.equal(reader.hash, hash);
  assert.ok(!JSON.stringify(reader).includes(salt) && !JSON.stringify(reader).includes('value_hmac'));
  expectRefusal(await read(name, stranger, '?reveal=true'), 403, 'E_ACCESS');
  const updater = (await expectOk(read(name, owner))).body;
  assert.equal(updater.session.salt, salt);
  assert.ok(!JSON.stringify(updater).includes(values.given));
  const revealed = (await expectOk(read(name, owner, '?reveal=true'))).body;
  assert.deepEqual(revealed.values, values);
  const log = logAnswer.parse(
    (await expectOk(call(cas.client, 'GET', `/v1/log?session=${name}`, { identity: owner }))).body,
  );
  assert.deepEqual(
    log.entries.map(({ event, hash: version }) => [event, version]),
    [
      ['session', hash],
      ['reveal', hash],
    ],
  );
  assert.equal(log.entries[1]?.event === 'reveal' ? log.entries[1].by : '', owner.keyHash);
});

test('40: explicit values are compared with their HMAC: wrong, missing and superfluous ones are refused', async () => {
  const salt = '00112233445566778899aabbccddeeff';
  const secret = {
    name: 'given',
    kind: 'ascii',
    size: '20',
    value_hmac: explicitValueHmac(fromHex(salt), 'given', 'right'),
  };
  const session = namespaceSession(uniqueName('explicit'), { salt, secrets: [secret] });
  for (const values of [{ given: 'wrong' }, {}, { given: 'right', other: 'x' }] as { [name: string]: string }[]) {
    const answer = await put(cas.client, owner, session, { values });
    expectRefusal(answer, 400, 'E_SESSION');
    assert.ok(!JSON.stringify(answer.body).includes('right'));
  }
  await expectOk(put(cas.client, owner, session, { values: { given: 'right' } }));
});

test('public values are read by anybody; what is not public does not exist there', async () => {
  const { name } = await deploy({
    services: [],
    secrets: [
      { name: 'shown', kind: 'ascii', size: '10', export_public: true },
      { name: 'bin', kind: 'binary', size: '4', export_public: true },
      { name: 'hidden', kind: 'ascii', size: '10' },
    ],
  });
  const all = valuesAnswer.parse((await expectOk(call(cas.client, 'GET', `/v1/values/session=${name}`))).body);
  assert.deepEqual(Object.keys(all.values).sort(), ['bin', 'shown']);
  assert.match(all.values['bin']?.value ?? '', /^[0-9a-f]{8}$/);
  const one = valuesAnswer.parse(
    (await expectOk(call(cas.client, 'GET', `/v1/values/session=${name},secret=shown`))).body,
  );
  assert.deepEqual(one.values, { shown: all.values['shown'] });
  for (const path of [`session=${name},secret=hidden`, `session=${name},secret=none`, `session=${name}x`]) {
    expectRefusal(await call(cas.client, 'GET', `/v1/values/${path}`), 404, 'E_NOT_FOUND');
  }
  expectRefusal(await call(cas.client, 'GET', `/v1/values/${name}`), 400, 'E_FORMAT');
});

test('70: a namespace of another creator is refused by its key hash, unless the session states the hash of that namespace', async () => {
  const namespace = uniqueName('squatted');
  const squatted = await expectOk(
    put(
      cas.client,
      stranger,
      namespaceSession(namespace, { access_policy: { read: ['ANY'], update: ['CREATOR'], create_sessions: ['ANY'] } }),
    ),
  );
  const service = makeService(cas, `${namespace}/app/python3`);
  const refused = await put(cas.client, owner, sessionFor(service));
  expectRefusal(refused, 403, 'E_ACCESS');
  assert.match(refused.body.found, new RegExp(stranger.keyHash));
  const taken = await put(cas.client, owner, namespaceSession(namespace));
  expectRefusal(taken, 403, 'E_ACCESS');
  assert.match(JSON.stringify(taken.body), new RegExp(stranger.keyHash));
  expectRefusal(
    await put(cas.client, owner, sessionFor(service, { namespace_hash: 'ab'.repeat(32) })),
    400,
    'E_SESSION',
  );
  await expectOk(put(cas.client, owner, sessionFor(service, { namespace_hash: squatted.body.hash })));
});

test('namespaces: the parent must exist and allow it; its first and its current hash are accepted', async () => {
  const missing = uniqueName('missing');
  expectRefusal(await put(cas.client, owner, namespaceSession(`${missing}/child`)), 400, 'E_SESSION');
  expectRefusal(await read(missing, owner), 404, 'E_NOT_FOUND');
  const namespace = uniqueName('ns');
  const first = await expectOk(put(cas.client, owner, namespaceSession(namespace)));
  expectRefusal(await put(cas.client, stranger, namespaceSession(`${namespace}/a`)), 403, 'E_ACCESS');
  const policy = { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR', stranger.keyHash] };
  const second = await expectOk(
    put(cas.client, owner, namespaceSession(namespace, { predecessor: first.body.hash, access_policy: policy })),
  );
  for (const [name, namespace_hash] of [
    ['a', first.body.hash],
    ['b', second.body.hash],
  ]) {
    await expectOk(put(cas.client, stranger, namespaceSession(`${namespace}/${name}`, { namespace_hash })));
  }
  expectRefusal(await put(cas.client, stranger, namespaceSession(`${namespace}/c`)), 403, 'E_ACCESS');
  const child = await expectOk(put(cas.client, owner, namespaceSession(`${namespace}/d`)));
  expectRefusal(
    await put(cas.client, owner, namespaceSession(`${namespace}/d`, { namespace_hash: second.body.hash })),
    400,
    'E_SESSION',
  );
  await expectOk(put(cas.client, owner, namespaceSession(`${namespace}/d`, { predecessor: child.body.hash })));
});

test('CREATOR stays who created a session, whoever updates it', async () => {
  const { name, session, hash } = await deploy({
    access_policy: { read: ['CREATOR'], update: ['CREATOR', stranger.keyHash] },
  });
  await expectOk(put(cas.client, stranger, { ...session, predecessor: hash }));
  expectRefusal(await read(name, stranger), 403, 'E_ACCESS');
  const { body } = await expectOk(read(name, owner));
  assert.equal(body.session.creator, owner.keyHash);
  const forged = { ...session, predecessor: body.hash, creator: stranger.keyHash };
  expectRefusal(await put(cas.client, stranger, forged), 400, 'E_SESSION');
});

test('a session says the name of its path, and nothing that the language does not know', async () => {
  const { name, session } = await deploy();
  const body = { session, time: rfc3339(new Date()) };
  expectRefusal(await call(cas.client, 'PUT', `/v1/sessions/${name}2`, { body, identity: owner }), 400, 'E_SESSION');
  for (const wrong of [
    { ...body, extra: 1 },
    { session },
    { ...body, session: { ...session, unknown: 1 } },
    { ...body, session: { ...session, services: 'all' } },
    { ...body, time: 'now' },
  ]) {
    const answer = await call(cas.client, 'PUT', `/v1/sessions/${name}`, { body: wrong, identity: owner });
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
  }
  expectRefusal(await call(cas.client, 'GET', '/v1/sessions/a/../b', { identity: owner }), 400, 'E_FORMAT');
  expectRefusal(await call(cas.client, 'GET', '/v1/sessions/%ff', { identity: owner }), 400, 'E_FORMAT');
  expectRefusal(await call(cas.client, 'GET', '/v1/head?from=1&from=2'), 400, 'E_FORMAT');
  expectRefusal(await call(cas.client, 'GET', '/v1/head?form=1'), 400, 'E_FORMAT');
  expectRefusal(await call(cas.client, 'DELETE', `/v1/sessions/${name}`, { identity: owner }), 404, 'E_NOT_FOUND');
});

test('67: a client whose clock differs by more than five minutes is refused with both times', async () => {
  const wrong = rfc3339(new Date(Date.now() - 6 * 60 * 1000));
  const answer = await put(cas.client, owner, namespaceSession(uniqueName('late')), { time: wrong });
  expectRefusal(answer, 400, 'E_TIME');
  assert.equal(answer.body.found, wrong);
  assert.match(answer.body.expected, /CAS time/);
});

test('36: every later head continues every earlier one, and a head from the future is answered with the present', async () => {
  const socket = await dial(cas.client);
  const spki = spkiDer(socket.getPeerX509Certificate()?.publicKey ?? assert.fail());
  socket.destroy();
  const head = async (from?: number) => {
    const { body } = await expectOk(call(cas.client, 'GET', `/v1/head${from === undefined ? '' : `?from=${from}`}`));
    return { head: openNote(body.note, spki, cas.ledger), proof: body.proof.map((hash: string) => fromBase64(hash)) };
  };
  const early = await head();
  await deploy();
  const late = await head(early.head.size);
  assert.ok(late.head.size > early.head.size);
  verifyConsistency(early.head, late.head, late.proof);
  assert.deepEqual((await head(1_000_000)).proof, []);
});
