/**
 * The values of `tcbStatus` in TCB Info and QE Identity (Intel PCS API v4, "Get TCB Info"). Any other value is a
 * refusal (threat model 9).
 */
export const tcbStatuses = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;

export type TcbStatus = (typeof tcbStatuses)[number];

export function isTcbStatus(text: string): text is TcbStatus {
  return (tcbStatuses as readonly string[]).includes(text);
}

/** What is wrong with a platform of a status, as independent conditions that a policy tolerates one by one. */
export interface Conditions {
  outdated: boolean;
  configuration: boolean;
  hardening: boolean;
}

const conditions: Record<Exclude<TcbStatus, 'Revoked'>, Conditions> = {
  UpToDate: { outdated: false, configuration: false, hardening: false },
  SWHardeningNeeded: { outdated: false, configuration: false, hardening: true },
  ConfigurationNeeded: { outdated: false, configuration: true, hardening: false },
  ConfigurationAndSWHardeningNeeded: { outdated: false, configuration: true, hardening: true },
  OutOfDate: { outdated: true, configuration: false, hardening: false },
  OutOfDateConfigurationNeeded: { outdated: true, configuration: true, hardening: false },
};

/** Undefined for `Revoked`, which nothing tolerates. */
export function conditionsOf(status: TcbStatus): Conditions | undefined {
  return status === 'Revoked' ? undefined : conditions[status];
}

/**
 * The status of a platform together with its quoting enclave's (Intel SGX DCAP quote verification, "converge" of TCB
 * level and QE status): a revoked part revokes both, an outdated QE makes the platform outdated and leaves only the
 * configuration part of what else was wrong.
 */
export function combine(platform: TcbStatus, qe: TcbStatus): TcbStatus {
  if (platform === 'Revoked' || qe === 'Revoked') return 'Revoked';
  if (qe !== 'OutOfDate') return platform;
  return conditions[platform].configuration ? 'OutOfDateConfigurationNeeded' : 'OutOfDate';
}
