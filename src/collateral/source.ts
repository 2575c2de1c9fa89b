import type { Collateral } from '../evidence/collateral.ts';
import type { IntelPlatform } from './intel.ts';

/** Where the collateral of a platform comes from. What it gives is not believed but verified with the evidence. */
export interface CollateralSource {
  /**
   * Collateral for a kind of platform, in force at `now` as far as the source can tell. Throws `E_COLLATERAL` when there
   * is none. The same object while nothing changed, since verifiers remember per object what they have checked.
   */
  forPlatform(platform: IntelPlatform, now: Date): Promise<Collateral>;
}
