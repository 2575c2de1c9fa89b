import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { utf8 } from '../core/bytes.ts';
import { sha256Hex } from '../core/digest.ts';
import { SconeError, systemCode } from '../core/errors.ts';

/**
 * Runs something while no other process does so for the same folder. The lock is an abstract Unix socket: the kernel
 * gives it back when the process ends in whatever way, so a killed build leaves no lock behind. It binds processes of
 * one network namespace. Throws `E_STORE` when it is not free in time, 30 s unless told.
 */
export async function exclusively<Result>(
  folder: string,
  run: () => Promise<Result>,
  patience: { milliseconds: number } = { milliseconds: 30_000 },
): Promise<Result> {
  const name = `\0sconectl-${sha256Hex(utf8(await realpath(folder))).slice(0, 48)}`;
  const server = await listen(name, patience.milliseconds, folder);
  try {
    return await run();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function listen(name: string, milliseconds: number, folder: string): Promise<Server> {
  const start = performance.now();
  for (;;) {
    try {
      const server = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ path: name }, resolve);
      });
      return server;
    } catch (error) {
      if (systemCode(error) !== 'EADDRINUSE') throw error;
    }
    if (performance.now() - start > milliseconds) {
      throw new SconeError('E_STORE', `another sconectl has been using ${folder} for a long time`, {
        hint: 'Wait for it to end, or stop it.',
      });
    }
    await sleep(15);
  }
}
