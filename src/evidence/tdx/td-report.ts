import { FieldReader } from '../reader.ts';

/**
 * Fields of a TD report body, offset and length in bytes: Intel TDX DCAP Quoting Library API, A.3.2 "TD Quote Body" for
 * TD 1.0. TD 1.5 has the last two besides.
 */
export const tdReportLayout = {
  TEE_TCB_SVN: [0, 16],
  MRSEAM: [16, 48],
  MRSIGNERSEAM: [64, 48],
  SEAMATTRIBUTES: [112, 8],
  TDATTRIBUTES: [120, 8],
  XFAM: [128, 8],
  MRTD: [136, 48],
  MRCONFIGID: [184, 48],
  MROWNER: [232, 48],
  MROWNERCONFIG: [280, 48],
  RTMR0: [328, 48],
  RTMR1: [376, 48],
  RTMR2: [424, 48],
  RTMR3: [472, 48],
  REPORTDATA: [520, 64],
  TEE_TCB_SVN_2: [584, 16],
  MRSERVICETD: [600, 48],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

export const tdReport10Size = 584;
export const tdReport15Size = 648;

/** Byte fields are views of the report. */
export interface TdReport {
  teeTcbSvn: Uint8Array;
  mrseam: Uint8Array;
  mrsignerseam: Uint8Array;
  seamattributes: Uint8Array;
  tdattributes: Uint8Array;
  xfam: Uint8Array;
  mrtd: Uint8Array;
  mrconfigid: Uint8Array;
  mrowner: Uint8Array;
  mrownerconfig: Uint8Array;
  rtmr0: Uint8Array;
  rtmr1: Uint8Array;
  rtmr2: Uint8Array;
  rtmr3: Uint8Array;
  reportdata: Uint8Array;
  /** Of TD 1.5. */
  teeTcbSvn2: Uint8Array | undefined;
  mrservicetd: Uint8Array | undefined;
}

/** Parses the body of a TD 1.0 (584 bytes) or TD 1.5 (648 bytes) report, which one `type` says. Throws `E_EVIDENCE`. */
export function parseTdReport(bytes: Uint8Array, type: 'TD 1.0' | 'TD 1.5'): TdReport {
  const reader = new FieldReader(bytes, `${type} report`);
  const take = (field: keyof typeof tdReportLayout): Uint8Array => reader.take(tdReportLayout[field][1], field);
  const report = {
    teeTcbSvn: take('TEE_TCB_SVN'),
    mrseam: take('MRSEAM'),
    mrsignerseam: take('MRSIGNERSEAM'),
    seamattributes: take('SEAMATTRIBUTES'),
    tdattributes: take('TDATTRIBUTES'),
    xfam: take('XFAM'),
    mrtd: take('MRTD'),
    mrconfigid: take('MRCONFIGID'),
    mrowner: take('MROWNER'),
    mrownerconfig: take('MROWNERCONFIG'),
    rtmr0: take('RTMR0'),
    rtmr1: take('RTMR1'),
    rtmr2: take('RTMR2'),
    rtmr3: take('RTMR3'),
    reportdata: take('REPORTDATA'),
    teeTcbSvn2: type === 'TD 1.5' ? take('TEE_TCB_SVN_2') : undefined,
    mrservicetd: type === 'TD 1.5' ? take('MRSERVICETD') : undefined,
  };
  reader.end();
  return report;
}
