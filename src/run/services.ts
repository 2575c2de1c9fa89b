import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { base64 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { configIdHex } from '../initdata/document.ts';
import type { Store } from '../oci/store.ts';
import { storing } from '../oci/storing.ts';
import { type Container, startContainer } from './container.ts';
import { type Keeper, startKeeper } from './keeping.ts';
import { imagesInUse, keepInUse, stateOf, sweep } from './leftovers.ts';
import { machineNames } from './network.ts';
import { unpackedImage } from './rootfs.ts';

/** One service of an applied mesh. */
export interface RunService {
  /** Name in the Meshfile. */
  name: string;
  initData: Uint8Array;
  /** `sha256:<hex>` of the image's manifest. */
  digest: string;
}

/** Why the others are stopped. */
export interface Failure {
  service: string;
  /** `undefined`: it could not be started at all. */
  code: number | undefined;
}

export interface RunOptions {
  services: readonly RunService[];
  store: Store;
  /** Path of runc or crun. */
  tool: string;
  /** Where unpacked images and the containers' folders lie. */
  folder: string;
  /** Documented variables of the runtime that the caller sets, besides init data: SCONE_CAS_ADDR, SCONE_LOG. */
  environment: { readonly [name: string]: string };
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number;
  /** Stops everything when it is aborted. */
  signal: AbortSignal;
  onStart: (service: string) => void;
  onLine: (service: string, stream: 'stdout' | 'stderr', line: string) => void;
  onExit: (service: string, code: number) => void;
  /** Services are stopped because another failed; not when it was the signal that stops them. */
  onStop: (services: readonly string[], since: Failure) => void;
  /** What the user should know although the services run on. */
  onWarning: (warning: SconeError) => void;
}

/**
 * Runs services until all have ended; the first that fails, and the signal, stop the others. Answers the exit code:
 * that of the first service that did not end with 0, else 0. Nothing is left on the machine, whatever happened; when we
 * are killed, nothing is left a few seconds later.
 *
 * @throws SconeError `E_RUN`, `E_TOOL` and what the store throws
 */
export async function runServices(options: RunOptions): Promise<number> {
  const { folder, tool, onWarning } = options;
  const run = `sconectl-${process.pid}-${randomBytes(3).toString('hex')}`;
  const keeper = await startKeeper(run, onWarning);
  try {
    await storing(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
    await sweep(folder, tool);
    return await runAll(options, keeper, run);
  } finally {
    await keeper.end();
  }
}

async function runAll(options: RunOptions, keeper: Keeper, run: string): Promise<number> {
  const { services, grace, signal } = options;
  const running = new Map<string, Container>();
  const codes: number[] = [];
  const problems: unknown[] = [];
  let stopping: Promise<unknown> | undefined;
  let failure: Failure | undefined;
  const stopAll = (): void => {
    stopping ??= Promise.all([...running.values()].map((container) => container.stop(grace)));
  };
  const fail = (service: string, code?: number): void => {
    if (stopping === undefined) {
      failure = { service, code };
      if (running.size > 0) options.onStop([...running.keys()], failure);
    }
    stopAll();
  };
  const watch = async (name: string, container: Container): Promise<void> => {
    try {
      const code = await container.ended.finally(() => running.delete(name));
      codes.push(code);
      options.onExit(name, code);
      if (code !== 0) fail(name, code);
    } catch (error) {
      problems.push(error);
      fail(name);
    }
  };
  signal.addEventListener('abort', stopAll);
  const watched: Promise<void>[] = [];
  for (const [index, service] of services.entries()) {
    if (signal.aborted || stopping !== undefined) break;
    try {
      const container = await start(options, keeper, service, `${run}-${index}`);
      running.set(service.name, container);
      options.onStart(service.name);
      watched.push(watch(service.name, container));
      // Asked to stop while this one was being started: it was not among those that were stopped.
      if (signal.aborted || stopping !== undefined) {
        if (failure !== undefined) options.onStop([service.name], failure);
        await container.stop(grace);
      }
    } catch (error) {
      problems.push(error);
      fail(service.name);
    }
  }
  await Promise.all(watched);
  await stopping;
  signal.removeEventListener('abort', stopAll);
  if (problems.length > 0) throw problems[0];
  return codes.find((code) => code !== 0) ?? 0;
}

/** "server ended with 101". */
export function failureText({ service, code }: Failure): string {
  return code === undefined ? `${service} could not be started` : `${service} ended with ${code}`;
}

/** The user of an image's configuration; nothing where it has not the form that we write. Throws `E_IMAGE` for root. */
export function userOf(service: string, text: string): { uid: number; gid: number } | undefined {
  const [, uid, gid] = /^([0-9]{1,10}):([0-9]{1,10})$/.exec(text) ?? [];
  if (uid === undefined || gid === undefined) return undefined;
  if (Number(uid) !== 0) return { uid: Number(uid), gid: Number(gid) };
  throw new SconeError('E_IMAGE', `the image of ${service} runs as root, and no service does`, {
    expected: 'a user other than 0',
    found: text,
    hint: 'take build.user out of its service manifest, or name another user, and build it again',
  });
}

async function start(options: RunOptions, keeper: Keeper, service: RunService, id: string): Promise<Container> {
  const { store, folder, tool, environment, onLine } = options;
  const image = await store.resolve(`local@${service.digest}`);
  const { Entrypoint: entrypoint, User: text = '' } = image?.config.config ?? {};
  const user = userOf(service.name, text);
  if (image === undefined || entrypoint === undefined || user === undefined) {
    throw new SconeError('E_IMAGE', `the image of ${service.name} is not in the local store, or not one of ours`, {
      found: service.digest,
      hint: 'apply its service manifest and the Meshfile again',
    });
  }
  const own = join(folder, id);
  const over = (): void => keeper.over(id);
  await keeper.keep({ tool, state: stateOf(own), id, folder: own });
  try {
    await keepInUse(own, service.digest);
    const rootfs = await unpackedImage(store, service.digest, join(folder, 'images'), await imagesInUse(folder));
    const container = await startContainer({
      tool,
      folder: own,
      id,
      rootfs,
      entrypoint,
      user,
      hostname: hostnameOf(service.name),
      environment: {
        ...environment,
        SCONE_INITDATA: base64(service.initData),
        SCONE_SIM_PLATFORM: configIdHex(service.initData),
      },
      ...(await machineNames()),
      onLine: (stream, line) => onLine(service.name, stream, line),
    });
    void container.ended.then(over, over);
    return container;
  } catch (error) {
    await rm(own, { recursive: true, force: true });
    over();
    throw error;
  }
}

/** A host name as RFC 1123 allows it. */
function hostnameOf(service: string): string {
  const label = service
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return label === '' ? 'service' : label;
}
