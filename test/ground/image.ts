import { chmod, chown, lchown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hex, utf8 } from '../../src/core/bytes.ts';
import { keyHash, sha256 } from '../../src/core/digest.ts';
import { type Assembly, newAssembly, place, placeBytes, placeMountPoints } from '../../src/image/assembly.ts';
import { groundEntries, groundMounts } from '../../src/image/ground.ts';
import { rootfsOf } from '../../src/image/protect.ts';
import { configIdHex, renderInitData } from '../../src/initdata/document.ts';
import { pathBytes } from '../../src/oci/path.ts';
import { rootfsBytes } from '../../src/oci/rootfs.ts';
import { sortedNodes } from '../../src/oci/tree.ts';

/** The user that images run as. */
export const user = { uid: 65532, gid: 65532 };

/** A root file system on disk that the runtime accepts, and the init data that belongs to it. */
export interface SmallImage {
  /** The folder that becomes `/`. */
  root: string;
  rootfsDigest: Uint8Array;
  initData: Uint8Array;
  /** 128 hex digits, for `SCONE_SIM_PLATFORM`. */
  configId: string;
}

/** The key of a CAS that does not exist. */
export const nobody = keyHash(sha256(utf8('the key of no CAS')), 'simulation');

export interface ImageOptions {
  /** Contents of /python/print_env.py: another text is another version of the image. */
  program?: string;
  /** Key hashes and address in init data; nobody listens at the default. */
  casKeys?: string[];
  casUrl?: string;
  /** Puts more into the image. */
  extend?: (assembly: Assembly) => void;
}

/** A name that is no UTF-8: the byte 0xff between letters. */
export const oddName = '/usr/share/na\xffme';

/**
 * Writes a small image: the runtime, a descriptor, users, a program, a library, a link, and every mount point. Nothing
 * in it could run but the runtime, since the ground is judged before anything runs.
 */
export async function writeImage(root: string, runtime: Uint8Array, options: ImageOptions = {}): Promise<SmallImage> {
  const assembly = newAssembly([{ path: '/', type: 'dir', mode: '0755', uid: 0, gid: 0 }]);
  const file = (path: string, text: string, mode = 0o644) => placeBytes(assembly, path, utf8(text), mode);
  placeBytes(assembly, '/opt/scone/runtime', runtime, 0o755);
  file('/opt/scone/service.json', '{"v":1}\n', 0o444);
  file('/etc/passwd', 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/tmp:/sbin/nologin\n');
  file('/etc/group', 'root:x:0:\nnonroot:x:65532:\n');
  file('/python/print_env.py', options.program ?? 'import os\nprint(os.environ["API_USER"])\n');
  file('/usr/lib/python3/dist-packages/module.py', 'x = 1\n');
  file('/usr/bin/tool', '#!/bin/false\n', 0o755);
  file(oddName, '');
  place(assembly, '/bin', { type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: 'usr/bin' });
  options.extend?.(assembly);
  placeMountPoints(assembly, groundEntries());
  const list = rootfsBytes(rootfsOf(assembly, user, { mounts: groundMounts(), entries: groundEntries() }));

  await mkdir(root, { mode: 0o755 });
  for (const [path, node] of sortedNodes(assembly.top)) {
    const at = Buffer.concat([Buffer.from(root), pathBytes(path)]);
    if (node.type === 'symlink') {
      await symlink(Buffer.from(node.target, 'latin1'), at);
      await lchown(at, node.uid, node.gid);
      continue;
    }
    if (node.type === 'dir') await mkdir(at, { recursive: true });
    else await writeFile(at, node.content as Uint8Array);
    await chown(at, node.uid, node.gid);
    await chmod(at, node.mode);
  }
  const listPath = join(root, 'opt/scone/rootfs.json');
  await writeFile(listPath, list);
  await chmod(listPath, 0o444);
  await chmod(root, 0o755);

  const rootfsDigest = sha256(list);
  const initData = renderInitData({
    mode: 'service',
    cas_url: options.casUrl ?? '127.0.0.1:1',
    cas_key: options.casKeys ?? [nobody],
    config_id: 'ground/test/python3',
    rootfs: hex(rootfsDigest),
  });
  return { root, rootfsDigest, initData, configId: configIdHex(initData) };
}

/** The bytes of a compiled runtime. */
export async function readRuntime(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path));
}
