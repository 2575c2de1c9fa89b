import type { AnyCollateral } from '../collateral/supply.ts';
import { rfc3339 } from '../core/clock.ts';
import { type Collateral, collateralExpiry, newestIssueDate } from '../evidence/collateral.ts';
import type { SnpCollateral } from '../evidence/snp/collateral.ts';
import { readVek, vekKind } from '../evidence/snp/vek.ts';

/** What collateral is about and how long it is in force; nothing of it is verified. */
export interface PlatformDescription {
  vendor: 'Intel' | 'AMD';
  /** What tells the platform from others. */
  platform: { [name: string]: string };
  from: string;
  until: string;
  state: 'in force' | 'not in force yet' | 'expired';
  parts: { [name: string]: unknown };
}

export function describePlatform(collateral: AnyCollateral, now: Date): PlatformDescription {
  return 'kind' in collateral ? describeAmd(collateral, now) : describeIntel(collateral, now);
}

/** One line of it, for people. */
export function platformLine({ vendor, platform, from, until, state }: PlatformDescription): string {
  const names = Object.entries(platform).map(([name, value]) => `${name} ${value}`);
  return `${[vendor, ...names].join(', ')}: ${state}, ${from} to ${until}`;
}

function describeIntel(collateral: Collateral, now: Date): PlatformDescription {
  const { tcbInfo, qeIdentity, pckCrl, rootCrl, pckCrlIssuerChain } = collateral;
  const info = tcbInfo.document;
  const identity = qeIdentity.document;
  return {
    vendor: 'Intel',
    platform: { TEE: info.id, FMSPC: info.fmspc, 'PCE-ID': info.pceId },
    ...period(newestIssueDate(collateral), collateralExpiry(collateral), now),
    parts: {
      tcb_info: {
        version: info.version,
        tcb_evaluation_data_number: info.tcbEvaluationDataNumber,
        issued: rfc3339(info.issueDate),
        next_update: rfc3339(info.nextUpdate),
        levels: info.levels.map(({ status, date, advisories }) => ({ status, date: rfc3339(date), advisories })),
      },
      qe_identity: {
        id: identity.id,
        version: identity.version,
        tcb_evaluation_data_number: identity.tcbEvaluationDataNumber,
        issued: rfc3339(identity.issueDate),
        next_update: rfc3339(identity.nextUpdate),
      },
      pck_crl: {
        issuer: pckCrlIssuerChain[0]?.commonName,
        ...listOf(pckCrl),
      },
      root_ca_crl: listOf(rootCrl),
    },
  };
}

function describeAmd({ certificates, crl }: SnpCollateral, now: Date): PlatformDescription {
  const key = certificates.find((one) => vekKind(one) !== undefined);
  const vek = key === undefined ? undefined : readVek(key);
  const starts = [...certificates.map(({ notBefore }) => notBefore), ...(crl === undefined ? [] : [crl.thisUpdate])];
  const ends = [...certificates.map(({ notAfter }) => notAfter), ...(crl === undefined ? [] : [crl.nextUpdate])];
  const from = new Date(Math.max(...starts.map((date) => date.getTime())));
  const until = new Date(Math.min(...ends.map((date) => date.getTime())));
  return {
    vendor: 'AMD',
    platform: {
      key: vek?.key.toUpperCase() ?? 'none',
      ...(vek === undefined ? {} : { product: vek.productName }),
      ...(vek?.hwId === undefined ? {} : { chip: `${vek.hwId.slice(0, 16)}…` }),
      ...(vek?.cspId === undefined ? {} : { provider: vek.cspId }),
    },
    ...period(from, until, now),
    parts: {
      certificates: certificates.map(({ commonName, notBefore, notAfter }) => ({
        subject: commonName,
        not_before: rfc3339(notBefore),
        not_after: rfc3339(notAfter),
      })),
      ...(vek === undefined ? {} : { tcb: vek.tcb, chip_id: vek.hwId }),
      revocation_list: crl === undefined ? 'missing' : listOf(crl),
    },
  };
}

function listOf(crl: NonNullable<SnpCollateral['crl']>): { [name: string]: unknown } {
  return {
    number: String(crl.number),
    this_update: rfc3339(crl.thisUpdate),
    next_update: rfc3339(crl.nextUpdate),
    revoked: crl.revoked.size,
  };
}

function period(from: Date, until: Date, now: Date): Pick<PlatformDescription, 'from' | 'until' | 'state'> {
  const state = now < from ? 'not in force yet' : now > until ? 'expired' : 'in force';
  return { from: rfc3339(from), until: rfc3339(until), state };
}
