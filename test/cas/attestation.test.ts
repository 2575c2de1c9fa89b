import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { attestAnswer } from '../../src/api/answers.ts';
import { casExporterLabel } from '../../src/api/binding.ts';
import { type ClientIdentity, loadIdentity } from '../../src/client/identity.ts';
import { fromHex, hex } from '../../src/core/bytes.ts';
import { systemClock } from '../../src/core/clock.ts';
import { parseKeyHash, sha256 } from '../../src/core/digest.ts';
import { openNote } from '../../src/ledger/note.ts';
import { spkiDer } from '../../src/pki/spki.ts';
import { explicitValueHmac } from '../../src/session/canonical.ts';
import { tempFolder } from '../support/temp.ts';
import { type CasProcess, startCas } from './process.ts';
import { fileScope } from './scope.ts';
import {
  attest,
  attestBody,
  type Deviations,
  makeService,
  namespaceSession,
  peerOf,
  put,
  type Service,
  sessionFor,
  uniqueName,
} from './service.ts';
import { Answers, call, dial, type RawAnswer, requestBytes } from './wire.ts';

const scope = fileScope();
let cas: CasProcess;
let owner: ClientIdentity;
before(async () => {
  owner = await loadIdentity(tempFolder(scope), systemClock);
  cas = await startCas(scope, tempFolder(scope));
});

/** Uploads a session for a new service in a namespace of its own. */
async function deploy(
  change: (session: { [key: string]: unknown }, service: Service) => object = (session) => session,
  values: { [name: string]: string } = {},
): Promise<Service> {
  const namespace = uniqueName('ns');
  const service = makeService(cas, `${namespace}/app/python3`);
  await expectOk(put(cas.client, owner, namespaceSession(namespace)));
  await expectOk(
    put(cas.client, owner, { ...sessionFor(service), ...change(sessionFor(service), service) }, { values }),
  );
  return service;
}

async function expectOk(answer: Promise<RawAnswer>): Promise<RawAnswer> {
  const { status, body, ...rest } = await answer;
  assert.equal(status, 200, JSON.stringify(body));
  return { status, body, ...rest };
}

/** The answer is a refusal of that code and holds nothing of a configuration. */
function expectRefusal(answer: RawAnswer | undefined, status: number, code: string): void {
  assert.ok(answer !== undefined);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.code, code, JSON.stringify(answer.body));
  assert.ok(!('argv' in answer.body) && !('environment' in answer.body));
}

const releases = async (service: Service): Promise<number> => {
  const session = service.configId.slice(0, service.configId.lastIndexOf('/'));
  const { body } = await expectOk(call(cas.client, 'GET', `/v1/log?session=${session}`, { identity: owner }));
  return body.entries.filter(({ event }: { event: string }) => event === 'release').length;
};

const first = (session: { [key: string]: unknown }): object => (session['services'] as object[])[0] ?? {};

test('an attested service gets exactly its configuration, with the record and the signed head of its release', async () => {
  const service = await deploy();
  const { body, headers } = await expectOk(attest(cas.service, service));
  const answer = attestAnswer.parse(body);
  assert.deepEqual(answer.argv, [{ text: 'python3' }, { text: 'print_env.py' }]);
  assert.equal(answer.pwd, '/python');
  assert.deepEqual(answer.environment['API_USER'], { text: 'myself' });
  assert.match(JSON.stringify(answer.environment['API_PASSWORD']), /^\{"text":"(?:[^"\\]|\\.){10,20}"\}$/);
  assert.equal(headers.get('connection'), 'close');
  assert.equal(await releases(service), 1);
  const socket = await dial(cas.service);
  const key = socket.getPeerX509Certificate()?.publicKey;
  socket.destroy();
  assert.ok(key !== undefined);
  assert.equal(hex(sha256(spkiDer(key))), hex(parseKeyHash(cas.key).spkiSha256));
  assert.equal(openNote(answer.head, spkiDer(key), cas.ledger).size > answer.index, true);
  const again = attestAnswer.parse((await expectOk(attest(cas.service, service))).body);
  assert.deepEqual(again.environment, answer.environment);
});

test('26: evidence of one connection is refused on another', async () => {
  const service = await deploy();
  const [one, two] = [await dial(cas.service), await dial(cas.service)];
  const body = attestBody(peerOf(one), service);
  const answers = new Answers(two);
  two.write(requestBytes('POST', '/v1/attest', body));
  expectRefusal(await answers.next(), 403, 'E_ATTESTATION');
  const own = new Answers(one);
  one.write(requestBytes('POST', '/v1/attest', body));
  assert.equal((await own.next())?.status, 200);
  assert.equal(await releases(service), 1);
});

/** Sends all requests in one write and returns all answers. */
async function pipelined(socket: TLSSocket, requests: readonly Buffer[]): Promise<RawAnswer[]> {
  const answers = new Answers(socket);
  socket.write(Buffer.concat(requests));
  const all: RawAnswer[] = [];
  for (let answer = await answers.next(); answer !== undefined; answer = await answers.next()) all.push(answer);
  return all;
}

test('26, 31: one connection attests once: a pipelined second attestation, to another policy too, is told 409', async () => {
  const service = await deploy();
  const other = await deploy();
  for (const second of [service, other]) {
    const socket = await dial(cas.service);
    const requests = [service, second, second].map((one) =>
      requestBytes('POST', '/v1/attest', attestBody(peerOf(socket), one)),
    );
    const answers = await pipelined(socket, requests);
    assert.equal(answers[0]?.status, 200);
    expectRefusal(answers[1], 409, 'E_CONFLICT');
    assert.equal(answers[1]?.headers.get('connection'), 'close');
    assert.equal(answers.length, 2);
  }
  assert.equal(await releases(other), 0);
  assert.equal(await releases(service), 2);
});

test('26: the first request consumes the connection, whatever it was', async () => {
  const service = await deploy();
  const good = (socket: TLSSocket) => requestBytes('POST', '/v1/attest', attestBody(peerOf(socket), service));
  for (const waste of [
    requestBytes('GET', '/v1/version'),
    requestBytes('POST', '/v1/attest', Buffer.from('{}')),
    requestBytes('POST', '/v1/attest', Buffer.from('no JSON')),
  ]) {
    const socket = await dial(cas.service);
    const answers = await pipelined(socket, [waste, good(socket)]);
    assert.ok([400, 404].includes(answers[0]?.status ?? 0));
    expectRefusal(answers[1], 409, 'E_CONFLICT');
  }
  const socket = await dial(cas.service);
  const answers = new Answers(socket);
  socket.write(good(socket));
  assert.equal((await answers.next())?.status, 200);
  socket.write(good(socket));
  assert.equal(await answers.next(), undefined);
  assert.equal(await releases(service), 1);
});

test('27: TLS below 1.3, HTTP/2 and connections without ALPN get no answer on either port', async () => {
  for (const address of [cas.client, cas.service]) {
    await assert.rejects(dial(address, { maxVersion: 'TLSv1.2' }));
    await assert.rejects(dial(address, { ALPNProtocols: ['h2'] }));
    const socket = await dial(address, { ALPNProtocols: undefined as unknown as string[] });
    const answers = new Answers(socket);
    socket.write(requestBytes('GET', '/v1/version'));
    assert.equal(await answers.next(), undefined);
  }
});

test('27: no session is ever resumed on either port', async () => {
  for (const address of [cas.client, cas.service]) {
    const socket = await dial(address);
    const sessions: Buffer[] = [];
    socket.on('session', (session: Buffer) => sessions.push(session));
    const answers = new Answers(socket);
    socket.write(requestBytes('GET', '/v1/version'));
    await answers.next();
    socket.destroy();
    assert.ok(sessions.length > 0, 'OpenSSL offers tickets even so');
    for (const session of sessions) {
      const again = await dial(address, { session });
      assert.equal(again.isSessionReused(), false);
      again.destroy();
    }
  }
});

test('30: an image with the init data of another session or tenant gets nothing', async () => {
  const service = await deploy();
  const other = await deploy();
  // The same code, under the other session's name.
  expectRefusal(
    await attest(cas.service, { ...service, initData: other.initData }, { configId: service.configId }),
    403,
    'E_ATTESTATION',
  );
  expectRefusal(await attest(cas.service, service, { configId: other.configId }), 403, 'E_ATTESTATION');
  // Right document, but the platform was started with another one, or with nothing.
  for (const configIdField of [sha256(other.initData), sha256(service.initData)]) {
    const padded = new Uint8Array(64);
    padded.set(configIdField);
    if (hex(configIdField) === hex(sha256(service.initData))) padded[63] = 1;
    expectRefusal(await attest(cas.service, service, { configIdField: padded }), 403, 'E_ATTESTATION');
  }
  expectRefusal(await attest(cas.service, service, { configIdField: new Uint8Array(64) }), 403, 'E_ATTESTATION');
  assert.equal(await releases(service), 0);
  assert.equal(await releases(other), 0);
});

test('46: an unknown config id and an unknown init data are one answer', async () => {
  const service = await deploy();
  const stranger = makeService(cas, service.configId, 'another image');
  const known = await attest(cas.service, stranger);
  const nobody = makeService(cas, service.configId.replace('/app/', '/nobody/'), 'another image');
  const unknown = await attest(cas.service, nobody);
  const missing = makeService(cas, `${service.configId}x`, 'another image');
  for (const answer of [known, unknown, await attest(cas.service, missing)])
    expectRefusal(answer, 403, 'E_ATTESTATION');
  const without = ({ body }: RawAnswer, { configId, initData }: Service): string =>
    JSON.stringify(body)
      .replaceAll(configId, '<config id>')
      .replaceAll(hex(sha256(initData)), '<H>');
  assert.equal(without(known, stranger), without(unknown, nobody));
  for (const headers of [known.headers, unknown.headers]) {
    headers.delete('date');
    headers.delete('content-length');
  }
  assert.deepEqual(known.headers, unknown.headers);
});

test('46: an empty policy lets nobody start', async () => {
  const nobody = await deploy((session) => ({ services: [{ ...first(session), attestation: [] }] }));
  const answer = await attest(cas.service, nobody);
  expectRefusal(answer, 403, 'E_ATTESTATION');
  assert.match(JSON.stringify(answer.body.causes), /nobody may start/);
  const noInitData = await deploy((session) => ({ services: [{ ...first(session), init_data: [] }] }));
  expectRefusal(await attest(cas.service, noInitData), 403, 'E_ATTESTATION');
  const noService = await deploy(() => ({ services: [] }));
  expectRefusal(await attest(cas.service, noService), 403, 'E_ATTESTATION');
});

test('a refusal by measurement says what was found and expected, in the words SCONE users know', async () => {
  const service = await deploy();
  const forged = { ...service, mrenclave: sha256(Uint8Array.of(1)) };
  const answer = await attest(cas.service, forged);
  expectRefusal(answer, 403, 'E_ATTESTATION');
  assert.match(
    JSON.stringify(answer.body.causes),
    new RegExp(
      `Unexpected enclave measurement \\(MRENCLAVE, ${hex(forged.mrenclave)}\\) - Expected ${hex(service.mrenclave)}`,
    ),
  );
  assert.ok(answer.body.hint.length > 0);
  assert.equal(await releases(service), 0);
});

test('a debug enclave needs a session that tolerates it', async () => {
  const strict = await deploy();
  const answer = await attest(cas.service, strict, { debug: true });
  expectRefusal(answer, 403, 'E_ATTESTATION');
  assert.match(answer.body.hint, /tolerate: \[debug-mode\]/);
  const tolerant = await deploy(() => ({ security: { attestation: { tolerate: ['debug-mode'] } } }));
  assert.equal((await attest(cas.service, tolerant, { debug: true })).status, 200);
});

test('the TEE follows from the evidence: another word beside it, or in the claims, is refused', async () => {
  const service = await deploy();
  for (const tee of ['sgx', 'tdx', 'snp'] as const) {
    expectRefusal(await attest(cas.service, service, { tee }), 403, 'E_TEE');
    expectRefusal(await attest(cas.service, service, { claimedTee: tee }), 403, 'E_ATTESTATION');
  }
});

test("41: evidence under the exporter label of the client port, and the CAS's own evidence, serve nobody here", async () => {
  const service = await deploy();
  expectRefusal(await attest(cas.service, service, { label: casExporterLabel }), 403, 'E_ATTESTATION');
  const { body } = await expectOk(call(cas.client, 'GET', '/v1/attestation'));
  const socket = await dial(cas.service);
  const answers = new Answers(socket);
  const { evidence, ...rest } = attestBody(peerOf(socket), service);
  const stolen = { ...rest, evidence: { ...evidence, quote: body.evidence.quote } };
  socket.write(requestBytes('POST', '/v1/attest', stolen));
  expectRefusal(await answers.next(), 403, 'E_ATTESTATION');
});

test('42: short, cut and flipped evidence is refused and the CAS goes on', async () => {
  const service = await deploy();
  const cuts: Deviations[] = [0, 1, 47, 431, 432, 500, 1000].map((length) => ({
    quote: (quote) => quote.subarray(0, length),
  }));
  const flips: Deviations[] = [0, 2, 50, 440, 600, 1100, -60].map((at) => ({
    quote: (quote) => {
      const changed = quote.slice();
      const place = at < 0 ? changed.length + at : at;
      changed[place] = (changed[place] as number) ^ 1;
      return changed;
    },
  }));
  for (const deviation of [...cuts, ...flips]) {
    const answer = await attest(cas.service, service, deviation);
    assert.ok([400, 403].includes(answer.status), JSON.stringify(answer.body));
    assert.notEqual(answer.body.code, 'E_INTERNAL');
  }
  assert.equal((await attest(cas.service, service)).status, 200);
  assert.equal(await releases(service), 1);
});

test('68: claims with a name twice, in another case, or unknown are refused', async () => {
  const service = await deploy();
  for (const claims of [
    (honest: object) => ({ ...honest, v: 2 }),
    (honest: object) => ({ ...honest, Config_id: service.configId }),
    (honest: object) => ({ ...honest, extra: 1 }),
  ]) {
    expectRefusal(await attest(cas.service, service, { claims }), 400, 'E_FORMAT');
  }
  const socket = await dial(cas.service);
  const answers = new Answers(socket);
  const body = attestBody(peerOf(socket), service);
  const twice = JSON.stringify(body).replace('{"claims"', '{"init_data":"","claims"');
  socket.write(requestBytes('POST', '/v1/attest', Buffer.from(twice)));
  expectRefusal(await answers.next(), 400, 'E_FORMAT');
});

test('45, 72: a value that reads like a placeholder or a host argument stays text', async () => {
  const salt = '00112233445566778899aabbccddeeff';
  const values = { tricky: '$$SCONE::password$$ @@1 {{X}} \\@\\@HOME' };
  const hmac = explicitValueHmac(fromHex(salt), 'tricky', values.tricky);
  const service = await deploy(
    (session) => ({
      salt,
      secrets: [
        { name: 'password', kind: 'ascii', size: '10' },
        { name: 'tricky', kind: 'ascii', size: '20', value_hmac: hmac },
      ],
      images: [{ name: 'files', injection_files: [{ path: '/etc/x', content: '<$$SCONE::tricky$$>' }] }],
      services: [
        {
          ...first(session),
          command: ['python3', '$$SCONE::tricky$$', '@@1', 'a@@1', '@@2'],
          environment: { A: '$$SCONE::tricky$$', B: '@@1', '\\@\\@HOME': '', __proto__x: 'p' },
          image_name: 'files',
        },
      ],
    }),
    values,
  );
  const answer = attestAnswer.parse((await expectOk(attest(cas.service, service))).body);
  assert.deepEqual(answer.argv, [
    { text: 'python3' },
    { text: values.tricky },
    { host_arg: 1 },
    { text: 'a@@1' },
    { host_arg: 2 },
  ]);
  assert.deepEqual(
    { ...answer.environment },
    { A: { text: values.tricky }, B: { text: '@@1' }, HOME: { host_env: 'HOME' }, __proto__x: { text: 'p' } },
  );
  assert.equal(Buffer.from(answer.files[0]?.content ?? '', 'base64').toString(), `<${values.tricky}>`);
});

test('binary secrets come in every format of the language, as raw bytes in files only', async () => {
  const service = await deploy((session) => ({
    secrets: [{ name: 'key', kind: 'binary', size: '33' }],
    images: [{ name: 'files', injection_files: [{ path: '/k', content: '$$SCONE::key$$', permission: '0440' }] }],
    services: [
      {
        ...first(session),
        environment: {
          HEX: '$$SCONE::key:hex$$',
          OLD: '$$SCONE::key.hex$$',
          B64: '$$SCONE::key:base64$$',
          URL: '$$SCONE::key:base64url$$',
          B32: '$$SCONE::key:base32$$',
        },
        image_name: 'files',
      },
    ],
  }));
  const answer = attestAnswer.parse((await expectOk(attest(cas.service, service))).body);
  const key = Buffer.from(answer.files[0]?.content ?? '', 'base64');
  assert.equal(key.length, 33);
  assert.equal(answer.files[0]?.mode, '0440');
  const text = (name: string) => (answer.environment[name] as { text: string }).text;
  assert.equal(text('HEX'), key.toString('hex'));
  assert.equal(text('OLD'), key.toString('hex'));
  assert.equal(text('B64'), key.toString('base64'));
  assert.equal(text('URL'), key.toString('base64url'));
  assert.match(text('B32'), /^[A-Z2-7]{53}={3}$/);
});

test('a session that needs more than the runtime can do is refused by name', async () => {
  const service = await deploy((session) => ({
    images: [{ name: 'files', injection_files: [{ path: '/k', content: 'x' }] }],
    services: [{ ...first(session), command: ['python3', '@@1'], environment: { '\\@\\@A': '' }, image_name: 'files' }],
  }));
  for (const [can, missing] of [
    [[], 'argv-host, env-host, files'],
    [['files', 'env-host'], 'argv-host'],
    [['argv-host', 'env-host'], 'files'],
  ] as const) {
    const answer = await attest(cas.service, service, { can: [...can] });
    expectRefusal(answer, 403, 'E_ATTESTATION');
    assert.equal(answer.body.expected, missing);
  }
  assert.equal((await attest(cas.service, service)).status, 200);
});

test('33: an update stops the next start of what it no longer lists', async () => {
  const service = await deploy();
  assert.equal((await attest(cas.service, service)).status, 200);
  const name = service.configId.slice(0, service.configId.lastIndexOf('/'));
  const { body } = await expectOk(call(cas.client, 'GET', `/v1/sessions/${name}`, { identity: owner }));
  await expectOk(
    put(cas.client, owner, { ...body.session, services: [], predecessor: body.hash, namespace_hash: undefined }),
  );
  expectRefusal(await attest(cas.service, service), 403, 'E_ATTESTATION');
});
