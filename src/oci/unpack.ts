import { chmod, lchown, mkdir, mkdtemp, open, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { type BytePath, encodePath, isNormal, parentOf, pathBytes } from './path.ts';
import { readContent } from './spool.ts';
import { sortedNodes, type Tree } from './tree.ts';

/** Whether nodes get their owners; only root can give files away. */
export type Owners = 'exact' | 'caller';

/**
 * Writes a tree into a new folder, with exact modes whatever the umask. The folder appears under its name when all of
 * it is there. It must not exist before, or be empty; anything else is an `E_STORE`.
 *
 * Nothing can land outside: paths are normal, every directory on the way was made here a moment before, and files are
 * created exclusively, so no link is followed (threat model 50).
 */
export async function unpackTree(tree: Tree, folder: string, owners: Owners): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    await writeTree(tree, temporary, owners);
    await rmdir(folder).catch(() => undefined);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (error instanceof SconeError) throw error;
    throw new SconeError('E_STORE', `the image cannot be unpacked into ${folder}`, { cause: error });
  }
}

/** Writes a tree into an empty folder that nobody else can write to. */
export async function writeTree(tree: Tree, folder: string, owners: Owners): Promise<void> {
  const root = Buffer.from(folder);
  const nodes = sortedNodes(tree);
  for (const [path, node] of nodes) {
    checkPlace(tree, path);
    if (node.xattrs !== undefined && node.xattrs.size > 0) {
      throw new SconeError('E_IMAGE', `${encodePath(path)} has extended attributes, which cannot be unpacked`);
    }
    const place = Buffer.concat([root, pathBytes(path)]);
    if (node.type === 'dir') {
      if (path !== '/') await mkdir(place, 0o700);
    } else if (node.type === 'symlink') {
      await symlink(pathBytes(node.target), place);
    } else {
      const file = await open(place, 'wx', 0o600);
      try {
        for await (const part of readContent(node.content, node.size)) await file.appendFile(part);
        // Owner before mode: a change of owner clears setuid bits.
        if (owners === 'exact') await file.chown(node.uid, node.gid);
        await file.chmod(node.mode);
      } finally {
        await file.close();
      }
    }
    if (owners === 'exact' && node.type === 'symlink') await lchown(place, node.uid, node.gid);
  }
  // Directories last, the deepest first: a read-only one could not be filled.
  for (const [path, node] of nodes.reverse()) {
    if (node.type !== 'dir') continue;
    const place = Buffer.concat([root, pathBytes(path)]);
    if (owners === 'exact') await lchown(place, node.uid, node.gid);
    await chmod(place, node.mode);
  }
}

function checkPlace(tree: Tree, path: BytePath): void {
  if (!isNormal(path) || tree.get(parentOf(path))?.type !== 'dir') {
    throw new SconeError('E_IMAGE', `${encodePath(path)} is no place in a root file system`);
  }
}
