import { SconeError } from '../core/errors.ts';

/** The time that `--at` names, or now. Throws `E_USAGE`. */
export function timeOf(at: unknown, now: Date): Date {
  if (typeof at !== 'string') return now;
  const form = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/;
  const time = new Date(at);
  const day = new Date(`${at.slice(0, 10)}T00:00:00Z`);
  const valid = form.test(at) && !Number.isNaN(time.getTime()) && !Number.isNaN(day.getTime());
  // The engine makes the 31st of February one of March.
  if (valid && day.toISOString().startsWith(at.slice(0, 10))) return time;
  throw new SconeError('E_USAGE', '--at is not a time', {
    expected: 'RFC 3339, such as 2025-06-20T12:00:00Z, or a day',
    found: at.slice(0, 40),
  });
}
