import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The cgroups of this machine, in all hierarchies, whose name contains a text. They come and go while it looks. */
export function cgroupsWith(text: string, folder = '/sys/fs/cgroup'): string[] {
  return foldersIn(folder).flatMap(({ name }) => {
    const path = join(folder, name);
    return [...(name.includes(text) ? [path] : []), ...cgroupsWith(text, path)];
  });
}

function foldersIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    // It has gone meanwhile.
    return [];
  }
}
