import type { Allowance } from './allowance.ts';
import type { Conditions } from './tcb-status.ts';

/** The `security.attestation` part of a session: what it accepts although it is not perfect. */
export interface Tolerance {
  /** Values of `tolerate`. Those not in the table below allow nothing. */
  tolerate: readonly string[];
  /** Advisory ids that do not matter; `*` for all. */
  ignore_advisories: readonly string[] | '*';
  /** What may be missing; not part of the session language, whose evidence always comes with its collateral. */
  allow?: readonly Allowance[];
}

/** Tolerates nothing: what a session without `security.attestation` means. */
export const strict: Tolerance = { tolerate: [], ignore_advisories: [] };

export interface ToleranceRule {
  /** What it means, for the reference. */
  allows: string;
  /** The condition of a TCB status that it allows. */
  condition?: keyof Conditions;
  /** Advisories that it covers without `ignore_advisories`. */
  advisories: readonly string[];
  /** For a shortcut: allows the condition only as far as these advisories are its reason. */
  onlyBecauseOfAdvisories?: true;
}

/**
 * Every value of `tolerate` and what it allows. A status asks for each of its conditions; an advisory asks to be covered
 * by a tolerated shortcut or listed in `ignore_advisories`. Which advisory is of which configuration: Intel, "SGX
 * Attestation Technical Details".
 */
export const toleranceRules: Readonly<Record<string, ToleranceRule>> = {
  'debug-mode': { allows: 'an enclave, TD or SNP guest in debug mode, which the host can read', advisories: [] },
  'outdated-tcb': { allows: 'a platform that lacks updates (OutOfDate)', condition: 'outdated', advisories: [] },
  'insecure-configuration': {
    allows: 'a platform with a BIOS setting that weakens it (ConfigurationNeeded)',
    condition: 'configuration',
    advisories: [],
  },
  hyperthreading: {
    allows: 'ConfigurationNeeded because hyperthreading is on; SNP guests whose policy allows SMT',
    condition: 'configuration',
    advisories: ['INTEL-SA-00161', 'INTEL-SA-00233'],
    onlyBecauseOfAdvisories: true,
  },
  'insecure-igpu': {
    allows: 'ConfigurationNeeded because the integrated graphics is on',
    condition: 'configuration',
    advisories: ['INTEL-SA-00219'],
    onlyBecauseOfAdvisories: true,
  },
  'aepic-leak': {
    allows: 'ConfigurationNeeded because the APIC is in its old mode (AEPIC leak)',
    condition: 'configuration',
    advisories: ['INTEL-SA-00657'],
    onlyBecauseOfAdvisories: true,
  },
  'software-hardening-needed': {
    allows: 'a processor that needs hardened software (SWHardeningNeeded)',
    condition: 'hardening',
    advisories: ['INTEL-SA-00334', 'INTEL-SA-00615'],
  },
  'maa-managed-tcb': {
    allows: "nothing here: it leaves the verdict to Microsoft's attestation service, which is not asked",
    advisories: [],
  },
  'local-attestation-trust-cas-tcb': {
    allows: "nothing here: it believes the CAS's own platform for local attestation, which is not done",
    advisories: [],
  },
};
