import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ListenAddress } from '../../src/cas/listen.ts';
import type { ClientIdentity } from '../../src/client/identity.ts';

/** An HTTP answer, read by hand. */
export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of every form
  body: any;
}

/** A TLS connection made by hand, with nothing of an HTTP library between the test and the CAS. */
export async function dial(
  { host, port }: ListenAddress,
  options: ConnectionOptions & { identity?: ClientIdentity } = {},
): Promise<TLSSocket> {
  const { identity, ...rest } = options;
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(identity === undefined ? {} : { key: identity.privateKey, cert: identity.certificate }),
    ...rest,
  });
  socket.on('error', () => {});
  await Promise.race([
    once(socket, 'secureConnect'),
    once(socket, 'close').then(() => {
      throw new Error('closed during the handshake');
    }),
  ]);
  return socket;
}

/** The bytes of a request. */
export function requestBytes(method: string, path: string, body?: unknown, headers: readonly string[] = []): Buffer {
  const bytes =
    body === undefined
      ? Buffer.alloc(0)
      : body instanceof Uint8Array
        ? Buffer.from(body)
        : Buffer.from(JSON.stringify(body), 'utf8');
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: cas',
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${bytes.length}`]),
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]);
}

/** Reads answers from a socket, one after the other; `undefined` when it was closed before a whole one. */
export class Answers {
  private bytes: Buffer = Buffer.alloc(0);
  private closed = false;
  private wake: () => void = () => {};

  constructor(socket: TLSSocket) {
    socket.on('data', (piece: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, piece]);
      this.wake();
    });
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  async next(): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.take();
      if (answer !== undefined) return answer;
      if (this.closed) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private take(): RawAnswer | undefined {
    const end = this.bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = new Map(
      lines.map((line): [string, string] => {
        const at = line.indexOf(':');
        return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
      }),
    );
    const length = Number(headers.get('content-length') ?? 0);
    if (this.bytes.length < end + 4 + length) return undefined;
    const body = this.bytes.subarray(end + 4, end + 4 + length).toString('utf8');
    this.bytes = this.bytes.subarray(end + 4 + length);
    return {
      status: Number(statusLine.split(' ')[1]),
      headers,
      body: body === '' ? undefined : JSON.parse(body),
    };
  }
}

/** One request on a connection of its own. */
export async function call(
  address: ListenAddress,
  method: string,
  path: string,
  options: { body?: unknown; identity?: ClientIdentity } = {},
): Promise<RawAnswer> {
  const socket = await dial(address, options.identity === undefined ? {} : { identity: options.identity });
  try {
    const answers = new Answers(socket);
    socket.write(requestBytes(method, path, options.body));
    const answer = await answers.next();
    if (answer === undefined) throw new Error(`no answer to ${method} ${path}`);
    return answer;
  } finally {
    socket.destroy();
  }
}
