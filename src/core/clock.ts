/** The present moment, as a parameter: everything that needs a time takes one of these. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

/** RFC 3339 in UTC without fractions: `2026-11-23T04:25:00Z`. */
export function rfc3339(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** A source of random bytes, as a parameter. */
export type Random = (length: number) => Uint8Array<ArrayBuffer>;
