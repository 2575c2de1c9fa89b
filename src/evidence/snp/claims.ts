import { hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import type { SnpClaims } from '../claims.ts';
import { readPolicy } from './policy.ts';
import type { SnpSubject } from './subject.ts';
import { readTcbVersion, type SnpTcb } from './tcb-version.ts';

/** The claims of a report that passed every check. */
export function snpClaims({ report, chain }: SnpSubject): SnpClaims {
  const { product, vek } = chain;
  const tcb = (bytes: Uint8Array): SnpTcb => {
    const read = product === undefined ? undefined : readTcbVersion(bytes, product);
    if (read === undefined) throw new SconeError('E_INTERNAL', 'claims were asked for of a report that was refused');
    return read;
  };
  if (product === undefined) throw new SconeError('E_INTERNAL', 'claims were asked for of a report without a root');
  return {
    tee: 'snp',
    version: report.version,
    product,
    signingKey: report.signingKey,
    measurement: new Uint8Array(report.measurement),
    hostData: new Uint8Array(report.hostData),
    reportData: new Uint8Array(report.reportData),
    policy: readPolicy(report.policy),
    vmpl: report.vmpl,
    tcb: {
      current: tcb(report.currentTcb),
      reported: tcb(report.reportedTcb),
      committed: tcb(report.committedTcb),
      launch: tcb(report.launchTcb),
    },
    chipId: unlessZero(report.chipId) === undefined ? undefined : hex(report.chipId),
    cspId: vek.cspId,
    platformInfo: report.platformInfo,
    guestSvn: report.guestSvn,
    familyId: new Uint8Array(report.familyId),
    imageId: new Uint8Array(report.imageId),
    idKeyDigest: unlessZero(report.idKeyDigest),
    authorKeyDigest: unlessZero(report.authorKeyDigest),
    reportId: new Uint8Array(report.reportId),
    reportIdMa: new Uint8Array(report.reportIdMa),
    currentFirmware: report.currentFirmware,
    committedFirmware: report.committedFirmware,
  };
}

function unlessZero(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return bytes.some((byte) => byte !== 0) ? new Uint8Array(bytes) : undefined;
}
