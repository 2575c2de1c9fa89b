import { type Clock, rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';

/** A jump that is longer than this does not get into the ledger unless an owner confirms it. */
export const longestJump = 24 * 60 * 60 * 1000;
/** How far an owner's clock may differ from CAS time. */
export const clockTolerance = 5 * 60 * 1000;

/** What the ledger knows about time. */
export interface KnownTime {
  /** Time of the last record. */
  readonly lastRecord: Date;
  /** Newest date of issue of collateral that was verified. */
  readonly newestIssue: Date;
}

/**
 * CAS time (protocol, "Ledger"; H3): the host's clock, but never before what the ledger has seen. The host can hurry it
 * forward, which makes collateral expire (a denial of service), but not turn it back to when an old TCB Info was valid.
 */
export function casTime(clock: Clock, known: KnownTime): Date {
  return new Date(Math.max(clock().getTime(), known.lastRecord.getTime(), known.newestIssue.getTime()));
}

/**
 * The time to write into the next record. A wrong clock in the ledger would poison CAS time for ever, so a jump of more
 * than 24 h is written only with a request of an owner whose clock agrees (`confirmed`); until then the time of records
 * stands still while everything is still judged by `casTime`.
 */
export function recordTime(now: Date, known: KnownTime, confirmed: boolean): string {
  return rfc3339(isJump(now, known) && !confirmed ? known.lastRecord : now);
}

/** Whether a time is too far from the last record to be written without an owner. */
export function isJump(now: Date, known: KnownTime): boolean {
  return now.getTime() - known.lastRecord.getTime() > longestJump;
}

/** Demands that a client's clock agrees with CAS time; an `E_TIME` tells both. */
export function demandAgreement(clientTime: string, now: Date): void {
  const client = new Date(clientTime);
  if (Number.isNaN(client.getTime()) || Math.abs(client.getTime() - now.getTime()) > clockTolerance) {
    throw new SconeError('E_TIME', 'the clocks of this machine and of the CAS differ by more than 5 minutes', {
      expected: `${rfc3339(now)} (CAS time)`,
      found: clientTime,
      hint: 'set the wrong clock right; CAS time never goes back, not even when the clock of its host does',
    });
  }
}
