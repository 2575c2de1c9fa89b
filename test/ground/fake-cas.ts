import { generateKeyPairSync } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { keyHash } from '../../src/core/digest.ts';
import { selfSigned } from '../../src/pki/issue.ts';
import { pem } from '../../src/pki/pem.ts';
import { spkiSha256 } from '../../src/pki/spki.ts';

/** What the CAS's side of one connection saw. */
export interface Seen {
  /** The client's first bytes on the wire: its ClientHello. */
  hello: Buffer;
  /** TLS exporter value for services; empty when no handshake was finished. */
  ekm: Uint8Array;
  /** All bytes of the request. */
  request: Buffer;
}

/** An attestation port that answers whatever a test says, to see what the runtime sends and what it does with it. */
export interface FakeCas {
  address: string;
  keyHash: string;
  spkiSha256: Uint8Array;
  seen: Seen[];
  close: () => Promise<void>;
}

/** @param answer makes the whole HTTP answer from the request's body; `undefined` leaves the client waiting */
export async function fakeCas(answer: (body: string) => string | undefined): Promise<FakeCas> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Dates and names mean nothing to the runtime: the key is pinned.
  const [notBefore, notAfter] = [new Date(0), new Date(1000)];
  const certificate = selfSigned({ commonName: 'fake CAS', privateKey, notBefore, notAfter });
  const key = pem('PRIVATE KEY', privateKey.export({ format: 'der', type: 'pkcs8' }));
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const connection: Seen = { hello: Buffer.alloc(0), ekm: new Uint8Array(), request: Buffer.alloc(0) };
    seen.push(connection);
    socket.once('data', (hello: Buffer) => {
      connection.hello = hello;
      socket.pause();
      socket.unshift(hello);
      const options = {
        isServer: true,
        key,
        cert: certificate.pem,
        ALPNProtocols: ['http/1.1'],
        minVersion: 'TLSv1.3',
      };
      const tls = new TLSSocket(socket, options as ConstructorParameters<typeof TLSSocket>[1]);
      tls.on('error', () => socket.destroy());
      tls.on('data', (part: Buffer) => {
        if (connection.request.length === 0) {
          connection.ekm = new Uint8Array(
            tls.exportKeyingMaterial(32, 'EXPORTER-sconectl-service-v1', Buffer.alloc(0)),
          );
        }
        connection.request = Buffer.concat([connection.request, part]);
        const text = connection.request.toString('latin1');
        const length = /^content-length: ([0-9]+)\r$/im.exec(text)?.[1];
        const start = text.indexOf('\r\n\r\n') + 4;
        if (length === undefined || text.length < start + Number(length)) return;
        const answered = answer(text.slice(start));
        if (answered !== undefined) tls.end(answered);
      });
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const spki = spkiSha256(publicKey);
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    keyHash: keyHash(spki, 'simulation'),
    spkiSha256: spki,
    seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A whole HTTP answer with a JSON body. */
export function httpAnswer(status: string, body: unknown): string {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`;
}
