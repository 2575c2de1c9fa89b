import { SconeError } from '../core/errors.ts';
import { type BytePath, encodePath, isWithin } from '../oci/path.ts';
import { removeBelow, sortedNodes, type Tree } from '../oci/tree.ts';

/** Places that engines mount over. What a base has there would be hidden, and the runtime wants them empty. */
const hidden = ['/dev', '/proc', '/run', '/sys', '/tmp', '/var/tmp'] as const;
/** Files that belong to the engine; the image has empty ones instead. */
const engineFiles = ['/.dockerenv', '/etc/hostname', '/etc/hosts', '/etc/mtab', '/etc/resolv.conf'] as const;
const ours = '/opt/scone';

/**
 * Brings a base into the one form of our images (conventions.md, rootfs.json): everything belongs to root, modes are
 * 0755 or 0644 by the executable bit, no setuid bits, no extended attributes, nothing where engines mount.
 *
 * A file that its owner keeps from others is an `E_BASE`: opening it to all would be a decision that its package did
 * not take, and the program, which is not root, could not read it otherwise.
 */
export function normaliseBase(tree: Tree): void {
  for (const place of hidden) removeBelow(tree, place, 'keep');
  for (const place of engineFiles) removeBelow(tree, place);
  for (const [path, node] of sortedNodes(tree)) {
    if (isWithin(path, ours)) {
      throw new SconeError('E_BASE', `the base holds ${encodePath(path)}, a place of sconectl's own`, {
        hint: 'Take the image that the program was built on as the base, not an image that sconectl made.',
      });
    }
    if (node.type === 'file' && (node.mode & 0o004) === 0) throw privateFile(path, node.mode);
    const mode = node.type === 'symlink' ? 0o777 : node.type === 'dir' || (node.mode & 0o111) !== 0 ? 0o755 : 0o644;
    const normal = { ...node, mode, uid: 0, gid: 0 };
    delete normal.xattrs;
    tree.set(path, normal);
  }
}

function privateFile(path: BytePath, mode: number): SconeError {
  return new SconeError('E_BASE', `the base keeps ${encodePath(path)} from everybody but its owner`, {
    expected: 'a file that everybody may read',
    found: `mode ${mode.toString(8).padStart(4, '0')}`,
    hint: 'Remove the file from the base, or make it readable there, if it is no secret.',
  });
}
