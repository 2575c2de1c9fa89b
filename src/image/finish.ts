import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type BytePath, isWithin, pathOfText } from '../oci/path.ts';
import { memoryFile, readContent } from '../oci/spool.ts';
import { addNode, removeBelow, sortedNodes, type Tree } from '../oci/tree.ts';

/** The user that a program runs as unless its manifest says otherwise. */
export const nonroot = 65532;

/**
 * What maintainer scripts and an installer would have made, with fixed content: users, name service, the certificate
 * bundle, the time zone. Host name, hosts and resolv.conf are mount points and come with those.
 */
export async function finishDebian(tree: Tree): Promise<void> {
  const texts: readonly [BytePath, string][] = [
    [
      '/etc/passwd',
      'root:x:0:0:root:/root:/usr/sbin/nologin\n' +
        `nonroot:x:${nonroot}:${nonroot}:nonroot:/tmp:/usr/sbin/nologin\n` +
        'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
    ],
    ['/etc/group', `root:x:0:\nnonroot:x:${nonroot}:\nnogroup:x:65534:\n`],
    [
      '/etc/nsswitch.conf',
      'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n' +
        'protocols: files\nservices: files\nethers: files\nrpc: files\n',
    ],
    ['/etc/timezone', 'Etc/UTC\n'],
  ];
  for (const [path, text] of texts) putFile(tree, path, utf8(text));
  putFile(tree, '/etc/ssl/certs/ca-certificates.crt', await certificateBundle(tree));
  putLink(tree, '/etc/localtime', '/usr/share/zoneinfo/Etc/UTC');
  putLink(tree, '/var/run', '/run');
  putLink(tree, '/var/lock', '/run/lock');
  // Where Debian's libssl looks when a program names no file.
  putLink(tree, '/usr/lib/ssl/cert.pem', '/etc/ssl/certs/ca-certificates.crt');
  putLink(tree, '/usr/lib/ssl/certs', '/etc/ssl/certs');
  // The single certificates are in the bundle; what is left of the package tells how to make it.
  removeBelow(tree, '/usr/share/ca-certificates');
  removeBelow(tree, '/etc/ca-certificates');
}

/** As update-ca-certificates does: one behind the other in the order of their names, by bytes. */
async function certificateBundle(tree: Tree): Promise<Uint8Array> {
  const folder = '/usr/share/ca-certificates/mozilla';
  const parts: Uint8Array[] = [];
  for (const [path, node] of sortedNodes(tree)) {
    if (node.type !== 'file' || !isWithin(path, folder) || !path.endsWith('.crt')) continue;
    const start = parts.length;
    for await (const part of readContent(node.content, node.size)) parts.push(part);
    if (parts.slice(start).at(-1)?.at(-1) !== 0x0a) parts.push(utf8('\n'));
  }
  if (parts.length < 10) {
    throw new SconeError('E_BASE', 'the packages bring no certificates', { expected: `files *.crt in ${folder}` });
  }
  return new Uint8Array(Buffer.concat(parts));
}

function putFile(tree: Tree, path: BytePath, bytes: Uint8Array): void {
  addNode(tree, path, { type: 'file', mode: 0o644, uid: 0, gid: 0, ...memoryFile(bytes) });
}

function putLink(tree: Tree, path: BytePath, target: string): void {
  if (tree.get(path)?.type === 'dir') removeBelow(tree, path);
  addNode(tree, path, { type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: pathOfText(target) });
}
