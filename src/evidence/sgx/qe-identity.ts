import { parseJson } from '../../core/json.ts';
import { JsonFields } from '../json-fields.ts';
import { type DocumentHeader, readDocumentHeader } from './document-header.ts';

/** QE Identity, version 2 (Intel PCS API v4, "Get Enclave Identity"). Byte fields as they lie in the report. */
export interface QeIdentity extends DocumentHeader {
  miscselect: Uint8Array;
  miscselectMask: Uint8Array;
  attributes: Uint8Array;
  attributesMask: Uint8Array;
  mrsigner: Uint8Array;
  isvprodid: number;
  /** In the vendor's order, newest first. */
  levels: readonly QeLevel[];
}

export interface QeLevel {
  isvsvn: number;
  date: Date;
  /** The vendor's word; not necessarily one that is known. */
  status: string;
  advisories: readonly string[];
}

/** Parses the signed bytes. Throws `E_COLLATERAL`. */
export function parseQeIdentity(bytes: Uint8Array): QeIdentity {
  const what = 'QE Identity';
  const fields = new JsonFields(parseJson(bytes, what), what);
  return {
    ...readDocumentHeader(fields),
    miscselect: fields.bytes('miscselect', 4),
    miscselectMask: fields.bytes('miscselectMask', 4),
    attributes: fields.bytes('attributes', 16),
    attributesMask: fields.bytes('attributesMask', 16),
    mrsigner: fields.bytes('mrsigner', 32),
    isvprodid: fields.integer('isvprodid', 0xffff),
    levels: fields.list('tcbLevels').map((value) => {
      const level = new JsonFields(value, 'TCB level of the QE Identity');
      return {
        isvsvn: level.object('tcb').integer('isvsvn', 0xffff),
        date: level.date('tcbDate'),
        status: level.text('tcbStatus'),
        advisories: level.textsOrNone('advisoryIDs'),
      };
    }),
  };
}

/** The first level at or below the quoting enclave's ISVSVN; undefined when it is below all. */
export function matchQeLevel(identity: QeIdentity, isvsvn: number): QeLevel | undefined {
  return identity.levels.find((level) => isvsvn >= level.isvsvn);
}
