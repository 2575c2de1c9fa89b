import type { Session, SessionSecret } from './types.ts';

/** A generated value that an update of its session does away with. */
export interface Lost {
  secret: string;
  /** `anew`: the CAS makes another one; `given`: the owner's takes its place; `dropped`: no secret has this name now. */
  instead: 'anew' | 'given' | 'dropped';
  /** What the update changes, in words. */
  why: string;
}

/**
 * What becomes of a generated value when its session is updated: it is kept as long as kind and size stay (language,
 * c.5). The CAS goes by it, and clients tell by it what will be lost.
 *
 * @param before a secret whose value was generated
 * @param next the secret of this name afterwards
 * @returns `undefined` where the value is kept
 */
export function lostValue(before: SessionSecret, next: SessionSecret | undefined): Lost | undefined {
  const secret = before.name;
  if (next === undefined) return { secret, instead: 'dropped', why: 'the session does not have it any more' };
  if (next.value_hmac !== undefined) return { secret, instead: 'given', why: 'it has an explicit value now' };
  const changes = (['kind', 'size'] as const).filter((field) => before[field] !== next[field]);
  if (changes.length === 0) return undefined;
  const why = changes.map((field) => `${field} ${before[field]} became ${next[field]}`).join(', ');
  return { secret, instead: 'anew', why };
}

/** Every generated value that is not kept when one session replaces another, in the order of the old one. */
export function lostValues(before: Session, next: Session): Lost[] {
  return before.secrets
    .filter(({ value_hmac }) => value_hmac === undefined)
    .flatMap(
      (old) =>
        lostValue(
          old,
          next.secrets.find(({ name }) => name === old.name),
        ) ?? [],
    );
}
