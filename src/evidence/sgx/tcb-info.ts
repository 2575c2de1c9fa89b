import { hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { type Json, parseJson } from '../../core/json.ts';
import { JsonFields } from '../json-fields.ts';
import { type DocumentHeader, readDocumentHeader } from './document-header.ts';
import type { PckPlatform } from './pck.ts';

/** TCB Info, version 3 (Intel PCS API v4, "Get TCB Info"). */
export interface TcbInfo extends DocumentHeader {
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceId: string;
  tcbType: number;
  /** In the vendor's order, newest first. */
  levels: readonly TcbLevel[];
}

export interface TcbLevel {
  /** 16 SVNs. */
  components: readonly number[];
  pcesvn: number;
  date: Date;
  /** The vendor's word; not necessarily one that is known. */
  status: string;
  advisories: readonly string[];
}

/** Parses the signed bytes. Throws `E_COLLATERAL`. */
export function parseTcbInfo(bytes: Uint8Array): TcbInfo {
  const what = 'TCB Info';
  const fields = new JsonFields(parseJson(bytes, what), what);
  return {
    ...readDocumentHeader(fields),
    fmspc: hex(fields.bytes('fmspc', 6)),
    pceId: hex(fields.bytes('pceId', 2)),
    tcbType: fields.integer('tcbType', 1000),
    levels: fields.list('tcbLevels').map((level) => parseLevel(level)),
  };
}

/**
 * The level of a platform: the first in the vendor's order of which every component SVN and the PCESVN is at or below
 * the platform's (PCS API v4, "TCB status evaluation"). Numbers are compared by component. Undefined: below all levels.
 */
export function matchTcbLevel(
  info: TcbInfo,
  platform: Pick<PckPlatform, 'components' | 'pcesvn'>,
): TcbLevel | undefined {
  return info.levels.find(
    (level) =>
      platform.pcesvn >= level.pcesvn &&
      level.components.every((svn, index) => (platform.components[index] ?? -1) >= svn),
  );
}

function parseLevel(value: Json): TcbLevel {
  const what = 'TCB level of the TCB Info';
  const fields = new JsonFields(value, what);
  const tcb = fields.object('tcb');
  const components = tcb.list('sgxtcbcomponents').map((item) => new JsonFields(item, what).integer('svn', 0xff));
  if (components.length !== 16) {
    throw new SconeError('E_COLLATERAL', `a ${what} does not have 16 components`, { found: String(components.length) });
  }
  return {
    components,
    pcesvn: tcb.integer('pcesvn', 0xffff),
    date: fields.date('tcbDate'),
    status: fields.text('tcbStatus'),
    advisories: fields.textsOrNone('advisoryIDs'),
  };
}
