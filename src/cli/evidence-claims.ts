import { hex } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';

/** A value of claims as JSON: bytes as hex, dates as RFC 3339, big numbers as hex with `0x`. */
export function plainClaims(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (value instanceof Date) return rfc3339(value);
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return value.map(plainClaims);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, plainClaims(member)]),
  );
}

/** The same as lines, names padded; members of members are named with a dot. */
export function claimLines(claims: object): string[] {
  const flat = flatten(plainClaims(claims), '');
  const width = Math.max(...flat.map(([name]) => name.length));
  return flat.map(([name, text]) => `${name.padEnd(width)}  ${text}`.trimEnd());
}

function flatten(value: unknown, name: string): [string, string][] {
  if (Array.isArray(value)) return [[name, value.map(String).join(' ')]];
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  return Object.entries(value).flatMap(([member, inner]) => flatten(inner, name === '' ? member : `${name}.${member}`));
}
