import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { type BytePath, pathOfText } from '../oci/path.ts';
import type { Spool } from '../oci/spool.ts';
import { addNode, resolvePath, type Tree } from '../oci/tree.ts';
import { writeTree } from '../oci/unpack.ts';
import { lastLines, run } from './process.ts';

const loaders: { readonly [architecture: string]: string } = {
  amd64: '/lib64/ld-linux-x86-64.so.2',
  arm64: '/lib/ld-linux-aarch64.so.1',
};
const triplets: { readonly [architecture: string]: string } = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

/**
 * Compiles the modules of the base with its own Python, started through its own loader, and adds the byte code to the
 * tree: 0.17 s less at every start. Nothing else of an image is ever executed.
 *
 * The bytes must be the same everywhere: `unchecked-hash` puts no time into them, one process keeps the order, and
 * `-I -S -X utf8` with a fixed environment keeps the machine's modules, variables and locale out. `scratch` is an empty
 * folder.
 */
export async function addByteCode(
  tree: Tree,
  spool: Pick<Spool, 'append'>,
  scratch: string,
  architecture: string,
  signal?: AbortSignal,
): Promise<void> {
  const python = resolvePath(tree, '/usr/bin/python3');
  const version = /\/python(3\.[0-9]+)$/.exec(python)?.[1];
  const loader = loaders[architecture];
  const triplet = triplets[architecture];
  if (version === undefined || tree.get(python)?.type !== 'file' || loader === undefined || triplet === undefined) {
    throw new SconeError('E_BASE', 'the base has no Python that could compile its modules', {
      expected: `/usr/bin/python3 for ${architecture}`,
      found: python,
    });
  }
  writeTree(tree, scratch, 'caller');
  const libraries = ['/lib', '/usr/lib'].map((folder) => join(scratch, folder, triplet)).join(':');
  const modules = [`/usr/lib/python${version}`, '/usr/lib/python3/dist-packages'].filter((path) => tree.has(path));
  const interpreter = ['--inhibit-cache', '--library-path', libraries, join(scratch, python)];
  const isolation = ['-I', '-S', '-B', '-X', 'utf8', '-m', 'compileall', '-q', '-f', '-j', '1'];
  const form = ['--invalidation-mode', 'unchecked-hash', '-s', scratch, '-p', '/'];
  const said = await run(
    join(scratch, resolvePath(tree, loader)),
    [...interpreter, ...isolation, ...form, ...modules.map((path) => join(scratch, path))],
    { cwd: '/', env: { LC_ALL: 'C.UTF-8', PATH: '/nonexistent' }, ...(signal === undefined ? {} : { signal }) },
  );
  if (said.code !== 0) {
    throw new SconeError('E_BASE', 'the modules of the base cannot be compiled', {
      causes: lastLines(`${said.stdout}${said.stderr}`),
    });
  }
  for (const path of modules) await takeByteCode(tree, spool, scratch, path);
}

async function takeByteCode(tree: Tree, spool: Pick<Spool, 'append'>, scratch: string, path: BytePath): Promise<void> {
  const entries = await readdir(join(scratch, path), { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith('.pyc') || !entry.parentPath.endsWith('/__pycache__')) continue;
    const place = join(entry.parentPath, entry.name);
    const file = await spool.append([await readFile(place)]);
    const inside = pathOfText(place.slice(scratch.length));
    addNode(tree, inside, { type: 'file', mode: 0o644, uid: 0, gid: 0, ...file });
  }
}
