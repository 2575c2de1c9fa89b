import { open, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { SconeError, systemCode } from '../core/errors.ts';

const longestPath = 100;

/** A held lock. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes a data folder for this process alone; a second process gets `E_LEDGER`.
 *
 * Node has neither flock nor fcntl locks, and a file with a process id in it survives `kill -9` and means nothing in
 * another container. Sockets vanish with their process, whatever kills it, so two are listened on:
 *
 * - an abstract one named after the folder's device and inode. The kernel gives a name once, so of two processes that
 *   start at the same moment one fails. It is seen in one network namespace only;
 * - `lock` in the folder, which containers with other namespaces see. A file nobody answers at is a dead process's and
 *   is replaced; the abstract socket keeps two starters of one namespace from doing that at the same time.
 *
 * Both guard against mistakes. A hostile storage that shows two processes one folder each makes a fork, which the
 * heads that clients remember bring to light (H1).
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const directory = await open(folder, 'r');
  const { dev, ino } = await directory.stat();
  const name = await listen(`\0sconectl-cas-${dev}-${ino}`, folder).catch(async (error: unknown) => {
    await directory.close();
    throw error;
  });
  const release = async (): Promise<void> => {
    await close(name);
    await directory.close();
  };
  try {
    const full = join(folder, 'lock');
    // The path of a socket ends at 107 bytes; a long one is reached through the open folder.
    const path = Buffer.byteLength(full) <= longestPath ? full : `/proc/self/fd/${directory.fd}/lock`;
    if (await answers(path)) throw held(folder);
    await unlink(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw unusable(folder, error);
    });
    const file = await listen(path, folder);
    return {
      async release() {
        await close(file);
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function listen(path: string, folder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      reject(systemCode(error) === 'EADDRINUSE' ? held(folder) : unusable(folder, error));
    });
    server.listen(path, () => {
      // The lock alone must not keep a process alive.
      server.unref();
      resolve(server);
    });
  });
}

/** Whether a process listens at that socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function held(folder: string): SconeError {
  return new SconeError('E_LEDGER', `another process uses the data folder ${folder}`, {
    hint: 'one CAS at a time: stop the other one, or give this one another folder with --data',
  });
}

function unusable(folder: string, cause: unknown): SconeError {
  return new SconeError('E_STORE', `the data folder ${folder} cannot be locked`, {
    cause,
    hint: 'the folder must be on a file system that can hold a socket',
  });
}
