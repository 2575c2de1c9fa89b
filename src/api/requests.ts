import { z } from 'zod';
import { attestLimits, evidence } from './answers.ts';
import { anyObject, base64Text, mapOf, sessionNameText, timeText } from './text.ts';

/** `PUT /v1/sessions/<name>`. */
export const putRequest = z.strictObject({
  /** A session as `session/` reads it; create without `predecessor`, update with the current hash. */
  session: anyObject,
  /** Explicit secret values by secret name (M12); the session holds an HMAC of each. */
  values: mapOf(z.string(), 'texts').optional(),
  /** The client's clock; the CAS compares it with its own (H3). */
  time: timeText,
});
export type PutRequest = z.infer<typeof putRequest>;

/** `POST /v1/attest`. */
export const attestRequest = z.strictObject({
  claims: base64Text(attestLimits.claims),
  evidence,
  init_data: base64Text(attestLimits.initData),
});
export type AttestRequest = z.infer<typeof attestRequest>;

const number = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})$/, 'not a number')
  .transform(Number);

/** Query of `GET /v1/head`. */
export const headQuery = z.strictObject({ from: number.optional() });
/** Query of `GET /v1/sessions/<name>`. */
export const readQuery = z.strictObject({ reveal: z.literal('true').optional() });
/** Query of `GET /v1/log`. */
export const logQuery = z.strictObject({ session: sessionNameText, from: number.optional() });
/** For routes that have no query. */
export const noQuery = z.strictObject({});
