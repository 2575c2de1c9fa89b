import { readIfThere } from '../client/file.ts';
import { homeMemory, lockMemory, type MemoryFile } from '../client/memory.ts';
import type { Context } from './context.ts';

/**
 * The home's memory, and `cas.lock` where the folder has one. Apart from the connection, since looking at a memory must
 * not load everything that attests a CAS.
 */
export async function memories(context: Context, folder: string): Promise<MemoryFile[]> {
  const lock = lockMemory(folder);
  const home = homeMemory(context.home);
  return (await readIfThere(lock.path)) === undefined ? [home] : [home, lock];
}
