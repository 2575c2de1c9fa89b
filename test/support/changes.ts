/** Places in a value, and copies of it with one of them changed. */
export type Place = readonly (string | number)[];

/** Every place in a value below its root. */
export function placesIn(value: unknown, place: Place = []): Place[] {
  const own = place.length === 0 ? [] : [place];
  if (typeof value !== 'object' || value === null) return own;
  const members: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [...own, ...members.flatMap(([step, member]) => placesIn(member, [...place, step]))];
}

/** In `changed`: take the member away. */
export const nothing = Symbol('nothing');

/** A copy with another value at one place; with one member less where that is `nothing`. */
export function changed(value: unknown, place: Place, into: unknown): unknown {
  const copy = structuredClone(value) as { [step: string | number]: unknown };
  const parent = place.slice(0, -1).reduce((at, step) => at[step] as typeof copy, copy);
  const last = place.at(-1) ?? '';
  if (into !== nothing) parent[last] = into;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}
