import { SconeError } from '../../core/errors.ts';
import type { SgxClaims } from '../claims.ts';
import { littleEndian } from '../reader.ts';
import { combine, isTcbStatus } from '../tcb-status.ts';
import { matchQeLevel } from './qe-identity.ts';
import { attributesOf } from './report-body.ts';
import type { Subject } from './subject.ts';
import { matchTcbLevel } from './tcb-info.ts';

/** The claims of a subject that passed every check. */
export function sgxClaims(tee: SgxClaims['tee'], { quote, pck, collateral }: Subject): SgxClaims {
  const { body } = quote;
  const info = collateral.tcbInfo.document;
  const identity = collateral.qeIdentity.document;
  const platform = matchTcbLevel(info, pck.platform);
  const qe = matchQeLevel(identity, quote.qeBody.isvsvn);
  if (platform === undefined || qe === undefined || !isTcbStatus(platform.status) || !isTcbStatus(qe.status)) {
    throw new SconeError('E_INTERNAL', 'claims were asked for of evidence that has no TCB level');
  }
  return {
    tee,
    mrenclave: new Uint8Array(body.mrenclave),
    mrsigner: new Uint8Array(body.mrsigner),
    isvprodid: body.isvprodid,
    isvsvn: body.isvsvn,
    isvextprodid: new Uint8Array(body.isvextprodid),
    isvfamilyid: new Uint8Array(body.isvfamilyid),
    configid: new Uint8Array(body.configid),
    configsvn: body.configsvn,
    attributes: attributesOf(body.attributes),
    miscselect: littleEndian(body.miscselect),
    cpusvn: new Uint8Array(body.cpusvn),
    reportData: new Uint8Array(body.reportdata),
    tcb: {
      status: combine(platform.status, qe.status),
      advisories: [...new Set([...platform.advisories, ...qe.advisories])].sort(),
      date: platform.date,
      evaluationDataNumber: Math.min(info.tcbEvaluationDataNumber, identity.tcbEvaluationDataNumber),
    },
    fmspc: pck.platform.fmspc,
    pceid: pck.platform.pceid,
    ppid: pck.platform.ppid,
  };
}
