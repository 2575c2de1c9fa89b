/**
 * Every error code, with one line for the reference: what it means. A code never changes its meaning and is never
 * used again for another. Sorted; a test reads this table, and each code has a test of its own.
 */
export const codes = {
  E_ACCESS: 'the caller may not do this with that session',
  E_APT: 'the Debian packages of a base could not be fetched',
  E_ATTESTATION: 'evidence or the session refused an attestation',
  E_BASE: 'a base image cannot be used',
  E_CAS_IDENTITY: 'a CAS is not the one that was pinned or expected',
  E_CAS_UNREACHABLE: 'no connection to a CAS',
  E_CAS_UNTRUSTED: 'a CAS could not be attested with the given tolerance',
  E_CHAIN: 'a certificate chain does not lead to the pinned root',
  E_COLLATERAL: 'collateral is missing, out of date, forged or older than what was seen',
  E_COMMAND: 'the command of a service cannot be found or run',
  E_CONFLICT: 'somebody else changed it first',
  E_COPY: 'a file to copy is missing, outside the folder, or never an input',
  E_DER: 'bytes are not the strict DER that was expected',
  E_EVIDENCE: 'a quote or report is malformed or its signature is wrong',
  E_FORMAT: 'bytes or text do not have the form they must have',
  E_GROUND: 'what surrounds an image at its start is not what its list allows: mounts, user, devices',
  E_IMAGE: 'an image is missing, damaged or not one of ours',
  E_INITDATA: 'init data is not in its one byte form',
  E_INTERNAL: 'a bug of ours',
  E_LEDGER: 'a ledger is damaged, of another mode, or held by another process',
  E_LIMIT: 'a documented limit was exceeded',
  E_LOCK: 'the lock file does not fit what is to be built',
  E_MANIFEST: 'a manifest has a problem',
  E_MODE: 'simulation and production were mixed',
  E_NOT_FOUND: 'no such session, value or route',
  E_NOT_YET: 'known, and not supported yet',
  E_PREDECESSOR: 'an update names a predecessor that is not current',
  E_ROLLBACK: 'a CAS shows an older or another history than remembered',
  E_RUN: 'a service could not be started on this machine',
  E_SESSION: 'a session policy has a problem',
  E_STORE: 'the local store cannot be read or written',
  E_TCB: 'the platform is revoked, out of date or of an unknown status',
  E_TEE: 'no TEE, or the wrong one',
  E_TIME: 'the clock cannot be right',
  E_TOOL: 'a program this command needs is missing or failed',
  E_USAGE: 'the command was called wrongly',
  E_VARIABLE: 'a variable has no value or a value it may not have',
} as const;

/** A stable error code; each one is described above and in the generated reference. */
export type ErrorCode = keyof typeof codes;

/** A place in a text file; line and column count from 1. */
export interface Position {
  file: string;
  line?: number;
  column?: number;
}

export interface ErrorDetails {
  /** What would have been right. */
  expected?: string;
  /** What was there instead. */
  found?: string;
  /** Where. */
  at?: Position;
  /** Why, outermost first; rendered as "Caused by:" lines. */
  causes?: readonly string[];
  /** What to change. */
  hint?: string;
  /** The error that led here; its message joins `causes` when none are given. */
  cause?: unknown;
  /** All problems, where one call found several. */
  errors?: readonly SconeError[];
}

/** The form of an error in the API and in `--output json`. */
export interface ErrorDocument {
  code: ErrorCode;
  message: string;
  expected?: string;
  found?: string;
  at?: Position;
  causes: string[];
  hint?: string;
}

/** The only error this project throws on purpose. Its text never holds a secret. */
export class SconeError extends Error {
  override readonly name = 'SconeError';
  readonly code: ErrorCode;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly at: Position | undefined;
  readonly causes: readonly string[];
  readonly hint: string | undefined;
  readonly errors: readonly SconeError[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.expected = details.expected;
    this.found = details.found;
    this.at = details.at;
    this.causes = details.causes ?? (details.cause === undefined ? [] : causeLines(details.cause));
    this.hint = details.hint;
    this.errors = details.errors ?? [];
  }

  /** The exit code of a command that ends with this error: 2 for a wrong call, else 1. */
  get exitCode(): number {
    return this.code === 'E_USAGE' ? 2 : 1;
  }

  toJSON(): ErrorDocument {
    return {
      code: this.code,
      message: this.message,
      ...(this.expected === undefined ? {} : { expected: this.expected }),
      ...(this.found === undefined ? {} : { found: this.found }),
      ...(this.at === undefined ? {} : { at: this.at }),
      causes: [...this.causes],
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}

function causeLines(cause: unknown): string[] {
  if (cause instanceof SconeError) return [cause.message, ...cause.causes];
  if (cause instanceof Error) return [cause.message];
  return [String(cause)];
}

/** The system error code (`ENOENT`, `EADDRINUSE`, …) of an unknown thrown value, if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
