import { createHash, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { exporterLength, serviceExporterLabel, serviceReportData } from '../../src/api/binding.ts';
import type { AttestRequest } from '../../src/api/requests.ts';
import type { ListenAddress } from '../../src/cas/listen.ts';
import type { ClientIdentity } from '../../src/client/identity.ts';
import { base64, hex, utf8 } from '../../src/core/bytes.ts';
import { rfc3339 } from '../../src/core/clock.ts';
import { sha256 } from '../../src/core/digest.ts';
import { configIdField, renderInitData } from '../../src/initdata/document.ts';
import { spkiDer } from '../../src/pki/spki.ts';
import { simQuote } from '../../src/sim/quote.ts';
import { Answers, call, dial, type RawAnswer, requestBytes } from './wire.ts';

/** A simulated service: its enclave and its init data. */
export interface Service {
  configId: string;
  mrenclave: Uint8Array;
  rootfs: string;
  initData: Uint8Array;
}

export function makeService(cas: { key: string; service: ListenAddress }, configId: string, seed = configId): Service {
  const rootfs = createHash('sha256').update(`rootfs ${seed}`).digest('hex');
  return {
    configId,
    rootfs,
    mrenclave: sha256(utf8(`enclave ${seed}`)),
    initData: renderInitData({
      mode: 'service',
      cas_url: `localhost:${cas.service.port}`,
      cas_key: [cas.key],
      config_id: configId,
      rootfs,
    }),
  };
}

/** What a test may make different from what an honest runtime sends. */
export interface Deviations {
  configId?: string;
  initData?: Uint8Array;
  tee?: AttestRequest['evidence']['tee'];
  claimedTee?: string;
  can?: string[];
  label?: string;
  /** Changes the finished quote. */
  quote?: (quote: Uint8Array) => Uint8Array;
  /** What the platform carries. */
  configIdField?: Uint8Array;
  debug?: boolean;
  /** Changes the claims before they are hashed. */
  claims?: (claims: object) => object;
}

/** The server's end of a connection, as the other end sees it. */
export interface Peer {
  ekm: Uint8Array;
  spkiSha256: Uint8Array;
}

export function peerOf(socket: TLSSocket, label = serviceExporterLabel): Peer {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error('the CAS showed no certificate');
  return {
    ekm: socket.exportKeyingMaterial(exporterLength, label, Buffer.alloc(0)),
    spkiSha256: sha256(spkiDer(certificate.publicKey)),
  };
}

/** The body of an attestation for exactly this connection. */
export function attestBody(peer: Peer, service: Service, deviations: Deviations = {}): AttestRequest {
  const initData = deviations.initData ?? service.initData;
  const honest = {
    v: 1,
    tee: deviations.claimedTee ?? 'sim',
    config_id: deviations.configId ?? service.configId,
    rootfs: service.rootfs,
    runtime: { version: 'test', can: deviations.can ?? ['files', 'argv-host', 'env-host'] },
  };
  const claims = utf8(JSON.stringify(deviations.claims?.(honest) ?? honest));
  const reportData = serviceReportData({
    ekm: peer.ekm,
    serverSpkiSha256: peer.spkiSha256,
    initDataHash: sha256(initData),
    claims,
  });
  const quote = simQuote({
    mrenclave: service.mrenclave,
    configId: deviations.configIdField ?? configIdField(initData),
    reportData,
    ...(deviations.debug === undefined ? {} : { debug: deviations.debug }),
  });
  return {
    claims: base64(claims),
    evidence: { tee: deviations.tee ?? 'sim', quote: base64(deviations.quote?.(quote) ?? quote) },
    init_data: base64(initData),
  };
}

/** Attests on a connection of its own, as a runtime does. */
export async function attest(
  address: ListenAddress,
  service: Service,
  deviations: Deviations = {},
): Promise<RawAnswer> {
  const socket = await dial(address);
  try {
    const answers = new Answers(socket);
    socket.write(requestBytes('POST', '/v1/attest', attestBody(peerOf(socket, deviations.label), service, deviations)));
    const answer = await answers.next();
    if (answer === undefined) throw new Error('no answer to an attestation');
    return answer;
  } finally {
    socket.destroy();
  }
}

/** A session in the language, as a mesh derives it. */
export function sessionFor(service: Service, rest: { [key: string]: unknown } = {}): { [key: string]: unknown } {
  const end = service.configId.lastIndexOf('/');
  return {
    version: '0.3.12',
    name: service.configId.slice(0, end),
    access_policy: { read: ['CREATOR'], update: ['CREATOR'] },
    services: [
      {
        name: service.configId.slice(end + 1),
        command: ['python3', 'print_env.py'],
        pwd: '/python',
        environment: { API_USER: 'myself', API_PASSWORD: '$$SCONE::password$$' },
        init_data: [hex(sha256(service.initData))],
        attestation: [{ sim: { mrenclave: [hex(service.mrenclave)] } }],
      },
    ],
    secrets: [{ name: 'password', kind: 'ascii', size: '10' }],
    ...rest,
  };
}

export function namespaceSession(name: string, rest: { [key: string]: unknown } = {}): { [key: string]: unknown } {
  return {
    version: '0.3.12',
    name,
    access_policy: { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR'] },
    ...rest,
  };
}

export async function put(
  address: ListenAddress,
  identity: ClientIdentity,
  session: { [key: string]: unknown },
  rest: { values?: { [name: string]: string }; time?: string } = {},
): Promise<RawAnswer> {
  const body = { session, time: rfc3339(new Date()), ...rest };
  return await call(address, 'PUT', `/v1/sessions/${String(session['name'])}`, { body, identity });
}

/** A name that no other test uses. */
export function uniqueName(stem: string): string {
  return `${stem}-${randomBytes(4).toString('hex')}`;
}
