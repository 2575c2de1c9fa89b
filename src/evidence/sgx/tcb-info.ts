import { hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { type Json, parseJson } from '../../core/json.ts';
import { JsonFields } from '../json-fields.ts';
import { parseTdxModules, type TdxModules } from '../tdx/module.ts';
import { type DocumentHeader, readDocumentHeader } from './document-header.ts';
import type { PckPlatform } from './pck.ts';

/** TCB Info, version 3, of SGX or TDX (Intel PCS API v4, "Get TCB Info"). */
export interface TcbInfo extends DocumentHeader {
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceId: string;
  tcbType: number;
  /** In the vendor's order, newest first. */
  levels: readonly TcbLevel[];
  /** Of TDX. */
  tdx: TdxModules | undefined;
}

export interface TcbLevel {
  /** 16 SVNs. */
  components: readonly number[];
  /** 16 SVNs; of TDX. */
  tdxComponents: readonly number[] | undefined;
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
    tdx: fields.has('tdxModule') ? parseTdxModules(fields) : undefined,
  };
}

/**
 * The level of a platform: the first in the vendor's order of which every component SVN and the PCESVN is at or below
 * the platform's (PCS API v4, "TCB status evaluation"). Numbers are compared by component. For a TD, so is its
 * TEE_TCB_SVN: by all 16 components, or, where the module version (index 1) is above 0, by those from index 2, since 0
 * and 1 then choose the identity of the TDX module, which has levels of its own. Undefined: below all levels.
 */
export function matchTcbLevel(
  info: TcbInfo,
  platform: Pick<PckPlatform, 'components' | 'pcesvn'>,
  teeTcbSvn?: Uint8Array,
): TcbLevel | undefined {
  return info.levels.find(
    (level) =>
      level.components.every((svn, index) => (platform.components[index] ?? -1) >= svn) &&
      platform.pcesvn >= level.pcesvn &&
      (teeTcbSvn === undefined || reachesTdx(level, teeTcbSvn)),
  );
}

function reachesTdx({ tdxComponents }: TcbLevel, teeTcbSvn: Uint8Array): boolean {
  const from = (teeTcbSvn[1] ?? 0) > 0 ? 2 : 0;
  return tdxComponents?.every((svn, index) => index < from || (teeTcbSvn[index] ?? -1) >= svn) ?? false;
}

function parseLevel(value: Json): TcbLevel {
  const what = 'TCB level of the TCB Info';
  const fields = new JsonFields(value, what);
  const tcb = fields.object('tcb');
  const svns = (name: string): number[] => {
    const components = tcb.list(name).map((item) => new JsonFields(item, what).integer('svn', 0xff));
    if (components.length === 16) return components;
    throw new SconeError('E_COLLATERAL', `a ${what} does not have 16 components`, { found: String(components.length) });
  };
  return {
    components: svns('sgxtcbcomponents'),
    tdxComponents: tcb.has('tdxtcbcomponents') ? svns('tdxtcbcomponents') : undefined,
    pcesvn: tcb.integer('pcesvn', 0xffff),
    date: fields.date('tcbDate'),
    status: fields.text('tcbStatus'),
    advisories: fields.textsOrNone('advisoryIDs'),
  };
}
