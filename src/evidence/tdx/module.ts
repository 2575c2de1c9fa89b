import { equalBytes, hex } from '../../core/bytes.ts';
import { JsonFields } from '../json-fields.ts';
import type { TdReport } from './td-report.ts';

/** What a TDX module must be: signer, and attributes under a mask. */
export interface TdxModule {
  /** 48 bytes; all zero stands for Intel. */
  mrsigner: Uint8Array;
  /** 8 bytes each. */
  attributes: Uint8Array;
  attributesMask: Uint8Array;
}

/** Modules of one version, with levels of their own. */
export interface TdxModuleIdentity extends TdxModule {
  /** `TDX_` and the version as two hex digits. */
  id: string;
  /** In the vendor's order, newest first. */
  levels: readonly TdxModuleLevel[];
}

export interface TdxModuleLevel {
  isvsvn: number;
  date: Date;
  /** The vendor's word; not necessarily one that is known. */
  status: string;
  advisories: readonly string[];
}

/** The parts of TCB Info that only TDX has (Intel PCS API v4, "Get TDX TCB Info"). */
export interface TdxModules {
  /** For modules of version 0. */
  module: TdxModule;
  identities: readonly TdxModuleIdentity[];
}

/** Throws `E_COLLATERAL`. */
export function parseTdxModules(fields: JsonFields): TdxModules {
  return {
    module: readModule(fields.object('tdxModule')),
    // Collateral of the first TDX modules, all of version 0, has no list.
    identities: (fields.has('tdxModuleIdentities') ? fields.list('tdxModuleIdentities') : []).map((value) => {
      const identity = new JsonFields(value, 'TDX module identity');
      return {
        id: identity.text('id'),
        ...readModule(identity),
        levels: identity.list('tcbLevels').map((item) => {
          const level = new JsonFields(item, 'TCB level of the TDX module identity');
          return {
            isvsvn: level.object('tcb').integer('isvsvn', 0xff),
            date: level.date('tcbDate'),
            status: level.text('tcbStatus'),
            advisories: level.textsOrNone('advisoryIDs'),
          };
        }),
      };
    }),
  };
}

/**
 * What the vendor says about the module that a TD runs under: its module, and the level of it. The index rule (PCS,
 * "TCB status evaluation"): TEE_TCB_SVN[1] is the version of the module, which chooses the identity, [0] its SVN, which
 * is compared with that identity's levels. Version 0 has one identity and no levels. Undefined: no identity.
 */
export function findModule(
  { module, identities }: TdxModules,
  { teeTcbSvn }: Pick<TdReport, 'teeTcbSvn'>,
): { module: TdxModule; level: TdxModuleLevel | 'none' | undefined } | undefined {
  const version = teeTcbSvn[1] ?? 0;
  if (version === 0) return { module, level: 'none' };
  const id = `TDX_${hex(Uint8Array.of(version))}`;
  const identity = identities.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (identity === undefined) return undefined;
  return { module: identity, level: identity.levels.find(({ isvsvn }) => (teeTcbSvn[0] ?? 0) >= isvsvn) };
}

/** Whether MRSIGNERSEAM and the masked SEAMATTRIBUTES of a TD are this module's. */
export function isModule(module: TdxModule, report: Pick<TdReport, 'mrsignerseam' | 'seamattributes'>): boolean {
  const masked = report.seamattributes.map((byte, index) => byte & (module.attributesMask[index] ?? 0xff));
  return equalBytes(module.mrsigner, report.mrsignerseam) && equalBytes(module.attributes, masked);
}

function readModule(fields: JsonFields): TdxModule {
  return {
    mrsigner: fields.bytes('mrsigner', 48),
    attributes: fields.bytes('attributes', 8),
    attributesMask: fields.bytes('attributesMask', 8),
  };
}
