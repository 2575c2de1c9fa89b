import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { routes } from '../../src/api/routes.ts';
import { loadIdentity } from '../../src/client/identity.ts';
import { systemClock } from '../../src/core/clock.ts';
import { keyHash } from '../../src/core/digest.ts';
import { tempFolder } from '../support/temp.ts';
import { makeReplicas, type Replica, serve } from './in-process.ts';
import { attestBody, makeService, namespaceSession, peerOf, sessionFor } from './service.ts';
import { Answers, call, dial, requestBytes } from './wire.ts';

async function replica(): Promise<Replica> {
  const { replicas } = await makeReplicas(1);
  return replicas[0] as Replica;
}

test('26: evidence that comes more than 60 s after the handshake is refused', async (t) => {
  const cas = await replica();
  const key = keyHash(cas.identity.spkiSha256, 'simulation');
  const service = makeService({ key, service: { host: 'localhost', port: 1 } }, 'ns/app/python3');
  await cas.put(namespaceSession('ns'));
  await cas.put(sessionFor(service));
  let now = 0;
  const ports = await serve(t, cas, {}, () => now);
  for (const [elapsed, status] of [
    [60_001, 403],
    [60_000, 200],
  ] as const) {
    now = 1000;
    const socket = await dial(ports.service);
    // The server's end finishes its handshake when it hears from the client again.
    await new Promise((resolve) => setTimeout(resolve, 50));
    now += elapsed;
    const answers = new Answers(socket);
    socket.write(requestBytes('POST', '/v1/attest', attestBody(peerOf(socket), service)));
    assert.equal((await answers.next())?.status, status);
  }
});

test('59: bodies above the limit of their route are refused, announced or not, and the connection ends', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, {});
  const identity = await loadIdentity(tempFolder(t), systemClock);
  for (const [address, method, path, limit] of [
    [ports.service, 'POST', '/v1/attest', routes.attest.bodyLimit],
    [ports.client, 'PUT', '/v1/sessions/a', routes.putSession.bodyLimit],
  ] as const) {
    const announced = await dial(address, { identity });
    const answers = new Answers(announced);
    announced.write(requestBytes(method, path, undefined, [`Content-Length: ${limit + 1}`]));
    const answer = await answers.next();
    assert.equal(answer?.status, 413);
    assert.equal(answer?.body.code, 'E_LIMIT');
    assert.equal(await answers.next(), undefined);
    const chunked = await dial(address, { identity });
    const more = new Answers(chunked);
    chunked.write(requestBytes(method, path, undefined, ['Transfer-Encoding: chunked']));
    const piece = Buffer.alloc(16_384, ' ');
    for (let sent = 0; sent <= limit && chunked.writable; sent += piece.length) {
      chunked.write(`${piece.length.toString(16)}\r\n`);
      chunked.write(piece);
      chunked.write('\r\n');
    }
    assert.equal((await more.next())?.status, 413);
  }
});

test('59: connections that stand still are closed: before the handshake, before the head, inside a body', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, {
    handshake: 300,
    clientHeaders: 300,
    clientRequest: 600,
    clientIdle: 300,
    attestation: 300,
    interval: 100,
  });
  for (const address of [ports.client, ports.service]) {
    const raw = connectTcp(address);
    const silent = await dial(address);
    const slowHead = await dial(address);
    slowHead.write('GET /v1/version HTTP/1.1\r\nHost: ');
    const slowBody = await dial(address);
    slowBody.write(requestBytes('POST', '/v1/attest', undefined, ['Content-Length: 100']));
    slowBody.write('{');
    for (const socket of [raw, silent, slowHead, slowBody]) {
      socket.on('error', () => {});
      socket.resume();
    }
    const ended = Promise.all([raw, silent, slowHead, slowBody].map((socket) => once(socket, 'close')));
    const timer = new Promise((_resolve, reject) => setTimeout(() => reject(new Error('still open')), 4000).unref());
    await Promise.race([ended, timer]);
  }
  assert.equal((await call(ports.client, 'GET', '/v1/version')).status, 200);
});

test('59: more connections than the limit are closed, and the others go on', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, { clientConnections: 3 });
  const sockets = [await dial(ports.client), await dial(ports.client), await dial(ports.client)];
  await assert.rejects(dial(ports.client));
  const [socket] = sockets;
  assert.ok(socket !== undefined);
  const answers = new Answers(socket);
  socket.write(requestBytes('GET', '/v1/version'));
  assert.equal((await answers.next())?.status, 200);
  sockets.forEach((one) => one.destroy());
});

test('59: bodies share a bounded memory: beyond it requests are told to come later, and it comes free again', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, { bodyBytes: 100_000 });
  const holders = await Promise.all([1, 2].map(() => dial(ports.service)));
  for (const socket of holders) {
    socket.write(requestBytes('POST', '/v1/attest', undefined, ['Content-Length: 60000']));
    socket.write(Buffer.alloc(45_000, ' '));
  }
  const ask = async () => {
    const socket = await dial(ports.service);
    const answers = new Answers(socket);
    socket.write(requestBytes('POST', '/v1/attest', Buffer.alloc(20_000, ' ')));
    const answer = await answers.next();
    socket.destroy();
    return answer?.status;
  };
  for (let status = await ask(); status !== 429; status = await ask())
    await new Promise((wait) => setTimeout(wait, 10));
  holders.forEach((socket) => socket.destroy());
  for (let status = await ask(); status !== 400; status = await ask())
    await new Promise((wait) => setTimeout(wait, 10));
});

test('59: own evidence is made at a limited rate', async (t) => {
  const cas = await replica();
  let now = 0;
  const ports = await serve(t, cas, { evidencePerSecond: 1, evidenceBurst: 3 }, () => now);
  const ask = async () => (await call(ports.client, 'GET', '/v1/attestation')).status;
  assert.deepEqual([await ask(), await ask(), await ask(), await ask()], [200, 200, 200, 429]);
  now += 2000;
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
  assert.equal((await call(ports.client, 'GET', '/v1/version')).status, 200);
});

test('59: long heads, deep JSON and what is no HTTP are refused without harm', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, {});
  const identity = await loadIdentity(tempFolder(t), systemClock);
  for (const bytes of [
    requestBytes('GET', `/v1/sessions/${'a'.repeat(20_000)}`),
    requestBytes('GET', '/v1/version', undefined, [`X: ${'a'.repeat(20_000)}`]),
    Buffer.from('\0\0\0 no HTTP at all\r\n\r\n'),
    Buffer.from('GET /v1/version HTTP/9.9\r\n\r\n'),
    requestBytes('PUT', '/v1/sessions/a', Buffer.from('['.repeat(100_000))),
    requestBytes('PUT', '/v1/sessions/a', Buffer.from('{"session":{"__proto__":{"a":1}}}')),
  ]) {
    const socket = await dial(ports.client, { identity });
    const answers = new Answers(socket);
    socket.write(bytes);
    const answer = await answers.next().catch(() => undefined);
    assert.ok(answer === undefined || (answer.status >= 400 && answer.status < 500), `${answer?.status}`);
    socket.destroy();
  }
  assert.equal((await call(ports.client, 'GET', '/v1/version')).status, 200);
  assert.deepEqual(ports.log, []);
});

test('a stop lets requests that have begun end, and takes no more', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, {});
  const idle = await dial(ports.client);
  const closed = once(idle, 'close');
  await ports.server.close();
  await closed;
  await assert.rejects(dial(ports.client));
});

test('26: a request with an expectation consumes the connection of the attestation port as any other', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, {});
  const socket = await dial(ports.service);
  const answers = new Answers(socket);
  socket.write(requestBytes('GET', '/v1/version', undefined, ['Expect: something']));
  assert.equal((await answers.next())?.status, 404);
  assert.equal(await answers.next(), undefined);
});

test('59: what strangers put into the log of a CAS is short and steers no terminal', async (t) => {
  const cas = await replica();
  const ports = await serve(t, cas, {});
  const name = `\u009b2J${'x'.repeat(100_000)}`;
  const body = Buffer.from(`{"${name}":1,"${name}":2}`);
  assert.equal((await call(ports.service, 'POST', '/v1/attest', { body })).status, 400);
  assert.equal(ports.log.length, 1);
  assert.match(ports.log[0] ?? '', /^refused E_FORMAT: [^\p{Cc}]{1,300}$/u);
});
