import { z } from 'zod';
import { codes, type ErrorCode, SconeError } from '../core/errors.ts';

/** The body of every answer that is not 200. */
export const errorAnswer = z.strictObject({
  code: z.string().max(64),
  message: z.string(),
  expected: z.string().optional(),
  found: z.string().optional(),
  at: z.strictObject({ file: z.string(), line: z.int().optional(), column: z.int().optional() }).optional(),
  causes: z.array(z.string()),
  hint: z.string().optional(),
});

/** HTTP status codes the CAS answers with. */
export type Status = 200 | 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500;

const statuses: Partial<Record<ErrorCode, Status>> = {
  E_ACCESS: 403,
  E_ATTESTATION: 403,
  E_CHAIN: 403,
  E_COLLATERAL: 403,
  E_CONFLICT: 409,
  E_EVIDENCE: 403,
  E_FORMAT: 400,
  E_INTERNAL: 500,
  E_LEDGER: 500,
  E_LIMIT: 429,
  E_MODE: 403,
  E_NOT_FOUND: 404,
  E_NOT_YET: 400,
  E_PREDECESSOR: 409,
  E_SESSION: 400,
  E_STORE: 500,
  E_TCB: 403,
  E_TEE: 403,
  E_TIME: 400,
};

/** The HTTP status of an error code; 500 for codes a server has no business to answer with. */
export function statusOf(code: ErrorCode): Status {
  return statuses[code] ?? 500;
}

/**
 * The error that an answer describes; one that has another form is an `E_FORMAT`. A place is left out: a CAS knows none
 * of this machine's files, and whoever shows the error would open the one that it names and print a line of it.
 */
export function errorFromAnswer(body: unknown): SconeError {
  const parsed = errorAnswer.safeParse(body);
  if (!parsed.success) return new SconeError('E_FORMAT', 'the CAS answered with an error of an unknown form');
  const { code, message, expected, found, causes, hint } = parsed.data;
  const known = Object.hasOwn(codes, code) ? (code as ErrorCode) : 'E_INTERNAL';
  return new SconeError(known, message, {
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    causes,
    ...(hint === undefined ? {} : { hint }),
  });
}
