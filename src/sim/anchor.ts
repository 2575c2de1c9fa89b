import type { TrustRoots } from '../evidence/roots.ts';

/**
 * The root of the simulation platform, public part. Whoever passes it to a verifier accepts evidence that anybody can
 * make (README.md beside this file). The only file of this room that the CLI imports; it has no key and no certificate.
 */
export const simulationRoots: TrustRoots = Object.freeze({
  mode: 'simulation',
  sgxRootSpkiSha256: '0859acc1011c6ace76cbe9a6a6826f8b069f15910633bd417afd6d35aeaf9bb6',
  sgxVendor: 'sconectl SIMULATION',
});
