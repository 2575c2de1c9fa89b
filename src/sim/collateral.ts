import { type KeyObject, sign } from 'node:crypto';
import { hex, utf8 } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';
import { type Collateral, type CollateralDocument, parseCollateral } from '../evidence/collateral.ts';
import { type CrlSpec, issueCrl } from '../pki/issue.ts';
import { pemChain } from '../pki/pem.ts';
import type { Platform } from './generator.ts';
import { fixedPlatform } from './platform.ts';
import { simTd, tdQe } from './tdx-quote.ts';

/** TCB Info and QE Identity as the simulated vendor would publish them (Intel PCS API v4), before they are signed. */
export type SimDocument = Record<string, unknown>;

export interface CollateralOptions {
  platform: Platform;
  /** For which TEE of the platform; SGX unless told. */
  tee?: 'SGX' | 'TDX';
  issued: Date;
  expires: Date;
  /** Change a document before it is signed; tests make wrong collateral with these. */
  tcbInfo?: (document: SimDocument) => SimDocument;
  qeIdentity?: (document: SimDocument) => SimDocument;
  crl?: (which: 'pck' | 'root', spec: CrlSpec) => CrlSpec;
  /** Change the finished form. */
  finished?: (document: CollateralDocument) => CollateralDocument;
}

/** Stays the same for ever: nothing of the simulated platform is ever recovered, so nothing is ever older. */
export const simEvaluationDataNumber = 1;

const day = 24 * 60 * 60 * 1000;
/** Clocks of two machines may differ; a host whose clock is behind by this much can still use the collateral. */
const backdated = 5 * 60 * 1000;

/** Collateral of the fixed simulation platform, good for 30 days from `now`; made at the start of a `cas-sim`. */
export function simCollateral(now: Date): Collateral {
  const issued = new Date(now.getTime() - backdated);
  return parseCollateral(
    makeCollateral({ platform: fixedPlatform(), issued, expires: new Date(now.getTime() + 30 * day) }),
  );
}

/**
 * The same for a process that may run longer than that: makes new collateral once a day, and gives the same object in
 * between, since verifiers remember per object what they have checked.
 */
export function simCollateralSource(): (now: Date) => Collateral {
  let made: { at: Date; collateral: Collateral } | undefined;
  return (now) => {
    if (made === undefined || now < made.at || now.getTime() > made.at.getTime() + day) {
      made = { at: now, collateral: simCollateral(now) };
    }
    return made.collateral;
  };
}

/** Makes and signs the collateral of a platform; returns its JSON form. */
export function makeCollateral(options: CollateralOptions): string {
  const { platform } = options;
  const same = <T>(value: T): T => value;
  const tcbInfo = JSON.stringify((options.tcbInfo ?? same)(tcbInfoDocument(options)));
  const qeIdentity = JSON.stringify((options.qeIdentity ?? same)(qeIdentityDocument(options)));
  const root = platform.root.certificate;
  const signing = pemChain('CERTIFICATE', [platform.tcbSigning.certificate, root]);
  const document: CollateralDocument = {
    pck_crl_issuer_chain: pemChain('CERTIFICATE', [platform.platformCa.certificate, root]),
    root_ca_crl: crl('root', options),
    pck_crl: crl('pck', options),
    tcb_info_issuer_chain: signing,
    tcb_info: tcbInfo,
    tcb_info_signature: signature(platform.tcbSigning.key, tcbInfo),
    qe_identity_issuer_chain: signing,
    qe_identity: qeIdentity,
    qe_identity_signature: signature(platform.tcbSigning.key, qeIdentity),
  };
  return JSON.stringify((options.finished ?? same)(document));
}

function tcbInfoDocument({ platform, tee = 'SGX', issued, expires }: CollateralOptions): SimDocument {
  const { fmspc, pceId, tcbComponents, pceSvn } = platform.hardware;
  const svns = (components: ArrayLike<number>): SimDocument[] => Array.from(components, (svn) => ({ svn }));
  const level = (components: ArrayLike<number>, pcesvn: number, rest: SimDocument): SimDocument => ({
    tcb: {
      sgxtcbcomponents: svns(components),
      pcesvn,
      ...(tee === 'SGX' ? {} : { tdxtcbcomponents: svns(pcesvn === 0 ? new Uint8Array(16) : simTd.teeTcbSvn) }),
    },
    tcbDate: '2020-01-01T00:00:00Z',
    ...rest,
  });
  return {
    id: tee,
    version: 3,
    issueDate: rfc3339(issued),
    nextUpdate: rfc3339(expires),
    fmspc: hex(fmspc).toUpperCase(),
    pceId: hex(pceId).toUpperCase(),
    tcbType: 0,
    tcbEvaluationDataNumber: simEvaluationDataNumber,
    ...(tee === 'SGX' ? {} : tdxModules()),
    tcbLevels: [
      level(tcbComponents, pceSvn, { tcbStatus: 'UpToDate' }),
      level(new Uint8Array(16), 0, { tcbStatus: 'OutOfDate', advisoryIDs: ['SCONECTL-SIM-00001'] }),
    ],
  };
}

/** Module identities (PCS, "Get TDX TCB Info"): of version 0 and of the one that the simulated TD has. */
function tdxModules(): SimDocument {
  const module = {
    mrsigner: '00'.repeat(48),
    attributes: '00'.repeat(8),
    attributesMask: 'FF'.repeat(8),
  };
  const [svn = 0, version = 0] = simTd.teeTcbSvn;
  const tcbLevels = [{ tcb: { isvsvn: svn }, tcbDate: '2020-01-01T00:00:00Z', tcbStatus: 'UpToDate' }];
  return {
    tdxModule: module,
    tdxModuleIdentities: [{ id: `TDX_${hex(Uint8Array.of(version)).toUpperCase()}`, ...module, tcbLevels }],
  };
}

function qeIdentityDocument({ platform, tee = 'SGX', issued, expires }: CollateralOptions): SimDocument {
  const qe = tee === 'SGX' ? platform.hardware.qe : tdQe(platform.hardware);
  return {
    id: tee === 'SGX' ? 'QE' : 'TD_QE',
    version: 2,
    issueDate: rfc3339(issued),
    nextUpdate: rfc3339(expires),
    tcbEvaluationDataNumber: simEvaluationDataNumber,
    miscselect: hex(qe.miscSelect).toUpperCase(),
    miscselectMask: 'FFFFFFFF',
    // The masks of Intel's: MODE64BIT and XFRM may vary, everything else may not.
    attributes: hex(
      qe.attributes.map((byte, index) => (index === 0 ? byte & 0xfb : index < 8 ? byte : 0)),
    ).toUpperCase(),
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: hex(qe.mrSigner).toUpperCase(),
    isvprodid: qe.isvProdId,
    tcbLevels: [
      { tcb: { isvsvn: qe.isvSvn }, tcbDate: '2020-01-01T00:00:00Z', tcbStatus: 'UpToDate' },
      {
        tcb: { isvsvn: 0 },
        tcbDate: '2020-01-01T00:00:00Z',
        tcbStatus: 'OutOfDate',
        advisoryIDs: ['SCONECTL-SIM-00001'],
      },
    ],
  };
}

function crl(which: 'pck' | 'root', { platform, issued, expires, crl: change }: CollateralOptions): string {
  const issuer = which === 'pck' ? platform.platformCa : platform.root;
  const spec: CrlSpec = { issuer: issuer.name, thisUpdate: issued, nextUpdate: expires, number: 1, revoked: [] };
  return hex(issueCrl(change === undefined ? spec : change(which, spec), issuer.key));
}

function signature(key: KeyObject, text: string): string {
  return hex(sign('sha256', utf8(text), { key, dsaEncoding: 'ieee-p1363' }));
}
