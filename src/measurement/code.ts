import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { lp, utf8 } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';

/**
 * The code hash of a simulated CAS that runs from its sources (conventions.md, Sim CAS evidence): SHA-256 over
 * LP(path) ‖ LP(SHA-256(bytes)) of every TypeScript file below `src` and of the lockfile, sorted by path bytes. Paths
 * are relative to the root, with `/`.
 */
export async function codeHash(root: string): Promise<Uint8Array<ArrayBuffer>> {
  const names = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const sources = names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const paths = [...sources, 'package-lock.json'].sort((a, b) => Buffer.compare(utf8(a), utf8(b)));
  const hash = createHash('sha256');
  for (const path of paths) hash.update(lp(path)).update(lp(sha256(await readFile(join(root, path)))));
  return new Uint8Array(hash.digest());
}

/** The code hash of a simulated CAS that runs from a bundle: the SHA-256 of that file. */
export async function bundleHash(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(await readFile(file));
}
