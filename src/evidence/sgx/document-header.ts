import type { JsonFields } from '../json-fields.ts';

/** What TCB Info and QE Identity begin with (Intel PCS API v4). */
export interface DocumentHeader {
  /** What it is about: `SGX` or `TDX`, `QE` or `TD_QE`. Part of what is checked. */
  id: string;
  version: number;
  issueDate: Date;
  nextUpdate: Date;
  /** Grows with every TCB recovery. */
  tcbEvaluationDataNumber: number;
}

/** Throws `E_COLLATERAL`. */
export function readDocumentHeader(fields: JsonFields): DocumentHeader {
  return {
    id: fields.text('id'),
    version: fields.integer('version', 1000),
    issueDate: fields.date('issueDate'),
    nextUpdate: fields.date('nextUpdate'),
    tcbEvaluationDataNumber: fields.integer('tcbEvaluationDataNumber', 0xffff_ffff),
  };
}
