import { constants } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { exporterLength } from '../api/binding.ts';
import { keyHash } from '../core/digest.ts';
import { pem } from '../pki/pem.ts';
import { spkiSha256 } from '../pki/spki.ts';
import type { Identity } from './identity.ts';
import type { Limits } from './limits.ts';

/** What is known of a connection since its handshake, before any request. */
export interface Channel {
  /** TLS exporter value with the label of the port and an empty context, 32 bytes. */
  ekm: Uint8Array;
  /** When the handshake was done, in milliseconds of a clock that never goes back. */
  since: number;
  /** Key hash of the client's certificate; absent when it showed none, which is nobody (item 34). */
  client: string | undefined;
  /** Requests that began on this connection. */
  requests: number;
}

export interface TlsPort {
  identity: Identity;
  /** Exporter label; each port has its own, so that evidence for one never serves on the other (E.1). */
  label: string;
  /** Whether clients are asked for a certificate. */
  clientCertificates: boolean;
  milliseconds: () => number;
  limits: Limits;
}

/**
 * An HTTPS server as both ports need it: TLS 1.3 and nothing below, HTTP/1.1 and nothing else, no session that can be
 * resumed, no early data (Node has none). OpenSSL still sends tickets with SSL_OP_NO_TICKET, but honours none; a
 * resumed session is dropped all the same (M2).
 *
 * @returns the server and the channel of each socket that passed the handshake
 */
export function tlsServer(
  port: TlsPort,
  options: ServerOptions,
): { server: Server; channels: WeakMap<object, Channel> } {
  const channels = new WeakMap<object, Channel>();
  const server = createServer({
    ...options,
    // In memory only (item 32).
    key: pem('PRIVATE KEY', port.identity.privateKey.export({ format: 'der', type: 'pkcs8' })),
    cert: port.identity.certificatePem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: port.limits.handshake,
    maxHeaderSize: port.limits.headerBytes,
    connectionsCheckingInterval: port.limits.interval,
    requestCert: port.clientCertificates,
    // Clients make their own certificates; the policy of a session decides by the key.
    rejectUnauthorized: false,
  });
  // Before Node's own listener, so that no request is read from a connection that is not as it must be.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (socket.isSessionReused() || socket.getProtocol() !== 'TLSv1.3' || socket.alpnProtocol !== 'http/1.1') {
      socket.destroy();
      return;
    }
    try {
      channels.set(socket, {
        ekm: new Uint8Array(socket.exportKeyingMaterial(exporterLength, port.label, Buffer.alloc(0))),
        since: port.milliseconds(),
        client: clientKey(socket),
        requests: 0,
      });
    } catch {
      // A key of a kind that OpenSSL takes and Node does not, or a peer that is gone: not a reason for all to lose the CAS.
      socket.destroy();
    }
  });
  return { server, channels };
}

/**
 * The key hash of the client's certificate. TLS has proved that the client holds the key; `authorized` says nothing,
 * since it is false for a self-made certificate and for none at all (E.7).
 */
function clientKey(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : keyHash(spkiSha256(certificate.publicKey), 'production');
}
