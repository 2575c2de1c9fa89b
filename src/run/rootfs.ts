import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { exclusively } from '../oci/exclusive.ts';
import type { Store } from '../oci/store.ts';

/** Unpacked images that are kept beside those in use. */
const keptUnused = 2;

/**
 * The folder of an image, unpacked once and then shared by its containers, which see it read-only. What lies here is
 * not trusted: the runtime in the container verifies every file at each start.
 *
 * @param inUse digests of images that containers run on now
 */
export async function unpackedImage(
  store: Store,
  digest: string,
  cache: string,
  inUse: ReadonlySet<string>,
): Promise<string> {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  return exclusively(cache, async () => {
    const folder = join(cache, nameOf(digest));
    const there = await stat(folder).then(
      () => true,
      () => false,
    );
    if (!there) await store.unpack(digest, folder);
    const now = new Date();
    await utimes(folder, now, now);
    await prune(cache, new Set([digest, ...inUse].map(nameOf)));
    return folder;
  });
}

function nameOf(digest: string): string {
  return digest.replace(':', '-');
}

/** Removes the oldest images that nobody uses. */
async function prune(cache: string, used: ReadonlySet<string>): Promise<void> {
  const unused: { path: string; age: number }[] = [];
  for (const name of await readdir(cache)) {
    if (used.has(name)) continue;
    const path = join(cache, name);
    unused.push({ path, age: (await stat(path)).mtimeMs });
  }
  unused.sort((a, b) => b.age - a.age);
  for (const { path } of unused.slice(keptUnused)) await rm(path, { recursive: true, force: true });
}
