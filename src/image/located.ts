import { type Position, SconeError, systemCode } from '../core/errors.ts';

/** Runs something and gives its error the place in the manifest that it is about, unless it has a place already. */
export async function located<Result>(at: Position, run: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof SconeError && error.at === undefined) throw withPlace(error, at);
    throw error;
  }
}

/** The same warning or error, with a place. */
export function withPlace(error: SconeError, at: Position): SconeError {
  const { code, message, expected, found, causes, hint, errors } = error;
  return new SconeError(code, message, {
    at,
    causes,
    errors,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...(hint === undefined ? {} : { hint }),
  });
}

const full: { readonly [code: string]: string } = {
  ENOSPC: 'The disk is full: make room and try again.',
  EDQUOT: 'The quota is used up: make room and try again.',
  EROFS: 'The file system is read-only.',
  EACCES: 'Check who owns the folders of sconectl and of the project.',
  EPERM: 'Check who owns the folders of sconectl and of the project.',
};

/** Turns what the file system says during a build into an error of ours; anything else passes. */
export async function storing<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const code = error instanceof SconeError ? undefined : systemCode(error);
    const hint = code === undefined ? undefined : full[code];
    if (hint === undefined) throw error;
    throw new SconeError('E_STORE', `${what} could not be written`, { cause: error, hint });
  }
}
