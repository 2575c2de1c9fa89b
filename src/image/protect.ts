import { comparePaths, decodePath } from '../oci/path.ts';
import { type Entry, entryOf, type Mount, type RootfsJson, rootfsPath } from '../oci/rootfs.ts';
import type { Assembly } from './assembly.ts';

/**
 * The list of everything that the image will hold, except the list itself: the base's entries, those on top of them,
 * and instead of the places where engines mount what the ground says about them. Optional extras of engines are added
 * where the image has nothing of that name.
 */
export function rootfsOf(
  assembly: Assembly,
  user: { uid: number; gid: number },
  ground: { mounts: Mount[]; entries: readonly Entry[] },
): RootfsJson {
  const entries = new Map(assembly.base);
  for (const [path, node] of assembly.top) entries.set(path, entryOf(path, node));
  entries.delete(rootfsPath);
  for (const entry of ground.entries) {
    const path = decodePath(entry.path);
    if (entry.optional !== true || !entries.has(path)) entries.set(path, entry);
  }
  const sorted = [...entries].sort(([a], [b]) => comparePaths(a, b));
  return { v: 1, user, mounts: ground.mounts, entries: sorted.map(([, entry]) => entry) };
}
