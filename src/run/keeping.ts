import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import type { Kept, Told } from './keeper.ts';

/** The process that ends our containers when we are killed. */
export interface Keeper {
  /** To be called before anything of a container is there. Rejects with `E_TOOL` where nobody would end it. */
  keep: (container: Kept) => Promise<void>;
  /** Nothing of the container is left. */
  over: (id: string) => void;
  /** Lets the keeper end, with whatever is not over, and waits for that. */
  end: () => Promise<void>;
}

/**
 * Starts a keeper, and does not wait for it: what it is told is kept by the pipe, also when it starts after our end.
 *
 * @param run what the ids of its containers begin with; the list of processes shows it
 * @param onLost is told when the keeper ends while containers run; it does not end them
 * @throws SconeError `E_TOOL` when it cannot be started
 */
export async function startKeeper(run: string, onLost: (warning: SconeError) => void): Promise<Keeper> {
  const program = join(import.meta.dirname, 'keeper.ts');
  await access(program, constants.R_OK).catch((cause: unknown) => {
    const hint = 'install sconectl again';
    throw new SconeError('E_TOOL', `the program that keeps containers is missing: ${program}`, { cause, hint });
  });
  // Where our own code lies compiled; to translate one file takes longer than all else of its start.
  const cache = getCompileCacheDir();
  const child = spawn(process.execPath, [program, run], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A session of its own: Ctrl-C reaches us only.
    detached: true,
    // No variable of the caller: Node would load code where some say so. And no folder that it would hold.
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) },
    cwd: '/',
  });
  const kept = new Set<string>();
  let lost: string | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, signal) => resolve(signal === null ? `it ended with ${code}` : `ended by ${signal}`));
  }).then((why) => {
    lost = why;
    if (kept.size === 0) return;
    onLost(
      new SconeError('E_TOOL', 'the process that keeps the containers has ended, and they run on', {
        causes: [why],
        hint: 'if sconectl is killed now, they run until the next sconectl run; start it again to have them kept',
      }),
    );
  });
  // Its end is told above, and the result of each line where it is written.
  child.stdin.on('error', () => undefined);
  if (child.pid === undefined) await ended;
  const tell = (told: Told, then: (error?: Error | null) => void): void =>
    void child.stdin.write(`${JSON.stringify(told)}\n`, then);
  const refused = (why: string): SconeError =>
    new SconeError('E_TOOL', 'no process keeps the containers, so none is started', {
      causes: [`${process.execPath} ${program}: ${why}`],
    });
  if (lost !== undefined) throw refused(lost);
  return {
    keep: async (container) => {
      if (lost !== undefined) throw refused(lost);
      await new Promise<void>((resolve, reject) => {
        tell({ kept: container }, (error) => (error ? reject(refused(error.message)) : resolve()));
      });
      // Ended since then: whether it has read the line, nobody knows.
      if (lost !== undefined) throw refused(lost);
      kept.add(container.id);
    },
    over: (id) => {
      if (kept.delete(id) && lost === undefined) tell({ over: id }, () => undefined);
    },
    end: async () => {
      kept.clear();
      child.stdin.end();
      await ended;
    },
  };
}
