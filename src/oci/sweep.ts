import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How the names of unfinished files and folders start; nothing finished is ever called so. */
export const unfinished = '.new-';

/** Nobody writes to one file for this long. */
const abandonedMilliseconds = 3_600_000;

/**
 * Removes what killed processes left unfinished in a folder. Their names are never looked at by anything else, so this
 * only gives space back. With `all`, when the caller knows that nobody else is at work there, their age does not count.
 */
export async function sweep(folder: string, which: 'old' | 'all' = 'old'): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(unfinished)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || (which === 'old' && Date.now() - found.mtimeMs < abandonedMilliseconds)) continue;
    await rm(path, { recursive: true, force: true });
  }
}
