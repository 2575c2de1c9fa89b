import { SconeError } from '../../core/errors.ts';
import type { IntelTcb, SgxClaims } from '../claims.ts';
import { littleEndian } from '../reader.ts';
import { combine, isTcbStatus, type TcbStatus } from '../tcb-status.ts';
import { findModule } from '../tdx/module.ts';
import { matchQeLevel } from './qe-identity.ts';
import type { SgxQuote } from './quote.ts';
import { attributesOf } from './report-body.ts';
import type { Subject } from './subject.ts';
import { matchTcbLevel } from './tcb-info.ts';

/** The claims of a subject that passed every check. */
export function sgxClaims(tee: SgxClaims['tee'], subject: Subject<SgxQuote>): SgxClaims {
  const { quote, pck } = subject;
  const { body } = quote;
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
    tcb: intelTcb(subject),
    fmspc: pck.platform.fmspc,
    pceid: pck.platform.pceid,
    ppid: pck.platform.ppid,
  };
}

/** The verdict on the platform of a subject that passed every check: platform, TDX module, quoting enclave. */
export function intelTcb({ quote, pck, collateral }: Subject): IntelTcb {
  const info = collateral.tcbInfo.document;
  const identity = collateral.qeIdentity.document;
  const level = matchTcbLevel(info, pck.platform, quote.tee === 'TDX' ? quote.body.teeTcbSvn : undefined);
  const module = quote.tee === 'TDX' && info.tdx !== undefined ? findModule(info.tdx, quote.body)?.level : 'none';
  const qe = matchQeLevel(identity, quote.qeBody.isvsvn);
  if (level === undefined || module === undefined || qe === undefined) throw unjudged();
  const ofModule = module === 'none' ? { status: 'UpToDate', advisories: [] } : module;
  return {
    status: combine(combine(known(level.status), known(ofModule.status)), known(qe.status)),
    advisories: [...new Set([...level.advisories, ...ofModule.advisories, ...qe.advisories])].sort(),
    date: level.date,
    evaluationDataNumber: Math.min(info.tcbEvaluationDataNumber, identity.tcbEvaluationDataNumber),
  };
}

function known(status: string): TcbStatus {
  if (isTcbStatus(status)) return status;
  throw unjudged();
}

function unjudged(): SconeError {
  return new SconeError('E_INTERNAL', 'claims were asked for of evidence that has no TCB level');
}
