import { SconeError, systemCode } from '../core/errors.ts';

const owner = 'Check who owns the folders of sconectl and of the project.';
const full: { readonly [code: string]: string } = {
  ENOSPC: 'The disk is full: make room and try again.',
  EDQUOT: 'The quota is used up: make room and try again.',
  EROFS: 'The file system is read-only.',
  EACCES: owner,
  EPERM: owner,
  ENOTDIR: 'A part of this path is a file: remove it, or choose another folder.',
};

/** What to do where the file system refused to write; nothing where the error is another one. */
export function refusalHint(error: unknown): string | undefined {
  const code = error instanceof SconeError ? undefined : systemCode(error);
  if (code === undefined) return undefined;
  const { syscall } = error as NodeJS.ErrnoException;
  // Node reports of a folder that it could not make, with those above it, only that it is not there.
  if (code === 'ENOENT' && syscall === 'mkdir') return 'The folder above may be read-only: choose another one.';
  if (code === 'EEXIST' && syscall === 'mkdir') return 'A file is in the place of a folder: remove it.';
  return full[code];
}

/** Turns what the file system says while something is written into an `E_STORE`; anything else passes. */
export async function storing<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const hint = refusalHint(error);
    if (hint === undefined) throw error;
    throw new SconeError('E_STORE', `${what} could not be written`, { cause: error, hint });
  }
}
