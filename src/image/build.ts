import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { utf8Text } from '../core/bytes.ts';
import type { Clock } from '../core/clock.ts';
import { sha256Hex } from '../core/digest.ts';
import type { Position, SconeError } from '../core/errors.ts';
import { descriptorBytes, type ServiceDescriptor } from '../manifest/descriptor.ts';
import type { ServiceManifest } from '../manifest/service.ts';
import { writeLayer } from '../oci/layer.ts';
import { pathOfText } from '../oci/path.ts';
import { type Entry, rootfsBytes, rootfsPath } from '../oci/rootfs.ts';
import { type Spool, withSpool } from '../oci/spool.ts';
import { descriptorPath, labels, openStore, runtimePath } from '../oci/store.ts';
import { storing } from '../oci/storing.ts';
import { resolvePath, sortedNodes } from '../oci/tree.ts';
import {
  type Assembly,
  checkByteCode,
  checkLinks,
  checkOwnPlace,
  joined,
  newAssembly,
  place,
  placeBytes,
  placeMountPoints,
} from './assembly.ts';
import { type BaseOptions, findBase, hostArchitecture, makeBase } from './base.ts';
import { makeTarget, recordBuilt } from './built.ts';
import { layerInStore } from './cache.ts';
import { checkInterpreter, findCommand } from './command.ts';
import { collectCopies } from './copy.ts';
import { putImage } from './document.ts';
import { groundEntries, groundMounts } from './ground.ts';
import { placeInjections } from './injection.ts';
import { located } from './located.ts';
import { checkLock, checkLockedBase, lockFile, lockOf, readLock, writeLock } from './lock.ts';
import { describeService, environmentMap, type Plan, planBuild } from './plan.ts';
import { slowly } from './progress.ts';
import { rootfsOf } from './protect.ts';
import { makeRuntime, type RuntimeLayer, type RuntimeOptions } from './runtime.ts';

export interface BuildOptions {
  manifest: ServiceManifest;
  /** Path of the service manifest; its lock file is beside it. */
  file: string;
  /** What `build.copy` and `build.from` are relative to: the folder of the manifest. */
  folder: string;
  /** `$SCONECTL_HOME`; the image goes into its `images/`. */
  home: string;
  /** Default `cache/` below `home`. */
  cache?: string;
  /** `target/`, where the digest is recorded. */
  target: string;
  tee: string;
  sources: {
    /** Folder of the runtime's Go module. */
    runtime: string;
  };
  /** Of sconectl. */
  version: string;
  /** Told what is being done, before each step that may take longer than a second. */
  progress: (text: string) => void;
  clock: Clock;
}

export interface BuiltService {
  /** Name of the image, with its tag. */
  image: string;
  /** Of the manifest, `sha256:<hex>`. */
  digest: string;
  /** SHA-256 of rootfs.json, hex. */
  rootfsDigest: string;
  descriptor: ServiceDescriptor;
  warnings: SconeError[];
}

/**
 * Builds the image of a service: no Docker daemon, no root, nothing of the image executed except the compilation of
 * byte code. Three layers: base and runtime come from the cache, only the third is new when the program changes.
 * The name in the store moves last, so an interrupted build changes nothing that anybody sees (threat model 60).
 */
export async function buildImage(options: BuildOptions): Promise<BuiltService> {
  return storing('the image', () => buildAndStore(options));
}

async function buildAndStore(options: BuildOptions): Promise<BuiltService> {
  const { manifest, file, folder, home, progress } = options;
  const plan = planBuild(manifest, options.tee);
  const cache = options.cache ?? join(home, 'cache');
  const store = await openStore(join(home, 'images'), 'create');
  await makeTarget(options.target);

  const lockPath = lockFile(file);
  const lock = await readLock(lockPath);
  if (lock !== undefined) checkLockedBase(lock, manifest.build.from, hostArchitecture(), lockPath);
  const abort = new AbortController();
  const { signal } = abort;
  const baseOptions: BaseOptions = { cache, clock: options.clock, progress, signal };
  const source = await located(manifest.locate('build', 'from'), () =>
    findBase(manifest.build.from, folder, lock?.base.packages, baseOptions),
  );
  const runtimeOptions: RuntimeOptions = {
    source: options.sources.runtime,
    cache,
    flavour: 'sim',
    architecture: hostArchitecture(),
    progress,
    signal,
  };
  const [base, runtime] = await both(
    abort,
    layerInStore(store.layout, () => makeBase(source, baseOptions)),
    layerInStore(store.layout, () => makeRuntime(runtimeOptions)),
  );
  const { sha256, go } = runtime;
  const newLock = lockOf(options.version, source, base.layer.diffId, { flavour: 'sim', go, sha256 });
  if (lock !== undefined) checkLock(lock, newLock, lockPath);

  return withSpool(store.layout.folder, async (spool) => {
    const assembly = newAssembly([...base.entries, ...runtimeEntries(runtime)]);
    placeMountPoints(assembly, groundEntries());
    const own = { target: options.target, home, cache, manifest: file };
    const copied = await placeCopies(assembly, manifest, plan, folder, await realPlaces(own), spool, progress);
    const injected = await located(manifest.locate('injection_files'), () =>
      placeInjections(assembly, manifest.injection_files),
    );
    await located(manifest.locate('build', 'copy'), () => checkLinks(assembly, copied.links));
    const env = environmentMap(base.env);
    await located(manifest.locate('build', 'command'), async () => {
      const program = findCommand(assembly, manifest.build.argv[0] ?? '', pathOfText(plan.pwd), env);
      await checkInterpreter(assembly, program, env);
    });

    const descriptor = describeService(manifest, plan, {
      version: options.version,
      runtimeSha256: runtime.sha256,
      env,
      injectionFiles: injected.files,
    });
    const service = descriptorBytes(descriptor);
    placeBytes(assembly, descriptorPath, service, 0o444);
    const ground = { mounts: groundMounts(), entries: groundEntries() };
    const list = rootfsBytes(rootfsOf(assembly, descriptor.user, ground));
    placeBytes(assembly, rootfsPath, list, 0o444);
    const rootfsDigest = sha256Hex(list);

    const top = await slowly(progress, 'packing the program', () =>
      writeLayer(store.layout, sortedNodes(assembly.top)),
    );
    const image = await putImage(store.layout, [base.layer, runtime.layer, top], {
      descriptor,
      architecture: source.architecture,
      labels: { [labels.service]: utf8Text(service), [labels.rootfs]: rootfsDigest },
    });
    if (lock === undefined) await storing(lockPath, () => writeLock(lockPath, newLock));
    await store.name(plan.name, image);
    await recordBuilt(options.target, plan.name, { digest: image.digest, rootfs: rootfsDigest });
    const warnings = [...copied.warnings, ...injected.warnings];
    return { image: plan.name, digest: image.digest, rootfsDigest, descriptor, warnings };
  });
}

/** Two results made at once. When one fails the other is stopped, and no program goes on behind the error. */
async function both<One, Two>(abort: AbortController, one: Promise<One>, two: Promise<Two>): Promise<[One, Two]> {
  try {
    return await Promise.all([one, two]);
  } catch (error) {
    abort.abort();
    await Promise.allSettled([one, two]);
    throw error;
  }
}

function runtimeEntries(runtime: RuntimeLayer): Entry[] {
  const directory: Pick<Entry, 'type' | 'mode' | 'uid' | 'gid'> = { type: 'dir', mode: '0755', uid: 0, gid: 0 };
  return [
    { path: '/opt', ...directory },
    { path: dirname(runtimePath), ...directory },
    { path: runtimePath, type: 'file', mode: '0755', uid: 0, gid: 0, size: runtime.size, sha256: runtime.sha256 },
  ];
}

async function placeCopies(
  assembly: Assembly,
  manifest: ServiceManifest,
  plan: Plan,
  folder: string,
  own: { target: string; home: string; cache: string; manifest: string },
  spool: Spool,
  progress: (text: string) => void,
): Promise<{ links: string[]; warnings: SconeError[] }> {
  const pwd = pathOfText(plan.pwd);
  await located(manifest.locate('build', 'pwd'), () => {
    checkOwnPlace(pwd, 'build.pwd');
    place(assembly, pwd, { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
  });
  const locate = (index: number): Position => manifest.locate('build', 'copy', index);
  const { copied, warnings } = await slowly(progress, 'copying the files of build.copy', () =>
    collectCopies(manifest.build.copy, folder, own, spool, locate),
  );
  const links: string[] = [];
  await located(manifest.locate('build', 'copy'), () => {
    for (const { path, node } of copied) {
      const inside = joined(pwd, path);
      checkOwnPlace(inside, 'an entry of build.copy');
      checkByteCode(assembly, resolvePath(assembly.places, inside));
      place(assembly, inside, node);
      if (node.type === 'symlink') links.push(inside);
    }
  });
  return { links, warnings };
}

/** The places that are never inputs, as the file system knows them. What does not exist holds nothing to withhold. */
async function realPlaces<Name extends string>(
  places: { [name in Name]: string },
): Promise<{ [name in Name]: string }> {
  const real = { ...places };
  for (const name in places) real[name] = pathOfText(await realpath(places[name]).catch(() => resolve(places[name])));
  return real;
}
