import { type Position, SconeError } from '../core/errors.ts';

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
