import { SconeError } from '../core/errors.ts';
import { type BytePath, below, decodePath, encodePath, isNormal, isWithin, nameOf, parentOf } from '../oci/path.ts';
import type { Entry } from '../oci/rootfs.ts';
import { memoryFile } from '../oci/spool.ts';
import { type Node, type Place, resolveParent, resolvePath, Tree } from '../oci/tree.ts';

/** An image being put together: the base below, which stays as it is, and what comes on top of it. */
export interface Assembly {
  /** Everything, as one file system. */
  places: Map<BytePath, Place>;
  base: ReadonlyMap<BytePath, Entry>;
  top: Tree;
}

/** Places where engines mount, and sconectl's own: nothing of a service can lie there. */
const reserved = [
  '/dev',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/opt/scone',
  '/proc',
  '/run',
  '/sys',
  '/tmp',
  '/var/tmp',
] as const;

export function newAssembly(entries: readonly Entry[]): Assembly {
  const base = new Map(entries.map((entry) => [decodePath(entry.path), entry]));
  const places = new Map<BytePath, Place>();
  for (const [path, { type, target }] of base) {
    places.set(path, target === undefined ? { type } : { type, target: decodePath(target) });
  }
  return { base, places, top: new Tree() };
}

/**
 * Puts a node where a process of the image would find that path: links of its directories are followed. Missing
 * directories come into being. A file that the base has there is replaced; a directory is not.
 */
export function place(assembly: Assembly, path: BytePath, node: Node): void {
  if (!isNormal(path)) throw new SconeError('E_INTERNAL', `${encodePath(path)} is no normal path`);
  const at = node.type === 'dir' ? resolvePath(assembly.places, path) : resolveParent(assembly.places, path);
  const there = assembly.places.get(at)?.type;
  if (node.type === 'dir' && there === 'dir') return;
  if (there !== undefined && (there === 'dir' || node.type === 'dir')) {
    throw new SconeError('E_COPY', `${encodePath(path)} cannot be put into the image`, {
      expected: node.type === 'dir' ? 'a directory or nothing there' : 'a file or nothing there',
      found: `a ${there === 'dir' ? 'directory' : there} of the base or of another entry of build.copy`,
    });
  }
  if (at !== '/') place(assembly, parentOf(at), { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
  assembly.top.set(at, node);
  assembly.places.set(at, node.type === 'symlink' ? { type: 'symlink', target: node.target } : { type: node.type });
}

/** Puts a small file of root there. */
export function placeBytes(assembly: Assembly, path: BytePath, bytes: Uint8Array, mode: number): void {
  place(assembly, path, { type: 'file', mode, uid: 0, gid: 0, ...memoryFile(bytes) });
}

/** Refuses a place that a service names and that is not its to fill. */
export function checkOwnPlace(path: BytePath, what: string): void {
  const taken = reserved.find((directory) => isWithin(path, directory));
  if (taken === undefined) return;
  throw new SconeError('E_COPY', `${what} cannot be at ${encodePath(path)}`, {
    expected: `a place outside ${reserved.join(', ')}`,
    found: taken === '/opt/scone' ? `a place of sconectl's own` : 'a place where container engines mount',
    hint: 'Choose another path, for example below /srv or /app.',
  });
}

/** The pre-created places where engines mount: a directory, or an empty file where the entry has a size. */
export function placeMountPoints(assembly: Assembly, ground: readonly Entry[]): void {
  for (const entry of ground) {
    if (entry.type !== 'mountpoint' || entry.optional === true) continue;
    const path = decodePath(entry.path);
    if (entry.size !== undefined) placeBytes(assembly, path, new Uint8Array(), 0o644);
    else place(assembly, path, { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
  }
}

/** A path below another, `pwd` and the relative path of a copy. */
export function joined(directory: BytePath, relative: string): BytePath {
  return relative === '' ? directory : below(directory, relative);
}

/**
 * Refuses to replace a module of the base whose byte code stays: Python would go on to use that, since it was compiled
 * never to be compared with its source.
 */
export function checkByteCode(assembly: Assembly, path: BytePath): void {
  if (!path.endsWith('.py') || !assembly.base.has(path)) return;
  const start = `${below(below(parentOf(path), '__pycache__'), nameOf(path).slice(0, -2))}cpython-`;
  for (const other of assembly.base.keys()) {
    if (!other.startsWith(start)) continue;
    throw new SconeError('E_COPY', `${encodePath(path)} is a module of the base, which has its byte code`, {
      found: encodePath(other),
      hint: 'Copy it to another folder, which Python finds first: the folder of the program.',
    });
  }
}

/** Refuses links of copied folders that lead to nothing in the image; they would be found only by the program. */
export function checkLinks(assembly: Assembly, links: readonly BytePath[]): void {
  for (const link of links) {
    const target = resolvePath(assembly.places, link);
    // An injected file comes into being at start.
    if (assembly.places.has(target) || isWithin(target, '/run/scone/files')) continue;
    throw new SconeError('E_COPY', `build.copy: the link ${encodePath(link)} leads to nothing in the image`, {
      expected: 'its target among what is copied',
      found: encodePath(target),
      hint: 'Copy the target too, or put a file in place of the link.',
    });
  }
}
