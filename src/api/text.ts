import { z } from 'zod';

/** Standard base64 with padding in its one canonical form, at most `bytes` bytes when decoded. */
export function base64Text(bytes: number): z.ZodString {
  const most = 4 * Math.ceil(bytes / 3);
  // A regular expression would take ten times as long for a quote.
  return z
    .string()
    .max(most)
    .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'not base64');
}

/** SHA-256 as 64 digits of lower-case hex. */
export const hashText = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 digits of lower-case hex');

/** A signed ledger head: a C2SP checkpoint (`ledger/note.ts`). */
export const noteText = z.string().max(16_384);

/** RFC 3339 in UTC, whole seconds: `2026-11-23T04:25:00Z`. */
export const timeText = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'not a time like 2026-11-23T04:25:00Z');

export const index = z.int().min(0);

/** A session name as it stands in the session language: segments joined by `/`. */
export const sessionNameText = z
  .string()
  .max(512)
  .regex(/^[A-Za-z0-9_.~-]+(?:\/[A-Za-z0-9_.~-]+)*$/, 'not a session name')
  // HTTP software takes these segments away.
  .refine((name) => !name.split('/').some((segment) => segment === '.' || segment === '..'), 'not a session name');

/** The name of a secret. */
export const secretNameText = z.string().regex(/^[A-Za-z0-9_.~-]{1,128}$/, 'not the name of a secret');

/**
 * An object whose names the user gave. Unlike `z.record` it passes the very object on, so that `__proto__` is a name
 * like any other (M12) when the object came from `parseJson`.
 */
export function mapOf<T>(value: z.ZodType<T>, what: string): z.ZodType<{ [name: string]: T }> {
  return z.custom<{ [name: string]: T }>(
    (input) =>
      typeof input === 'object' &&
      input !== null &&
      !Array.isArray(input) &&
      Object.values(input).every((member) => value.safeParse(member).success),
    { error: `not a map of ${what}` },
  );
}

/** Any JSON object; what it holds is checked by the room that knows it. */
export const anyObject = z.custom<object>(
  (input) => typeof input === 'object' && input !== null && !Array.isArray(input),
  { error: 'not an object' },
);
