import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SconeError, systemCode } from '../core/errors.ts';

/** The refusal for a file of ours that the operating system does not let us use. */
export function fileError(path: string, what: string, error: unknown): SconeError {
  const code = systemCode(error);
  return new SconeError('E_STORE', `${path} cannot be ${what}`, {
    cause: error,
    ...(code === 'ENOSPC' ? { hint: 'the disk is full' } : {}),
    ...(code === 'EACCES' || code === 'EPERM' ? { hint: 'check its owner and mode' } : {}),
  });
}

/** The bytes of a file, or `undefined` where there is none. Throws `E_STORE`. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(path, 'read', error);
  }
}

export interface WriteOptions {
  /** Permission bits, 0644 unless told. */
  mode?: number;
  /** Fail with `false` instead of replacing a file that is there. */
  exclusive?: boolean;
}

/**
 * Writes a whole file or nothing: a new file beside it, synced, then renamed over it. A reader, and a machine that
 * stops at any moment, finds the old bytes or the new ones. Makes missing folders. Throws `E_STORE`.
 */
export async function writeWhole(
  path: string,
  bytes: Uint8Array | string,
  options: WriteOptions = {},
): Promise<boolean> {
  const folder = dirname(path);
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await file.chmod(options.mode ?? 0o644);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.exclusive === true) {
      await link(draft, path);
      await unlink(draft);
    } else {
      await rename(draft, path);
    }
    await syncFolder(folder);
    return true;
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    if (options.exclusive === true && systemCode(error) === 'EEXIST') return false;
    throw fileError(path, 'written', error);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Runs `work` while no other process of this machine runs it for the same file. The lock is a file beside it that
 * names its holder; one whose holder is gone is taken over. Throws `E_STORE` after ten seconds of waiting.
 */
export async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const end = Date.now() + 10_000;
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}\n`;
  while (!(await writeWhole(lock, mine, { exclusive: true, mode: 0o600 }))) {
    await takeOver(lock);
    if (Date.now() > end) {
      throw new SconeError('E_STORE', `another sconectl holds ${lock} for more than ten seconds`, {
        hint: 'wait for it, or remove that file if no sconectl is running',
      });
    }
    await sleep(10);
  }
  try {
    return await work();
  } finally {
    await unlink(lock).catch(() => undefined);
  }
}

async function takeOver(lock: string): Promise<void> {
  const holder = await readIfThere(lock);
  if (holder === undefined || isRunning(Number.parseInt(Buffer.from(holder).toString(), 10))) return;
  // Moved aside first: of two that find the same dead holder, one moves it and the other finds nothing to move.
  const aside = `${lock}.${randomBytes(6).toString('hex')}.old`;
  try {
    await rename(lock, aside);
  } catch {
    return;
  }
  const moved = await readIfThere(aside);
  // Between reading and moving, somebody quicker may have taken the lock: give it back.
  if (moved !== undefined && !Buffer.from(moved).equals(holder)) await link(aside, lock).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
