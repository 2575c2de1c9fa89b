import type { IntelTcb, TdxClaims } from '../claims.ts';
import { littleEndianBig } from '../reader.ts';
import type { QuoteSubject } from '../sgx/subject.ts';
import { tdAttributesOf } from './attributes.ts';
import type { TdxQuote } from './quote.ts';

/** The claims of a TD that passed every check. `tcb` is undefined where there was no collateral. */
export function tdxClaims({ quote, pck }: QuoteSubject<TdxQuote>, tcb: IntelTcb | undefined): TdxClaims {
  const { body } = quote;
  const copy = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
  return {
    tee: 'tdx',
    mrtd: copy(body.mrtd),
    rtmr0: copy(body.rtmr0),
    rtmr1: copy(body.rtmr1),
    rtmr2: copy(body.rtmr2),
    rtmr3: copy(body.rtmr3),
    mrconfigid: copy(body.mrconfigid),
    mrowner: copy(body.mrowner),
    mrownerconfig: copy(body.mrownerconfig),
    mrseam: copy(body.mrseam),
    mrsignerseam: copy(body.mrsignerseam),
    mrservicetd: body.mrservicetd === undefined ? undefined : copy(body.mrservicetd),
    seamAttributes: copy(body.seamattributes),
    attributes: tdAttributesOf(body.tdattributes),
    xfam: littleEndianBig(body.xfam),
    teeTcbSvn: copy(body.teeTcbSvn),
    teeTcbSvn2: body.teeTcbSvn2 === undefined ? undefined : copy(body.teeTcbSvn2),
    reportData: copy(body.reportdata),
    tcb,
    fmspc: pck.platform.fmspc,
    pceid: pck.platform.pceid,
    ppid: pck.platform.ppid,
  };
}
