import { rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import type { Cache } from './cache.ts';

/** From when to when something may be used. */
export interface Validity {
  from: Date;
  until: Date;
}

export interface Renewal {
  cache: Cache;
  now: Date;
  /** What does not stop us yet, but will. */
  warn: (warning: SconeError) => void;
}

/** One kind of thing that is fetched, kept and renewed. */
export interface Document<T> {
  /** What it is of, with the service; the name in the cache. */
  name: string;
  /** For people. */
  what: string;
  fetch: () => Promise<Uint8Array>;
  /** Reads and checks it. Throws a `SconeError` for what cannot be used whatever the time is. */
  read: (bytes: Uint8Array) => { value: T; validity: Validity };
  /** Throws a `SconeError` when `next` is older than `known`, which a service must not bring back. */
  refuseOlder: (known: T, next: T) => void;
  /** After how many milliseconds it is looked for anew; a day unless told. */
  refreshAfter?: number;
}

const day = 24 * 60 * 60 * 1000;
/** Intel publishes anew every day; a recovery of a TCB should be known the day after. */
const refreshDaily = day;
/** Before the end of a document its owner hears of it. */
const warnBefore = 7 * day;

/**
 * A document from the cache or from its service. What is older than a day, or in the last quarter of its time, is
 * fetched again; as long as what is kept is in force, a service that fails costs a warning only. Throws `E_COLLATERAL`.
 */
export async function renewed<T>(document: Document<T>, { cache, now, warn }: Renewal): Promise<T> {
  const kept = await cache.read(document.name);
  const known = kept === undefined ? undefined : readKept(document, kept.bytes);
  const usable = known !== undefined && inForce(known.validity, now) ? known : undefined;
  if (kept !== undefined && usable !== undefined && !isDue(document, kept.fetched, usable.validity, now)) {
    warnOfEnd(document, usable.validity, now, warn);
    return usable.value;
  }
  try {
    const bytes = await document.fetch();
    const next = document.read(bytes);
    if (!inForce(next.validity, now)) throw notInForce(document, next.validity, now);
    if (known !== undefined) document.refuseOlder(known.value, next.value);
    await cache.write(document.name, { bytes, fetched: now });
    warnOfEnd(document, next.validity, now, warn);
    return next.value;
  } catch (error) {
    if (!(error instanceof SconeError) || error.code === 'E_STORE' || usable === undefined) throw error;
    warn(
      new SconeError('E_COLLATERAL', `the ${document.what} could not be renewed; what is kept is still in force`, {
        expected: `a renewal before ${rfc3339(usable.validity.until)}`,
        cause: error,
        hint: 'after that time, evidence of this platform is refused',
      }),
    );
    return usable.value;
  }
}

function readKept<T>(document: Document<T>, bytes: Uint8Array): ReturnType<Document<T>['read']> | undefined {
  try {
    return document.read(bytes);
  } catch (error) {
    if (error instanceof SconeError) return undefined;
    throw error;
  }
}

function inForce({ from, until }: Validity, now: Date): boolean {
  return from <= now && now <= until;
}

function isDue(
  { refreshAfter = refreshDaily }: { refreshAfter?: number },
  fetched: Date,
  { from, until }: Validity,
  now: Date,
): boolean {
  const age = now.getTime() - fetched.getTime();
  const lastQuarter = until.getTime() - (until.getTime() - from.getTime()) / 4;
  // A clock that went back since is no reason to keep something for longer.
  return age < 0 || age >= refreshAfter || now.getTime() >= lastQuarter;
}

function notInForce({ what }: { what: string }, { from, until }: Validity, now: Date): SconeError {
  return new SconeError('E_COLLATERAL', `the service has a ${what} only that is not in force`, {
    expected: `in force at ${rfc3339(now)}`,
    found: `valid from ${rfc3339(from)} to ${rfc3339(until)}`,
    hint: 'correct the clock, or have the service renew what it has',
  });
}

function warnOfEnd({ what }: { what: string }, { until }: Validity, now: Date, warn: Renewal['warn']): void {
  if (until.getTime() - now.getTime() >= warnBefore) return;
  warn(
    new SconeError('E_COLLATERAL', `the ${what} expires soon, and its service has no newer one`, {
      found: `valid until ${rfc3339(until)}`,
      hint: 'after that time, evidence of this platform is refused',
    }),
  );
}
