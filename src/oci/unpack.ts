import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { type BytePath, encodePath, isNormal, parentOf, pathBytes } from './path.ts';
import { refusalHint } from './storing.ts';
import { type FileNode, type Node, sortedNodes, type Tree } from './tree.ts';

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
  let temporary: string | undefined;
  try {
    await mkdir(dirname(folder), { recursive: true });
    temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
    writeTree(tree, temporary, owners);
    await rmdir(folder).catch(() => undefined);
    await rename(temporary, folder);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    if (error instanceof SconeError) throw error;
    const hint = refusalHint(error);
    throw new SconeError('E_STORE', `the image cannot be unpacked into ${folder}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/**
 * Writes a tree into an empty folder that nobody else can write to. The calls are synchronous: an image has thousands
 * of small files, and handing each call to another thread takes four times as long as the calls themselves.
 */
export function writeTree(tree: Tree, folder: string, owners: Owners): void {
  const root = Buffer.from(folder);
  const nodes = sortedNodes(tree);
  const sources = new ContentFiles();
  try {
    for (const [path, node] of nodes) {
      checkNode(tree, path, node);
      const place = Buffer.concat([root, pathBytes(path)]);
      if (node.type === 'file') writeFile(place, node, owners, sources);
      else if (node.type === 'symlink') symlinkSync(pathBytes(node.target), place);
      else if (path !== '/') mkdirSync(place, 0o700);
      if (owners === 'exact' && node.type === 'symlink') lchownSync(place, node.uid, node.gid);
    }
  } finally {
    sources.close();
  }
  // Directories last, the deepest first: a read-only one could not be filled.
  for (const [path, node] of nodes.reverse()) {
    if (node.type !== 'dir') continue;
    const place = Buffer.concat([root, pathBytes(path)]);
    if (owners === 'exact') lchownSync(place, node.uid, node.gid);
    chmodSync(place, node.mode);
  }
}

function writeFile(place: Buffer, node: FileNode, owners: Owners, sources: ContentFiles): void {
  const file = openSync(place, 'wx', 0o600);
  try {
    for (const part of sources.read(node)) {
      for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
    }
    // Owner before mode: a change of owner clears setuid bits.
    if (owners === 'exact') fchownSync(file, node.uid, node.gid);
    fchmodSync(file, node.mode);
  } finally {
    closeSync(file);
  }
}

/** The files that contents are ranges of, each opened once. */
class ContentFiles {
  private readonly files = new Map<string, number>();
  private readonly buffer = Buffer.allocUnsafe(1 << 20);

  *read(node: FileNode): Generator<Uint8Array> {
    const { content, size } = node;
    if (content instanceof Uint8Array) {
      yield content;
      return;
    }
    const file = this.files.get(content.file) ?? openSync(content.file, 'r');
    this.files.set(content.file, file);
    for (let done = 0; done < size; ) {
      const length = readSync(file, this.buffer, 0, Math.min(this.buffer.length, size - done), content.offset + done);
      if (length === 0) throw new SconeError('E_STORE', `${content.file} changed while it was read`);
      done += length;
      yield this.buffer.subarray(0, length);
    }
  }

  close(): void {
    for (const file of this.files.values()) closeSync(file);
  }
}

function checkNode(tree: Tree, path: BytePath, node: Node): void {
  if (!isNormal(path) || tree.get(parentOf(path))?.type !== 'dir') {
    throw new SconeError('E_IMAGE', `${encodePath(path)} is no place in a root file system`);
  }
  if (node.xattrs !== undefined && node.xattrs.size > 0) {
    throw new SconeError('E_IMAGE', `${encodePath(path)} has extended attributes, which cannot be unpacked`);
  }
}
