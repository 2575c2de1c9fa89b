import { equalBytes, fromHex, hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';

/** A problem that a policy would have to allow; the hint says how. */
export function problem(message: string, hint?: string): SconeError {
  return new SconeError('E_ATTESTATION', message, hint === undefined ? {} : { hint });
}

/** Demands that a field is one of a list of hex; an empty list matches nothing (threat model 10). */
export function oneOf(what: string, found: Uint8Array, allowed: readonly string[]): SconeError[] {
  demandList(what, allowed);
  if (allowed.some((text) => equalBytes(fromHex(text, found.length, `${what} of a session`), found))) return [];
  const expected = allowed.length === 0 ? 'nothing: the list is empty' : allowed.join(' or ');
  return [problem(`Unexpected ${what} (${hex(found)}) - Expected ${expected}`)];
}

/** Demands that a text is one of a list; what is not known matches nothing. */
export function oneOfTexts(
  what: string,
  found: string | undefined,
  allowed: readonly string[] | undefined,
): SconeError[] {
  if (allowed === undefined) return [];
  demandList(what, allowed);
  if (found !== undefined && allowed.includes(found)) return [];
  const expected = allowed.length === 0 ? 'nothing: the list is empty' : allowed.join(' or ');
  return [problem(`Unexpected ${what} (${found ?? 'none'}) - Expected ${expected}`)];
}

/** Takes anything: a requirement that a type did not guard must not become one without a bound. */
export function decimal(text: unknown, what: string, most = 0xffff): number {
  if (typeof text !== 'string' || !/^(?:0|[1-9]\d{0,4})$/.test(text) || Number(text) > most) {
    throw new SconeError('E_FORMAT', `${what} of a session is not a number from 0 to ${most}`);
  }
  return Number(text);
}

/** A register that a requirement does not name, though its type says so, must not be one that nobody looks at. */
function demandList(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw new SconeError('E_FORMAT', `${what} of a session is not a list`);
}
