import { SconeError } from '../core/errors.ts';
import { type BytePath, below, encodePath, nameOf, parentOf } from './path.ts';
import type { Spool } from './spool.ts';
import { addDirectories, addNode, removeBelow, resolveParent, resolvePath, type Tree } from './tree.ts';
import type { TarMember } from './untar.ts';

export interface ApplyOptions {
  spool: Pick<Spool, 'append'>;
  /**
   * What the archive is, and so what it may hold:
   * `package` (of a distribution) follows links of directories, as merged /usr needs it, and deletes nothing;
   * `layer` (of somebody's image) also deletes by names `.wh.*` (OCI image specification, "Whiteouts");
   * `own` (a layer that we wrote) does neither. Devices are left out below /dev and refused elsewhere; `own` has none.
   */
  kind: 'package' | 'layer' | 'own';
  /** Members that are left out before anything else looks at them. */
  skip?: (path: BytePath) => boolean;
}

interface Layers {
  /** What this archive itself put there and the directories above: whiteouts hide lower layers only. */
  own: Set<BytePath>;
  /** Directories in which nothing of lower layers is left, and into which none can come any more. */
  cleared: Set<BytePath>;
}

/** Puts the members of one archive onto the tree. What the archive may not hold is an `E_FORMAT`. */
export async function applyArchive(
  tree: Tree,
  members: AsyncIterable<TarMember>,
  options: ApplyOptions,
): Promise<void> {
  const layers: Layers = { own: new Set(), cleared: new Set() };
  const { own } = layers;
  for await (const member of members) {
    if (options.skip?.(member.path) === true) continue;
    const path = placeOf(tree, member.path, options);
    if (nameOf(path).startsWith('.wh.')) {
      whiteout(tree, path, member, layers, options);
    } else if (await applyMember(tree, path, member, options)) {
      for (let at = path; at !== '/' && !own.has(at); at = parentOf(at)) own.add(at);
    }
  }
}

function placeOf(tree: Tree, path: BytePath, options: ApplyOptions): BytePath {
  const place = resolveParent(tree, path);
  if (place !== path && options.kind === 'own') {
    throw new SconeError('E_FORMAT', `the layer holds ${encodePath(path)} below a symbolic link`);
  }
  for (let at = parentOf(place); at !== '/'; at = parentOf(at)) {
    const node = tree.get(at);
    if (node !== undefined && node.type !== 'dir') {
      throw new SconeError('E_FORMAT', `the layer holds ${encodePath(path)} below something that is no directory`);
    }
  }
  return place;
}

function whiteout(tree: Tree, path: BytePath, member: TarMember, layers: Layers, options: ApplyOptions): void {
  const directory = parentOf(path);
  const name = nameOf(path).slice('.wh.'.length);
  if (options.kind !== 'layer' || member.type !== 'file' || name === '' || name === '.' || name === '..') {
    throw new SconeError('E_FORMAT', `${encodePath(path)} has a name that means a deletion in a layer`);
  }
  const opaque = name === '.wh..opq';
  if (!opaque && name.startsWith('.wh.')) {
    throw new SconeError('E_FORMAT', `${encodePath(path)} is an unknown kind of whiteout`);
  }
  if (opaque) hideLower(tree, directory, layers, 'keep');
  else hideLower(tree, below(directory, name), layers);
}

/** Removes what lower layers put at a path and below it. Looks at no directory twice, however whiteouts are nested. */
function hideLower(tree: Tree, top: BytePath, { own, cleared }: Layers, keep?: 'keep'): void {
  const rest = [top];
  for (const path of rest) {
    // What is no directory of this archive holds nothing of it either.
    if (!own.has(path) && (path !== top || keep === undefined)) removeBelow(tree, path);
    else if (!cleared.has(path)) {
      cleared.add(path);
      for (const each of tree.childrenOf(path)) rest.push(each);
    }
  }
}

/** Whether something was put there (a device below /dev is not). */
async function applyMember(tree: Tree, path: BytePath, member: TarMember, options: ApplyOptions): Promise<boolean> {
  const common = {
    mode: member.mode,
    uid: member.uid,
    gid: member.gid,
    ...(member.xattrs.size === 0 ? {} : { xattrs: copyOf(member.xattrs) }),
  };
  switch (member.type) {
    case 'dir': {
      const place = options.kind === 'package' ? resolvePath(tree, path) : path;
      const there = tree.get(place);
      if (there !== undefined && there.type !== 'dir') tree.delete(place);
      addDirectories(tree, place);
      tree.set(place, { type: 'dir', ...common });
      return true;
    }
    case 'symlink':
      addNode(tree, path, { type: 'symlink', target: member.target, ...common });
      return true;
    case 'file':
      addNode(tree, path, { type: 'file', ...common, ...(await options.spool.append(member.body, path)) });
      return true;
    case 'hardlink': {
      const source = tree.get(resolveParent(tree, member.target));
      if (source?.type !== 'file') {
        throw new SconeError('E_FORMAT', `the hard link ${encodePath(path)} leads to no file of the image`, {
          found: encodePath(member.target),
        });
      }
      addNode(tree, path, { ...source });
      return true;
    }
    default:
      if (options.kind !== 'own' && path.startsWith('/dev/')) return false;
      throw new SconeError('E_FORMAT', `${encodePath(path)} is a device or pipe, which images here cannot hold`);
  }
}

/** The values are ranges of the archive's buffer, which would stay in memory with them. */
function copyOf(xattrs: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...xattrs].map(([name, value]) => [name, Uint8Array.from(value)]));
}
