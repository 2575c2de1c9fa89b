import { SconeError } from '../core/errors.ts';
import { type BytePath, below, comparePaths, encodePath, nameOf, parentOf } from './path.ts';

/** Where the bytes of a file are: in memory, or a range of a file on this machine. */
export type Content = Uint8Array | { file: string; offset: number };

interface Common {
  /** Permission bits, with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  xattrs?: ReadonlyMap<string, Uint8Array>;
}

export interface DirectoryNode extends Common {
  type: 'dir';
}

export interface FileNode extends Common {
  type: 'file';
  size: number;
  /** Lower-case hex. */
  sha256: string;
  content: Content;
}

export interface SymlinkNode extends Common {
  type: 'symlink';
  /** As bytes, one character per byte. */
  target: string;
}

/** What an image can hold. Devices, pipes and sockets have no node: nothing of ours needs them. */
export type Node = DirectoryNode | FileNode | SymlinkNode;

/**
 * A root file system in memory; hard links are separate files. It knows what is in each directory as soon as somebody
 * asks: archives of strangers remove thousands of directories, and looking through all paths for each takes minutes.
 */
export class Tree extends Map<BytePath, Node> {
  /** What is in each directory; also directories that have no node themselves. Absent until it is needed. */
  private index: Map<BytePath, Set<BytePath>> | undefined;

  override set(path: BytePath, node: Node): this {
    if (this.index !== undefined) addName(this.index, path);
    return super.set(path, node);
  }

  override delete(path: BytePath): boolean {
    if (this.index !== undefined && (this.index.get(path)?.size ?? 0) === 0) {
      this.index.delete(path);
      this.index.get(parentOf(path))?.delete(path);
    }
    return super.delete(path);
  }

  override clear(): void {
    this.index = undefined;
    super.clear();
  }

  /** The paths in a directory, not those further down. */
  childrenOf(path: BytePath): Iterable<BytePath> {
    if (this.index === undefined) {
      this.index = new Map();
      for (const each of this.keys()) addName(this.index, each);
    }
    return this.index.get(path) ?? [];
  }
}

function addName(index: Map<BytePath, Set<BytePath>>, path: BytePath): void {
  for (let at = path; at !== '/'; at = parentOf(at)) {
    const names = index.get(parentOf(at));
    if (names?.has(at) === true) return;
    if (names === undefined) index.set(parentOf(at), new Set([at]));
    else names.add(at);
  }
}

/** What following links needs to know of an entry. */
export interface Place {
  type: string;
  /** Of a symlink, as bytes. */
  target?: string;
}

const maxLinks = 40;

/** The nodes in the order of their path bytes, a directory before what is in it. */
export function sortedNodes(tree: Tree): [BytePath, Node][] {
  return [...tree].sort(([a], [b]) => comparePaths(a, b));
}

/** Puts a node into the tree; missing directories above it come into being as 0755 of root. */
export function addNode(tree: Tree, path: BytePath, node: Node): void {
  addDirectories(tree, parentOf(path));
  if (node.type !== 'dir' && tree.get(path)?.type === 'dir') removeBelow(tree, path);
  tree.set(path, node);
}

/** Makes a directory and those above it, where they are missing. Anything else in the way is an `E_IMAGE`. */
export function addDirectories(tree: Tree, path: BytePath): void {
  const there = tree.get(path);
  if (there?.type === 'dir') return;
  if (there !== undefined) {
    throw new SconeError('E_IMAGE', `${encodePath(path)} would have to be a directory`, {
      expected: 'a directory',
      found: there.type,
    });
  }
  if (path !== '/') addDirectories(tree, parentOf(path));
  tree.set(path, { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
}

/** Removes everything below a path, and the path itself unless told to keep it. */
export function removeBelow(tree: Tree, path: BytePath, keep: 'keep' | 'remove' = 'remove'): void {
  const found = [path];
  // Grows while it is read: what is in a directory comes behind it.
  for (const each of found) for (const inside of tree.childrenOf(each)) found.push(inside);
  for (const each of found.reverse()) {
    if (each !== path || keep === 'remove') tree.delete(each);
  }
}

/**
 * Follows symbolic links as a process whose root is this tree would: `..` stops at `/`, so no link leaves the tree.
 * The result need not exist. With `last: 'keep'` a link at the end is not followed. More than 40 links: `E_IMAGE`.
 */
export function resolvePath(
  tree: ReadonlyMap<BytePath, Place>,
  path: BytePath,
  last: 'follow' | 'keep' = 'follow',
): BytePath {
  const rest = path.split('/').reverse();
  let at: BytePath = '/';
  let links = 0;
  while (rest.length > 0) {
    const part = rest.pop();
    if (part === undefined || part === '' || part === '.') continue;
    if (part === '..') {
      at = parentOf(at);
      continue;
    }
    const next = below(at, part);
    const node = tree.get(next);
    if (
      node?.type !== 'symlink' ||
      node.target === undefined ||
      (last === 'keep' && rest.every((other) => other === '' || other === '.'))
    ) {
      at = next;
      continue;
    }
    if (++links > maxLinks)
      throw new SconeError('E_IMAGE', `too many symbolic links on the way to ${encodePath(path)}`);
    if (node.target.startsWith('/')) at = '/';
    rest.push(...node.target.split('/').reverse());
  }
  return at;
}

/** The path with the links of its directories followed, its own name kept: where a new node has to be put. */
export function resolveParent(tree: ReadonlyMap<BytePath, Place>, path: BytePath): BytePath {
  return path === '/' ? path : below(resolvePath(tree, parentOf(path)), nameOf(path));
}
