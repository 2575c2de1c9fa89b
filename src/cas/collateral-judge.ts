import { rfc3339 } from '../core/clock.ts';
import type { Mode } from '../core/digest.ts';
import type { Collateral } from '../evidence/collateral.ts';
import { refuseOlder, type Seen, withNewest } from '../evidence/freshness.ts';
import type { Verified } from '../evidence/verify.ts';
import type { SeenCollateral } from './events.ts';
import type { Moment } from './journal.ts';
import type { View } from './state.ts';

/** Decides whether the collateral of a release is recent enough for the ledger, and what the ledger learns from it. */
export class CollateralJudge {
  private readonly mode: Mode;
  /** Collateral that taught nothing, with what the ledger had seen then; most releases end there. */
  private readonly known = new WeakMap<Collateral, Seen>();

  constructor(mode: Mode) {
    this.mode = mode;
  }

  /**
   * Throws `E_COLLATERAL` for what is older than what was seen (H3); returns what is new. A simulated CAS makes its
   * collateral by its own clock, so in a jump of that clock that is not recorded (`time.ts`) it learns nothing; a
   * vendor's signature vouches for the others.
   */
  judge(view: View, moment: Moment, { collateral, newestIssueDate }: Verified): SeenCollateral | undefined {
    if (this.known.get(collateral) === view.seen) return undefined;
    refuseOlder(view.seen, collateral);
    if (this.mode === 'simulation' && moment.frozen) return undefined;
    const documents = newer(view.seen, withNewest(view.seen, collateral));
    if (documents.length === 0 && newestIssueDate <= view.newestIssue) {
      this.known.set(collateral, view.seen);
      return undefined;
    }
    const newest = newestIssueDate > view.newestIssue ? newestIssueDate : view.newestIssue;
    return { documents, newest: rfc3339(newest) };
  }
}

function newer(before: Seen, after: Seen): SeenCollateral['documents'] {
  return Object.entries(after).flatMap(([name, { number, issued }]) => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    return old?.number === number && old.issued === issued ? [] : [{ name, number, issued }];
  });
}
