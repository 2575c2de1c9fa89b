import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { SconeError } from '../core/errors.ts';
import { applyArchive } from '../oci/apply.ts';
import type { BytePath } from '../oci/path.ts';
import { memoryFile, type Spool } from '../oci/spool.ts';
import { addNode, Tree } from '../oci/tree.ts';
import { untar } from '../oci/untar.ts';
import type { Package } from './apt.ts';
import { output, plainEnvironment } from './process.ts';

/** What a Python program needs: the packages whose dependencies make the base. */
export const pythonRoots = ['base-files', 'ca-certificates', 'libc-bin', 'python3', 'tzdata'] as const;

/** Where merged /usr puts what packages of bookworm still ship below the old names. */
const mergedUsr = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin'] as const;

/**
 * Left out: manuals, translations, what packaging tools read, duplicates of time zones, Python's tests of itself, what
 * makes locales and zones, and the character sets that Debian 13 has in a package of their own. Each byte of a base is
 * verified at every start. The copyright files stay, since the licences ask for them.
 */
const leftOut: readonly RegExp[] = [
  /^\/usr\/share\/(?:man|info|locale|lintian|bug|doc-base|menu|pixmaps|applications|groff|gdb|bash-completion|debconf)(?:\/|$)/,
  /^\/usr\/share\/zoneinfo\/(?:posix|right)(?:\/|$)/,
  /^\/(?:usr\/)?lib\/systemd(?:\/|$)/,
  /^\/usr\/lib\/python3\.[0-9]+\/test(?:\/|$)/,
  /^\/usr\/s?bin\/(?:iconvconfig|localedef|pldd|zic)$/,
  // Without the cache and the list of the others, glibc reads the list of those that stay.
  /\/gconv\/(?:gconv-modules\.(?:cache|d)(?:\/|$)|(?!(?:ANSI_X3\.110|CP1252|ISO8859-15?|UNICODE|UTF-(?:7|16|32))\.so$)[^/]+\.so$)/,
  /^\/usr\/share\/doc\/[^/]+\/(?!copyright$)/,
];

/**
 * The file system that the packages make, unpacked one after the other in the order of their names. No maintainer
 * script runs. `files` has a .deb for each package, which is compared with its SHA-256 once more.
 */
export async function debianTree(
  packages: readonly Package[],
  files: ReadonlyMap<string, string>,
  spool: Pick<Spool, 'append'>,
): Promise<Tree> {
  const tree = new Tree([['/', { type: 'dir', mode: 0o755, uid: 0, gid: 0 }]]);
  for (const name of mergedUsr) {
    addNode(tree, `/usr/${name}`, { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
    addNode(tree, `/${name}`, { type: 'symlink', target: `usr/${name}`, mode: 0o777, uid: 0, gid: 0 });
  }
  for (const item of packages) {
    const file = files.get(item.name);
    if (file === undefined) throw new SconeError('E_INTERNAL', `the package ${item.name} was not fetched`);
    await checkDeb(item, file);
    const archive = output('dpkg-deb', ['--fsys-tarfile', file], { env: plainEnvironment() });
    await applyArchive(tree, untar(archive), { spool, kind: 'package', skip: isLeftOut });
    const control = await collect(output('dpkg-deb', ['--field', file], { env: plainEnvironment() }));
    addNode(tree, `/var/lib/dpkg/status.d/${item.name}`, {
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      ...memoryFile(control),
    });
  }
  for (const name of mergedUsr) if (isEmpty(tree, `/usr/${name}`)) removeMerged(tree, name);
  return tree;
}

function isLeftOut(path: BytePath): boolean {
  return leftOut.some((form) => form.test(path));
}

function isEmpty(tree: Tree, directory: BytePath): boolean {
  for (const path of tree.keys()) if (path.startsWith(`${directory}/`)) return false;
  return true;
}

function removeMerged(tree: Tree, name: string): void {
  tree.delete(`/usr/${name}`);
  tree.delete(`/${name}`);
}

async function checkDeb(item: Package, file: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file) as AsyncIterable<Buffer>) hash.update(part);
  const found = hash.digest('hex');
  if (found === item.sha256) return;
  throw new SconeError('E_APT', `the cached package ${item.name} is damaged`, {
    expected: item.sha256,
    found,
    hint: `Remove ${file} and try again.`,
  });
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(Buffer.concat(all));
}
