import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../core/bytes.ts';
import type { Clock } from '../core/clock.ts';
import { sha256Hex } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import { type Layer, readTree, writeLayer } from '../oci/layer.ts';
import type { Layout } from '../oci/layout.ts';
import { type Entry, entriesOf } from '../oci/rootfs.ts';
import { type Spool, withSpool } from '../oci/spool.ts';
import { unfinished } from '../oci/sweep.ts';
import { sortedNodes, type Tree } from '../oci/tree.ts';
import { openApt, type Package } from './apt.ts';
import { addByteCode } from './bytecode.ts';
import { type Cached, cached } from './cache.ts';
import { debianTree, pythonRoots } from './debian.ts';
import { finishDebian } from './finish.ts';
import { findLayoutImage, type LayoutImage } from './foreign.ts';
import { normaliseBase } from './normal.ts';

/**
 * Part of every key: a change of what the code makes of the same packages must change it, or caches would give old
 * bases. A test beside debian.ts holds the digest that this number stands for.
 */
const recipe = 2;

/** What a base is made of; enough to make it again, and what the lock file says about it. */
export type BaseSource =
  | { from: string; architecture: string; packages: readonly Package[] }
  | { from: string; architecture: string; image: LayoutImage };

/** A finished base: one layer, and the list of what is in it. */
export interface Base {
  layer: Layer;
  entries: Entry[];
  /** The image's own variables, `NAME=value`. */
  env: string[];
}

export interface BaseOptions {
  cache: string;
  clock: Clock;
  progress: (text: string) => void;
  /** Ends the programs that are at work. */
  signal?: AbortSignal;
}

const debianEnv = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'];

/** Debian's name of the architecture that this process runs on. */
export function hostArchitecture(): string {
  const names: { readonly [name: string]: string } = { x64: 'amd64', arm64: 'arm64' };
  const name = names[process.arch];
  if (name === undefined) throw new SconeError('E_NOT_YET', `images cannot be built on ${process.arch} yet`);
  return name;
}

/**
 * Finds out what `build.from` means: `debian:bookworm` is a set of packages, which the lock file may give; a path is
 * an OCI layout beside the manifest.
 */
export async function findBase(
  from: string,
  folder: string,
  locked: readonly Package[] | undefined,
  options: BaseOptions,
): Promise<BaseSource> {
  const architecture = hostArchitecture();
  if (from === 'debian:bookworm') {
    const packages = locked ?? (await debianApt(options, architecture).resolve(pythonRoots));
    return { from, architecture, packages };
  }
  return { from, architecture, image: await findLayoutImage(from, folder, architecture) };
}

/** The base, from the cache or made now. */
export async function makeBase(source: BaseSource, options: BaseOptions): Promise<Cached<Base>> {
  return cached({ cache: options.cache, kind: 'bases', key: baseKey(source) }, (layout, folder) =>
    newBase(source, options, layout, folder),
  );
}

async function newBase(source: BaseSource, options: BaseOptions, layout: Layout, folder: string): Promise<Base> {
  return withSpool(folder, async (spool) => {
    const { tree, env } = await baseTree(source, spool, folder, options);
    options.progress('packing the base');
    const layer = await writeLayer(layout, sortedNodes(tree));
    return { layer, entries: entriesOf(tree), env };
  });
}

async function baseTree(
  source: BaseSource,
  spool: Spool,
  folder: string,
  options: BaseOptions,
): Promise<{ tree: Tree; env: string[] }> {
  if ('image' in source) {
    options.progress(`reading the base ${source.from}`);
    const tree = await readTree(source.image.layout, source.image, spool, 'layer');
    normaliseBase(tree);
    return { tree, env: source.image.config.config.Env ?? [] };
  }
  const files = await debianApt(options, source.architecture).fetch(source.packages);
  options.progress(`unpacking ${source.packages.length} Debian packages`);
  const tree = await debianTree(source.packages, files, spool);
  await finishDebian(tree);
  normaliseBase(tree);
  options.progress("compiling the modules of the base's Python");
  const root = await mkdtemp(join(folder, unfinished));
  try {
    await addByteCode(tree, spool, root, source.architecture, options.signal);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return { tree, env: debianEnv };
}

function debianApt(options: BaseOptions, architecture: string): ReturnType<typeof openApt> {
  return openApt({ ...options, release: 'bookworm', architecture });
}

function baseKey(source: BaseSource): string {
  const inputs =
    'image' in source
      ? { image: source.image.digest }
      : {
          packages: source.packages.map(({ name, version, architecture, sha256 }) => [
            name,
            version,
            architecture,
            sha256,
          ]),
        };
  const zlib = process.versions.zlib;
  return sha256Hex(utf8(canonicalJson({ recipe, zlib, architecture: source.architecture, ...inputs })));
}
