import { fromHex } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { appraise } from '../evidence/appraise.ts';
import { carriesInitData, carriesReportData } from '../evidence/binding.ts';
import { productionRoots } from '../evidence/roots.ts';
import type { Verdict } from '../evidence/verify.ts';
import { simulationRoots } from '../sim/anchor.ts';
import { listOf, readSupply } from './collateral-files.ts';
import type { Context, Input, Run } from './context.ts';
import { claimLines, plainClaims } from './evidence-claims.ts';
import { readEvidence, readSmall } from './evidence-input.ts';
import { judge } from './evidence-judge.ts';
import { type EvidencePolicy, parsePolicy } from './evidence-policy.ts';
import { inWordsOfPolicy } from './evidence-policy-words.ts';
import { timeOf } from './evidence-time.ts';

/** `sconectl evidence verify`: every check, then the policy where there is one. No network. */
export const run: Run = async (context, { arguments: [file = ''], options }) => {
  const at = timeOf(options['at'], context.now());
  const policy = await policyOf(context, options['policy']);
  const given = await readEvidence(context, file);
  const verdict = judge(given, {
    supply: await readSupply(context, listOf(options['collateral'])),
    roots: options['simulation'] === true ? simulationRoots : productionRoots,
    allow: policy?.tolerance.allow ?? [],
    now: at,
  });
  demandReportData(verdict, options['reportData']);
  if (policy !== undefined) demandPolicy(verdict, policy);
  if (verdict.tee === 'sim') context.reporter.notice('NOT CONFIDENTIAL: anybody can make evidence of the simulation');
  const { claims } = verdict;
  const tcb = claims.tee === 'snp' ? undefined : claims.tcb;
  const result = {
    file,
    tee: verdict.tee,
    at: rfc3339(at),
    status: tcb?.status,
    advisories: tcb?.advisories,
    collateral: verdict.collateral,
    revocation: verdict.revocation,
    policy: policy === undefined ? 'none' : 'satisfied',
    expires: rfc3339(verdict.expires),
    claims: plainClaims(claims),
  };
  return { result, text: [...verdictLines(verdict, result), '', ...claimLines(claims)].join('\n') };
};

async function policyOf(context: Context, file: unknown): Promise<EvidencePolicy | undefined> {
  return typeof file === 'string' ? parsePolicy(await readSmall(context, file), file) : undefined;
}

function demandPolicy({ claims }: Verdict, { requirements, tolerance, initData }: EvidencePolicy): void {
  try {
    appraise(claims, requirements, tolerance);
  } catch (error) {
    throw error instanceof SconeError ? inWordsOfPolicy(error) : error;
  }
  if (initData === undefined || initData.some((hash) => carriesInitData(claims, fromHex(hash)))) return;
  throw new SconeError('E_ATTESTATION', 'the TEE was started with other init data', {
    expected: initData.length === 0 ? 'nothing: the list is empty' : `init data ${initData.join(' or ')}`,
    hint: 'list the SHA-256 of the init data with which it was started in `init_data` of the policy',
  });
}

/** What ties evidence to a question: without it, it may be of any time and for anybody (threat model 15, 26). */
function demandReportData({ claims }: Verdict, expected: Input['options'][string]): void {
  if (typeof expected !== 'string') return;
  const bytes = /^[0-9a-fA-F]{128}$/.test(expected) ? fromHex(expected.toLowerCase()) : undefined;
  if (bytes === undefined) {
    throw new SconeError('E_USAGE', '--report-data is not report data', { expected: '128 hex digits' });
  }
  if (carriesReportData(claims, bytes)) return;
  throw new SconeError('E_ATTESTATION', 'the evidence was made for another question', {
    expected: `report data ${expected.toLowerCase()}`,
    found: `report data ${String(plainClaims(claims.reportData))}`,
    hint: 'no policy can allow this; ask the TEE for new evidence',
  });
}

function verdictLines(
  { tee, collateral, revocation }: Verdict,
  result: {
    at: string;
    status?: string | undefined;
    advisories?: readonly string[] | undefined;
    policy: string;
    expires: string;
  },
): string[] {
  const { at, status, advisories = [], policy, expires } = result;
  return [
    `genuine ${tee} evidence at ${at}`,
    ...(status === undefined ? [] : [`TCB status  ${status}`]),
    ...(advisories.length === 0 ? [] : [`advisories  ${advisories.join(' ')}`]),
    `collateral  ${collateral}, in force until ${expires}`,
    `revocation  ${revocation}`,
    policy === 'none'
      ? 'policy      none was given: whether this is your program on a good platform is not decided'
      : 'policy      satisfied',
  ];
}
