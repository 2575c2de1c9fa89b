import { fromHex, hex } from '../../core/bytes.ts';
import type { SconeError } from '../../core/errors.ts';
import type { TdxClaims } from '../claims.ts';
import { oneOf, oneOfTexts, problem } from '../problem.ts';
import type { TdAllowance, TdxRequirement } from '../requirement.ts';

/** Why a TD is not what a requirement asks for; empty when it is. */
export function tdxProblems(claims: TdxClaims, requirement: TdxRequirement): SconeError[] {
  const optional = ['rtmr3', 'mrseam', 'mrowner', 'mrownerconfig'] as const;
  return [
    ...oneOf('TD measurement (MRTD)', claims.mrtd, requirement.mrtd),
    ...oneOf('RTMR0', claims.rtmr0, requirement.rtmr0),
    ...oneOf('RTMR1', claims.rtmr1, requirement.rtmr1),
    ...oneOf('RTMR2', claims.rtmr2, requirement.rtmr2),
    ...optional.flatMap((name) => {
      const list = requirement[name];
      return list === undefined ? [] : oneOf(name.toUpperCase(), claims[name], list);
    }),
    ...serviceTdProblems(claims, requirement),
    ...svnProblems(claims, requirement),
    ...attributeProblems(claims, requirement),
    ...oneOfTexts('platform (PPID)', claims.ppid, requirement.ppid),
  ];
}

/** A service TD can have been handed the memory of this one; nobody who is not named may be (threat model 16). */
function serviceTdProblems({ mrservicetd }: TdxClaims, { mrservicetd: allowed }: TdxRequirement): SconeError[] {
  if (allowed !== undefined) {
    return mrservicetd === undefined
      ? [problem('The report has no MRSERVICETD (TD 1.0), and the session asks for one')]
      : oneOf('service TD (MRSERVICETD)', mrservicetd, allowed);
  }
  if (mrservicetd === undefined || mrservicetd.every((byte) => byte === 0)) return [];
  return [
    problem(
      `A service TD is bound (MRSERVICETD, ${hex(mrservicetd)})`,
      `add \`mrservicetd: [${hex(mrservicetd)}]\` to the session's \`tdx\` if it may read this TD`,
    ),
  ];
}

function svnProblems({ teeTcbSvn }: TdxClaims, { min_tee_tcb_svn }: TdxRequirement): SconeError[] {
  const least = fromHex(min_tee_tcb_svn, 16, 'min_tee_tcb_svn of a session');
  if (least.every((svn, index) => (teeTcbSvn[index] ?? -1) >= svn)) return [];
  return [
    problem(`Security version too low (TEE_TCB_SVN, ${hex(teeTcbSvn)}) - Expected each at least ${min_tee_tcb_svn}`),
  ];
}

const reasons: Record<TdAllowance, string> = {
  'no-sept-ve-disable': 'The host may take pages away and inject exceptions (SEPT_VE_DISABLE is clear)',
  migratable: 'The TD may be migrated to another platform (MIGRATABLE)',
  pks: 'The TD may use supervisor protection keys (PKS)',
  kl: 'The TD may use the key locker (KL)',
  perfmon: 'The TD may use performance monitoring (PERFMON)',
};

function attributeProblems({ attributes }: TdxClaims, { allow = [] }: TdxRequirement): SconeError[] {
  const present: Record<TdAllowance, boolean> = {
    'no-sept-ve-disable': !attributes.septVeDisable,
    migratable: attributes.migratable,
    pks: attributes.pks,
    kl: attributes.kl,
    perfmon: attributes.perfmon,
  };
  return (Object.keys(present) as TdAllowance[])
    .filter((name) => present[name] && !allow.includes(name))
    .map((name) => problem(reasons[name], `add \`allow: [${name}]\` to the session's \`tdx\``));
}
