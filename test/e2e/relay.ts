import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Somebody between runtime and CAS who sees, and keeps, every byte. */
export interface Relay {
  /** `127.0.0.1:<port>`. */
  address: string;
  /** What went through, one entry for each connection. */
  seen: { sent: Buffer; received: Buffer }[];
}

/** Passes connections on to an address; closed when the test ends. */
export async function relayTo(t: Pick<TestContext, 'after'>, address: string): Promise<Relay> {
  const [, host = '', port = ''] = /^(.*):([0-9]+)$/.exec(address) ?? [];
  const seen: Relay['seen'] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const connection = { sent: Buffer.alloc(0), received: Buffer.alloc(0) };
    seen.push(connection);
    const target = connect(Number(port), host);
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (part: Buffer) => (connection.sent = Buffer.concat([connection.sent, part])));
    target.on('data', (part: Buffer) => (connection.received = Buffer.concat([connection.received, part])));
    client.pipe(target);
    target.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Sends bytes on a new connection and answers everything that comes back until its end. */
export async function replay(address: string, bytes: Buffer): Promise<Buffer> {
  const [, host = '', port = ''] = /^(.*):([0-9]+)$/.exec(address) ?? [];
  const socket = connect(Number(port), host);
  let received = Buffer.alloc(0);
  socket.on('data', (part: Buffer) => (received = Buffer.concat([received, part])));
  socket.on('error', () => undefined);
  socket.write(bytes);
  socket.setTimeout(10_000, () => socket.destroy());
  await once(socket, 'close');
  return received;
}
