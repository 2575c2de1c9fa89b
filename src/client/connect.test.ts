import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { keyHash } from '../core/digest.ts';
import { selfSigned } from '../pki/issue.ts';
import { spkiSha256 } from '../pki/spki.ts';
import { openConnection } from './connect.ts';

const day = 24 * 3600 * 1000;

function identity() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { pem } = selfSigned({
    privateKey,
    commonName: 'cas',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
  });
  const pin = { mode: 'simulation' as const, spkiSha256: spkiSha256(publicKey) };
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: pem, pin };
}

const cas = identity();
const other = identity();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A TLS server that keeps every byte it decrypts and answers each piece of a request with `answer`. */
async function serve(answer: (text: string) => string | undefined, options: TlsOptions = {}) {
  const seen = { bytes: 0, connections: 0, reused: 0, sockets: [] as TLSSocket[] };
  const server = createServer(
    {
      key: cas.key,
      cert: cas.cert,
      ALPNProtocols: ['http/1.1'],
      requestCert: true,
      rejectUnauthorized: false,
      ...options,
    },
    (socket) => {
      seen.connections++;
      if (socket.isSessionReused()) seen.reused++;
      seen.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        seen.bytes += data.length;
        const text = answer(data.toString());
        if (text === undefined) socket.destroy();
        else if (text !== '') socket.write(text);
      });
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of seen.sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return { address, seen, server };
}

function http(body: string, status = '200 OK', headers = ''): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

test('69: with a wrong CAS key not one byte of the request leaves the client', async () => {
  const { address, seen, server } = await serve(() => http('{}'));
  const arrived = once(server, 'connection');
  await assert.rejects(openConnection({ address, pins: [other.pin] }), {
    code: 'E_CAS_IDENTITY',
    expected: keyHash(other.pin.spkiSha256, 'simulation'),
    found: keyHash(cas.pin.spkiSha256, 'simulation'),
  });
  const [socket] = (await arrived) as [Socket];
  if (!socket.closed) await once(socket, 'close');
  assert.equal(seen.bytes, 0);

  // The same server does receive what is sent under the right key, so the count above means something.
  const connection = await openConnection({ address, pins: [other.pin, cas.pin] });
  assert.deepEqual(await connection.request('GET', '/v1/version'), { status: 200, body: Object.create(null) });
  await connection.close();
  assert.ok(seen.bytes > 0);
});

test('29: no list of keys and an empty list of keys are not the same: the empty one trusts nobody', async () => {
  const { address, seen } = await serve(() => http('{}'));
  await assert.rejects(openConnection({ address, pins: [] }), { code: 'E_CAS_IDENTITY' });
  const first = await openConnection({ address, pins: undefined });
  assert.deepEqual(spkiSha256(first.spki), cas.pin.spkiSha256);
  await first.close();
  assert.equal(seen.bytes, 0);
});

test('27: a server that speaks TLS 1.2 only, or no HTTP/1.1 by ALPN, is refused', async () => {
  const old = await serve(() => http('{}'), { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  await assert.rejects(openConnection({ address: old.address, pins: [cas.pin] }), { code: 'E_CAS_UNREACHABLE' });
  const silent = await serve(() => http('{}'), { ALPNProtocols: [] });
  await assert.rejects(openConnection({ address: silent.address, pins: [cas.pin] }), {
    code: 'E_CAS_UNREACHABLE',
    found: 'ALPN none',
  });
  assert.equal(old.seen.bytes + silent.seen.bytes, 0);
});

test('27: no connection resumes an earlier one, although the server offers tickets', async () => {
  const { address, seen } = await serve(() => http('{}'));
  for (let i = 0; i < 3; i++) {
    const connection = await openConnection({ address, pins: [cas.pin] });
    await connection.request('GET', '/v1/version');
    await connection.close();
  }
  assert.deepEqual([seen.connections, seen.reused], [3, 0]);
});

test('what was proved of one socket is never used on a second one', async () => {
  let answers = 0;
  const { address, seen } = await serve(() =>
    answers++ === 0 ? http('{}', '200 OK', 'connection: close\r\n') : http('{}'),
  );
  const connection = await openConnection({ address, pins: [cas.pin] });
  await connection.request('GET', '/v1/version');
  await assert.rejects(connection.request('GET', '/v1/version'), { code: 'E_CAS_UNREACHABLE' });
  assert.equal(connection.alive, false);
  assert.equal(seen.connections, 1);
  await connection.close();
});

test('both ends of the connection have the same exporter value, and each connection another', async () => {
  const { address, seen } = await serve(() => http('{}'));
  const values: string[] = [];
  for (let i = 0; i < 2; i++) {
    const connection = await openConnection({ address, pins: [cas.pin] });
    await connection.request('GET', '/v1/version');
    const ours = Buffer.from(connection.exporter('EXPORTER-sconectl-cas-v1'));
    assert.deepEqual(ours, seen.sockets[i]?.exportKeyingMaterial(32, 'EXPORTER-sconectl-cas-v1', Buffer.alloc(0)));
    values.push(ours.toString('hex'));
    await connection.close();
  }
  assert.notEqual(values[0], values[1]);
});

test('the client shows its certificate, and the server sees that key', async () => {
  const { address, seen } = await serve(() => http('{}'));
  const me = identity();
  const connection = await openConnection({
    address,
    pins: [cas.pin],
    identity: { certificate: me.cert, privateKey: me.key },
  });
  await connection.request('GET', '/v1/version');
  const shown = seen.sockets[0]?.getPeerX509Certificate();
  assert.ok(shown !== undefined);
  assert.deepEqual(spkiSha256(shown), me.pin.spkiSha256);
  await connection.close();
});

test('a redirect is an answer like any other, and duplicate names in an answer are refused', async () => {
  const away = await serve(() => http('{}', '307 Temporary Redirect', 'location: https://127.0.0.1:1/\r\n'));
  const first = await openConnection({ address: away.address, pins: [cas.pin] });
  assert.equal((await first.request('GET', '/')).status, 307);
  await first.close();
  const twice = await serve(() => http('{"a":1,"a":2}'));
  const second = await openConnection({ address: twice.address, pins: [cas.pin] });
  await assert.rejects(second.request('GET', '/'), { code: 'E_FORMAT' });
  await second.close();
});

test('59: an answer that is too large, never comes or breaks off ends in a refusal', async () => {
  const large = await serve(() => `HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n${' '.repeat(17 << 20)}`);
  const never = await serve(() => '');
  const broken = await serve(() => undefined);
  for (const { address } of [large, never, broken]) {
    const connection = await openConnection({ address, pins: [cas.pin], timeout: 500 });
    await assert.rejects(connection.request('GET', '/'), { code: 'E_CAS_UNREACHABLE' });
    await connection.close();
  }
});

test('35: an answer that trickles for ever ends in a refusal', async () => {
  const trickle = await serve(() => 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
  const timer = setInterval(() => trickle.seen.sockets.forEach((socket) => void socket.write(' ')), 50);
  try {
    const connection = await openConnection({ address: trickle.address, pins: [cas.pin], timeout: 500 });
    const answer = connection.request('GET', '/').then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    const late = new Promise<string>((resolve) => setTimeout(resolve, 6000, 'still waiting').unref());
    assert.equal(await Promise.race([answer, late]), 'E_CAS_UNREACHABLE');
    await connection.close();
  } finally {
    clearInterval(timer);
  }
});

test('a closed port, an unknown host and a server without TLS say where no CAS was found', async () => {
  const plain = createTcpServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  );
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  await assert.rejects(openConnection({ address: { host: '127.0.0.1', port }, pins: undefined }), {
    code: 'E_CAS_UNREACHABLE',
  });
  plain.close();
  await once(plain, 'close');
  await assert.rejects(openConnection({ address: { host: '127.0.0.1', port }, pins: undefined }), {
    message: `no connection to the CAS at 127.0.0.1:${port}`,
    causes: [`connect ECONNREFUSED 127.0.0.1:${port}`],
  });
  await assert.rejects(openConnection({ address: { host: 'cas.invalid', port }, pins: undefined }), {
    code: 'E_CAS_UNREACHABLE',
  });
});
