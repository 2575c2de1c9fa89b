import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { fromHex } from '../../src/core/bytes.ts';
import type { CollateralDocument } from '../../src/evidence/collateral.ts';
import { issueCertificate } from '../../src/pki/issue.ts';
import { pem } from '../../src/pki/pem.ts';
import { newKey } from '../evidence/world.ts';

/** An HTTPS server on loopback that takes the part of a vendor's service. */
export interface FakeService {
  base: string;
  /** PEM of its own certificate, to be trusted by the client. */
  ca: string;
  /** Paths with queries, in the order they were asked for. */
  requests: string[];
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export async function startService(t: Pick<TestContext, 'after'>, handler: Handler): Promise<FakeService> {
  const key = newKey();
  const certificate = pem(
    'CERTIFICATE',
    issueCertificate(
      {
        serial: Uint8Array.of(1),
        subject: 'loopback',
        issuer: 'loopback',
        notBefore: new Date('2020-01-01T00:00:00Z'),
        notAfter: new Date('2049-01-01T00:00:00Z'),
        publicKey: createPublicKey(key),
        keyUsage: ['digitalSignature'],
        // subjectAltName: the address 127.0.0.1 (RFC 5280, 4.2.1.6).
        extensions: [{ oid: '2.5.29.17', critical: false, value: fromHex('300687047f000001') }],
      },
      key,
    ),
  );
  const requests: string[] = [];
  const options = { key: key.export({ type: 'pkcs8', format: 'pem' }), cert: certificate };
  const server = createServer(options, (request, response) => {
    requests.push(request.url ?? '');
    handler(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: certificate, requests };
}

export interface IntelHabits {
  version?: 3 | 4;
  /** How it sends revocation lists. */
  crl?: 'der' | 'hex' | 'pem';
  tee?: 'sgx' | 'tdx';
}

/** Answers as a PCS or PCCS that has the collateral of one platform. */
export function intelHandler(
  collateral: CollateralDocument,
  { version = 4, crl = 'der', tee = 'sgx' }: IntelHabits = {},
): Handler {
  const list = (text: string): Uint8Array | string => {
    if (crl === 'hex') return text.toUpperCase();
    return crl === 'pem' ? pem('X509 CRL', fromHex(text)) : fromHex(text);
  };
  const chainHeader = version === 3 ? 'SGX-TCB-Info-Issuer-Chain' : 'TCB-Info-Issuer-Chain';
  const ca = new X509Certificate(collateral.pck_crl_issuer_chain).subject.includes('Processor')
    ? 'processor'
    : 'platform';
  const { fmspc } = JSON.parse(collateral.tcb_info) as { fmspc: string };
  const answers: { [path: string]: [header: string, chain: string, body: Uint8Array | string] } = {
    [`/${tee}/certification/v${version}/tcb?fmspc=${fmspc}`]: [
      chainHeader,
      collateral.tcb_info_issuer_chain,
      `{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`,
    ],
    [`/${tee}/certification/v${version}/qe/identity`]: [
      'SGX-Enclave-Identity-Issuer-Chain',
      collateral.qe_identity_issuer_chain,
      `{"enclaveIdentity":${collateral.qe_identity},"signature":"${collateral.qe_identity_signature}"}`,
    ],
    [`/sgx/certification/v${version}/pckcrl?ca=${ca}&encoding=der`]: [
      'SGX-PCK-CRL-Issuer-Chain',
      collateral.pck_crl_issuer_chain,
      list(collateral.pck_crl),
    ],
    [`/sgx/certification/v${version}/rootcacrl`]: ['X-Nothing', '', list(collateral.root_ca_crl)],
  };
  return ({ url = '' }, response) => {
    const answer = answers[url];
    if (answer === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [header, chain, body] = answer;
    response.writeHead(200, { [header]: encodeURIComponent(chain) }).end(body);
  };
}
