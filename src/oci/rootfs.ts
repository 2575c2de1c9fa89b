import { base64, equalBytes, utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { canonicalJson, parseJson } from '../core/json.ts';
import { decodePath, encodePath, isNormal } from './path.ts';
import { type Node, sortedNodes, type Tree } from './tree.ts';

/** Where every image carries the list; the list does not hold itself. */
export const rootfsPath = '/opt/scone/rootfs.json';

/** One entry of a root file system as `rootfs.json` lists it (conventions.md, rootfs.json). */
export interface Entry {
  /** Absolute; bytes outside `[A-Za-z0-9._~/-]` as `%XX`, upper case. */
  path: string;
  /** `mountpoint`: an empty directory or file that an engine may mount over; `Mount` judges what it mounts. */
  type: 'dir' | 'file' | 'symlink' | 'mountpoint';
  /** Four octal digits, setuid bits included. */
  mode: string;
  uid: number;
  gid: number;
  /** Of a file, in bytes. */
  size?: number;
  /** Of a file, hex. */
  sha256?: string;
  /** Of a symlink, percent-encoded like `path`. */
  target?: string;
  /** Base64 of the bytes by name. */
  xattrs?: { [name: string]: string };
  optional?: true;
}

/** One mount that the runtime accepts; `image/ground.ts` says how it reads each field. */
export interface Mount {
  path: string;
  fs: string[];
  kind: 'dir' | 'file' | 'null';
  ro?: true;
  empty?: true;
  below?: true;
  required?: true;
  only?: 'mountpoints';
}

/** The list that an image carries and its runtime verifies. */
export interface RootfsJson {
  v: 1;
  user: { uid: number; gid: number };
  mounts: Mount[];
  entries: Entry[];
}

/** The bytes of `rootfs.json`: RFC 8785 JSON and a line feed. Its SHA-256 is the rootfs digest. */
export function rootfsBytes(rootfs: RootfsJson): Uint8Array<ArrayBuffer> {
  return utf8(`${canonicalJson(rootfs)}\n`);
}

/** Reads `rootfs.json` and takes only what {@link rootfsBytes} would have written. Throws `E_IMAGE`. */
export function parseRootfs(bytes: Uint8Array): RootfsJson {
  let rootfs: RootfsJson;
  try {
    rootfs = parseJson(bytes, 'list of the root file system') as unknown as RootfsJson;
  } catch (error) {
    throw new SconeError('E_IMAGE', 'the image has a damaged list of its files', { cause: error });
  }
  const wrong = (what: string): never => {
    throw new SconeError('E_IMAGE', `the image has a malformed list of its files: ${what}`);
  };
  if (rootfs === null || typeof rootfs !== 'object' || rootfs.v !== 1) wrong('its version is not 1');
  if (!Array.isArray(rootfs.mounts) || !Array.isArray(rootfs.entries)) wrong('entries or mounts are missing');
  let last = '';
  for (const entry of rootfs.entries) {
    if (entry === null || typeof entry !== 'object' || typeof entry.path !== 'string') wrong('an entry has no path');
    const path = decodePath(entry.path);
    if (!isNormal(path) || path <= last) wrong(`${entry.path} is out of order or no normal path`);
    if (path === rootfsPath) wrong('it lists itself');
    if (typeof entry.mode !== 'string' || !/^[0-7]{4}$/.test(entry.mode)) wrong(`${entry.path} has no mode`);
    last = path;
  }
  if (!equalBytes(rootfsBytes(rootfs), bytes)) wrong('it is not in its one byte form');
  return rootfs;
}

/** The entry of a node. The modes of links mean nothing and are all `0777`. */
export function entryOf(path: string, node: Node): Entry {
  const xattrs: { [name: string]: string } = Object.create(null);
  for (const [name, value] of node.xattrs ?? []) xattrs[name] = base64(value);
  return {
    path: encodePath(path),
    type: node.type,
    mode: node.type === 'symlink' ? '0777' : node.mode.toString(8).padStart(4, '0'),
    uid: node.uid,
    gid: node.gid,
    ...(node.type === 'file' ? { size: node.size, sha256: node.sha256 } : {}),
    ...(node.type === 'symlink' ? { target: encodePath(node.target) } : {}),
    ...(node.xattrs === undefined || node.xattrs.size === 0 ? {} : { xattrs }),
  };
}

/** Every node of the tree as an entry, sorted, the list itself left out. */
export function entriesOf(tree: Tree): Entry[] {
  return sortedNodes(tree)
    .filter(([path]) => path !== rootfsPath)
    .map(([path, node]) => entryOf(path, node));
}

/**
 * Compares a list with the file system that the layers of its image make, as the runtime will at start: nothing
 * missing, nothing more, nothing different. Throws `E_IMAGE` naming the path, what was expected and what was found.
 */
export function checkTree(rootfs: RootfsJson, tree: Tree): void {
  const found = new Map(entriesOf(tree).map((entry) => [entry.path, entry]));
  for (const entry of rootfs.entries) {
    const actual = found.get(entry.path);
    found.delete(entry.path);
    if (actual === undefined) {
      if (entry.optional !== true) throw differs(entry.path, canonicalJson(entry), 'nothing');
    } else if (canonicalJson(actual) !== canonicalJson(asMade(entry))) {
      throw differs(entry.path, canonicalJson(entry), canonicalJson(actual));
    }
  }
  for (const [path, entry] of found) throw differs(path, 'nothing', canonicalJson(entry));
}

/** SHA-256 of nothing. */
const emptyDigest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** What an image holds for an entry: at a mount point an empty directory, or an empty file where a size is given. */
function asMade(entry: Entry): Entry {
  const made = { ...entry };
  delete made.optional;
  if (entry.type !== 'mountpoint') return made;
  return entry.size === undefined ? { ...made, type: 'dir' } : { ...made, type: 'file', sha256: emptyDigest };
}

function differs(path: string, expected: string, found: string): SconeError {
  return new SconeError('E_IMAGE', `the image does not hold what its own list says: ${path}`, {
    expected,
    found,
    hint: 'The image was changed after it was built. Build it again with "sconectl apply -f service.yml".',
  });
}
