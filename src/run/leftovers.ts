import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { storing } from '../oci/storing.ts';

/** Folders of containers: `sconectl-<pid of its sconectl>-…`. */
const container = /^sconectl-([0-9]+)-/;
const imageFile = 'image';

/** Where the tool keeps what it knows of the container of a folder. */
export function stateOf(folder: string): string {
  return join(folder, 'state');
}

/** Notes in a container's folder on which image it runs, so that nobody removes that image. Throws `E_STORE`. */
export async function keepInUse(folder: string, digest: string): Promise<void> {
  await storing(folder, async () => {
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, imageFile), digest);
  });
}

/** The images that containers run on now. */
export async function imagesInUse(folder: string): Promise<Set<string>> {
  const digests = new Set<string>();
  for (const name of await readdir(folder)) {
    if (!container.test(name)) continue;
    const digest = await readFile(join(folder, name, imageFile), 'utf8').catch(() => undefined);
    if (digest !== undefined) digests.add(digest);
  }
  return digests;
}

/** Ends and removes containers whose sconectl was killed, and whose keeper could not do it. */
export async function sweep(folder: string, tool: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number(container.exec(name)?.[1]);
    if (!Number.isSafeInteger(pid) || isRunning(pid)) continue;
    spawnSync(tool, ['--root', stateOf(join(folder, name)), 'delete', '--force', name], { stdio: 'ignore' });
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
