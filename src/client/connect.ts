import { isIP } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Client } from 'undici';
import { equalBytes } from '../core/bytes.ts';
import { type KeyHash, keyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import { spkiDer, spkiSha256 } from '../pki/spki.ts';
import { type Address, addressText } from './address.ts';

/** The largest answer that is read; the CAS documents smaller limits for everything it sends. */
const maxAnswerBytes = 16 * 1024 * 1024;
/** How many times the time until an answer begins, or goes on, a whole answer may take (item 35). */
const wholeAnswer = 4;

export interface ConnectOptions {
  address: Address;
  /** The keys one of which the CAS must have; `undefined` only for a first contact, which is attested at once. */
  pins: readonly KeyHash[] | undefined;
  /** The client's own certificate and key in PEM; a CAS tells clients apart by this key. */
  identity?: { certificate: string; privateKey: string };
  /** Milliseconds until the handshake is done, and until an answer begins. */
  timeout?: number;
}

export interface Answer {
  status: number;
  /** `undefined` when the answer had no body. */
  body: Json | undefined;
}

/**
 * Opens one TLS 1.3 connection to a CAS and compares its key on the socket, before a byte of a request exists
 * (security review H7: `checkServerIdentity` is not called for a chain that did not verify, and a CAS's chain never
 * does). Throws `E_CAS_UNREACHABLE` and `E_CAS_IDENTITY`.
 */
export async function openConnection(options: ConnectOptions): Promise<Connection> {
  // A large library, for commands that do connect: it is loaded while the server works on the handshake.
  const [socket, undici] = await Promise.all([handshake(options), import('undici')]);
  try {
    return new Connection(socket, checkPeer(socket, options), options, undici.Client);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function handshake({ address, identity, timeout = 10_000 }: ConnectOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      host: address.host,
      port: address.port,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      // A CAS makes its own certificate; its key is compared in checkPeer instead, always.
      rejectUnauthorized: false,
      ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
    });
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeout / 1000} s`)), timeout);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(unreachable(address, error));
    };
    const closed = (): void => fail(new Error('the connection was closed during the handshake'));
    socket.on('error', fail);
    socket.once('close', closed);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.removeListener('close', closed);
      // `fail` stays: an error before the first request must not end the process, and rejecting again does nothing.
      resolve(socket);
    });
  });
}

/** The peer's public key (SubjectPublicKeyInfo, DER), after everything that must be true of the socket was found true. */
function checkPeer(socket: TLSSocket, { address, pins }: ConnectOptions): Uint8Array<ArrayBuffer> {
  const protocol = socket.getProtocol();
  if (protocol !== 'TLSv1.3') throw refused(address, 'is not TLS 1.3', 'TLSv1.3', String(protocol));
  if (socket.isSessionReused()) throw refused(address, 'resumes an earlier one', 'a full handshake', 'resumption');
  if (socket.alpnProtocol !== 'http/1.1') {
    throw refused(address, 'did not agree on HTTP/1.1', 'ALPN http/1.1', `ALPN ${socket.alpnProtocol || 'none'}`);
  }
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw refused(address, 'shows no certificate', 'a certificate', 'none');
  const spki = spkiDer(certificate.publicKey);
  const found = spkiSha256(spki);
  if (pins !== undefined && !pins.some((pin) => equalBytes(pin.spkiSha256, found))) {
    throw new SconeError('E_CAS_IDENTITY', `the CAS at ${addressText(address)} has another key than the one expected`, {
      expected: pins.map((pin) => keyHash(pin.spkiSha256, pin.mode)).join(' or ') || 'a key (none is allowed)',
      found: keyHash(found, pins[0]?.mode ?? 'production'),
      hint: `nothing was sent to it. If the CAS was set up anew on purpose: sconectl cas forget ${addressText(address)}`,
    });
  }
  return spki;
}

function refused(address: Address, what: string, expected: string, found: string): SconeError {
  return new SconeError('E_CAS_UNREACHABLE', `the connection to ${addressText(address)} ${what}`, {
    expected,
    found,
    hint: 'is this the client port (8081) of a CAS, without a proxy that ends TLS in front of it?',
  });
}

/** The refusal for a connection that failed or broke. */
export function unreachable(address: Address, error: unknown): SconeError {
  const text = addressText(address);
  return new SconeError('E_CAS_UNREACHABLE', `no connection to the CAS at ${text}`, {
    causes: causesOf(error),
    hint: `is a CAS running there? One for trying out starts with: sconectl cas start --simulation`,
  });
}

function causesOf(error: unknown): string[] {
  // Node joins the attempts over IPv6 and IPv4 in one AggregateError without a message.
  if (error instanceof AggregateError) return error.errors.flatMap(causesOf);
  return [error instanceof Error ? error.message : String(error)];
}

/** One attestable connection: exactly one socket; what was proved of it holds for each request sent here. */
export class Connection {
  readonly address: Address;
  /** The server's SubjectPublicKeyInfo, DER: the one the handshake proved. */
  readonly spki: Uint8Array<ArrayBuffer>;
  private readonly socket: TLSSocket;
  private readonly client: Client;
  private readonly timeout: number;

  constructor(
    socket: TLSSocket,
    spki: Uint8Array<ArrayBuffer>,
    { address, timeout = 30_000 }: ConnectOptions,
    http: typeof Client,
  ) {
    this.address = address;
    this.spki = spki;
    this.socket = socket;
    this.timeout = timeout;
    let unused: TLSSocket | undefined = socket;
    this.client = new http(`https://${addressText(address)}`, {
      pipelining: 1,
      allowH2: false,
      maxResponseSize: maxAnswerBytes,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      keepAliveTimeout: 60_000,
      connect: (_options, callback) => {
        const first = unused;
        unused = undefined;
        // Later, since undici does not look again at its queue while it is inside this call.
        queueMicrotask(() => {
          // A second socket would be one of which nothing was proved.
          if (first === undefined || first.destroyed) callback(new Error('the connection was closed'), null);
          else callback(null, first);
        });
      },
    });
  }

  /** Whether another request can still be sent here. */
  get alive(): boolean {
    return !this.socket.destroyed && this.socket.writable && this.socket.readable;
  }

  /** 32 bytes of the TLS exporter (RFC 8446, section 7.5) with an empty context. */
  exporter(label: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.socket.exportKeyingMaterial(32, label, Buffer.alloc(0)));
  }

  /** Sends one request and reads its answer, strict JSON. Throws `E_CAS_UNREACHABLE` and `E_FORMAT`. */
  async request(method: 'GET' | 'PUT' | 'POST', path: string, body?: Uint8Array): Promise<Answer> {
    let status: number;
    let bytes: Uint8Array;
    try {
      const answer = await this.client.request({
        method,
        path,
        signal: AbortSignal.timeout(wholeAnswer * this.timeout),
        ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      });
      status = answer.statusCode;
      bytes = new Uint8Array(await answer.body.arrayBuffer());
    } catch (error) {
      throw unreachable(this.address, error);
    }
    return {
      status,
      body: bytes.length === 0 ? undefined : parseJson(bytes, `answer of ${addressText(this.address)}`),
    };
  }

  async close(): Promise<void> {
    await this.client.destroy();
    this.socket.destroy();
  }
}
