import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { lp, utf8 } from '../core/bytes.ts';
import { sha256, sha256Hex } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import { type Layer, writeLayer } from '../oci/layer.ts';
import type { Layout } from '../oci/layout.ts';
import { memoryFile } from '../oci/spool.ts';
import { runtimePath } from '../oci/store.ts';
import { unfinished } from '../oci/sweep.ts';
import { addNode, sortedNodes, Tree } from '../oci/tree.ts';
import { type Cached, cached } from './cache.ts';
import { lastLines, plainEnvironment, run } from './process.ts';

/** The compiled runtime as a layer of its own. */
export interface RuntimeLayer {
  layer: Layer;
  /** Of the binary, hex. */
  sha256: string;
  size: number;
  /** Of the compiler: `go1.26.8`. */
  go: string;
}

export interface RuntimeOptions {
  /** Folder of the Go module. */
  source: string;
  cache: string;
  flavour: 'sim';
  architecture: string;
  progress: (text: string) => void;
  /** Ends the compiler. */
  signal?: AbortSignal;
}

const oldestGo = [1, 24] as const;

/** The runtime for a flavour, from the cache or compiled now; same sources and compiler, same bytes. */
export async function makeRuntime(options: RuntimeOptions): Promise<Cached<RuntimeLayer>> {
  const go = await goVersion(options.cache);
  const key = await runtimeKey(options, go);
  return cached({ cache: options.cache, kind: 'runtime', key }, (layout, folder) =>
    newRuntime(options, folder, layout, go),
  );
}

async function newRuntime(options: RuntimeOptions, folder: string, layout: Layout, go: string): Promise<RuntimeLayer> {
  options.progress(`compiling the runtime with ${go}`);
  const tree = new Tree();
  const file = memoryFile(await compile(options, folder));
  addNode(tree, runtimePath, { type: 'file', mode: 0o755, uid: 0, gid: 0, ...file });
  const layer = await writeLayer(layout, sortedNodes(tree));
  return { layer, sha256: file.sha256, size: file.size, go };
}

/** The whole environment of the compiler: nothing of the machine's settings may reach the binary. */
function goEnvironment(cache: string): { [name: string]: string } {
  return {
    ...plainEnvironment(),
    GOENV: 'off',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    GOFLAGS: '-mod=mod',
    GOWORK: 'off',
    GOOS: 'linux',
    CGO_ENABLED: '0',
    GOCACHE: join(cache, 'go-build'),
    GOPATH: join(cache, 'go'),
    // Go counts what it does in files there, and gives that up where no folder can be.
    XDG_CONFIG_HOME: '/dev/null',
  };
}

async function goVersion(cache: string): Promise<string> {
  const hint = `Install Go ${oldestGo.join('.')} or newer, so that "go" is found in PATH.`;
  let said: string;
  try {
    said = (await run('go', ['env', 'GOVERSION'], { env: goEnvironment(cache) })).stdout.trim();
  } catch (error) {
    throw new SconeError('E_TOOL', 'the runtime of an image is compiled with Go, which is not installed', {
      cause: error,
      hint,
    });
  }
  const [, major = '0', minor = '0'] = /^go([0-9]+)\.([0-9]+)/.exec(said) ?? [];
  if (Number(major) < oldestGo[0] || (Number(major) === oldestGo[0] && Number(minor) < oldestGo[1])) {
    throw new SconeError('E_TOOL', 'the Go of this machine is too old for the runtime', {
      expected: `go${oldestGo.join('.')} or newer`,
      found: said,
      hint,
    });
  }
  return said;
}

/** Changes with everything that the binary depends on; tests of the module are not among it. */
async function runtimeKey(options: RuntimeOptions, go: string): Promise<string> {
  const { source, flavour, architecture } = options;
  const entries = await readdir(source, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new SconeError('E_TOOL', `the sources of the runtime are not in ${source}`, { cause: error });
  });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('_test.go'))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
    .sort((a, b) => Buffer.compare(utf8(a), utf8(b)));
  const parts: Uint8Array[] = [utf8(canonicalJson({ flavour, architecture, go, zlib: process.versions.zlib }))];
  for (const file of files) parts.push(lp(file), lp(sha256(await readFile(join(source, file)))));
  return sha256Hex(...parts);
}

async function compile(options: RuntimeOptions, folder: string): Promise<Uint8Array> {
  const scratch = await mkdtemp(join(folder, unfinished));
  try {
    const out = join(scratch, 'runtime');
    const tags = options.flavour === 'sim' ? ['-tags', 'sim'] : [];
    const said = await run(
      'go',
      ['build', ...tags, '-trimpath', '-buildvcs=false', '-ldflags', '-s -w -buildid=', '-o', out, '.'],
      {
        cwd: options.source,
        env: { ...goEnvironment(options.cache), GOARCH: options.architecture },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
    if (said.code !== 0) {
      throw new SconeError('E_TOOL', 'the runtime does not compile', { causes: lastLines(said.stderr, 12) });
    }
    return new Uint8Array(await readFile(out));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
