import { SconeError } from '../core/errors.ts';
import { type BytePath, encodePath, isWithin, parentOf } from '../oci/path.ts';
import { removeBelow, sortedNodes, type Tree } from '../oci/tree.ts';

/** Places that engines mount over. What a base has there would be hidden, and the runtime wants them empty. */
const hidden = ['/dev', '/proc', '/run', '/sys', '/tmp', '/var/tmp'] as const;
/** Files that belong to the engine; the image has empty ones instead. */
const engineFiles = ['/.dockerenv', '/etc/hostname', '/etc/hosts', '/etc/mtab', '/etc/resolv.conf'] as const;
const ours = '/opt/scone';
/**
 * Private files that a program which is not root never has a use for: left out rather than opened. A base that was
 * installed or debootstrapped has them.
 */
const leftOut = /^\/(?:root\/|etc\/g?shadow-?$|etc\/\.pwd\.lock$|var\/(?:cache|log|lib\/(?:dpkg|apt|systemd))\/)/;

/**
 * Brings a base into the one form of our images (conventions.md, rootfs.json): everything belongs to root, modes are
 * 0755 or 0644 by the executable bit, no setuid bits, no extended attributes, nothing where engines mount.
 *
 * A file that its owner keeps from others, by its own mode or a directory's, is an `E_BASE`: opening it to all would be
 * a decision that its package did not take, and the program, which is not root, could not read it otherwise.
 */
export function normaliseBase(tree: Tree): void {
  for (const place of hidden) removeBelow(tree, place, 'keep');
  for (const place of engineFiles) removeBelow(tree, place);
  const closed = new Set<BytePath>();
  for (const [path, node] of sortedNodes(tree)) {
    if (isWithin(path, ours)) {
      throw new SconeError('E_BASE', `the base holds ${encodePath(path)}, a place of sconectl's own`, {
        hint: 'Take the image that the program was built on as the base, not an image that sconectl made.',
      });
    }
    const inClosed = closed.has(parentOf(path));
    // Engines make the root themselves, so its mode keeps nobody out.
    if (node.type === 'dir' && path !== '/' && (inClosed || (node.mode & 0o001) === 0)) closed.add(path);
    if (node.type === 'file' && (inClosed || (node.mode & 0o004) === 0)) {
      if (!leftOut.test(path)) throw privateFile(path, node.mode);
      tree.delete(path);
      continue;
    }
    const mode = node.type === 'symlink' ? 0o777 : node.type === 'dir' || (node.mode & 0o111) !== 0 ? 0o755 : 0o644;
    const normal = { ...node, mode, uid: 0, gid: 0 };
    delete normal.xattrs;
    tree.set(path, normal);
  }
}

function privateFile(path: BytePath, mode: number): SconeError {
  return new SconeError('E_BASE', `the base keeps ${encodePath(path)} from everybody but its owner`, {
    expected: 'a file that everybody may read',
    found: (mode & 0o004) === 0 ? `mode ${mode.toString(8).padStart(4, '0')}` : 'a directory that others cannot enter',
    hint: 'Remove the file from the base, or make it readable there, if it is no secret.',
  });
}
