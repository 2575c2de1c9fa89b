import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { base64 } from '../../src/core/bytes.ts';
import type { Engine, OciMount } from './engines.ts';
import { type SmallImage, user } from './image.ts';

export interface Start {
  engine: Engine;
  /** Variables of the container besides PATH; init data and platform of the image unless given. */
  env?: { [name: string]: string };
  args?: string[];
  cwd?: string;
  user?: { uid: number; gid: number };
  rlimits?: { type: string; soft: number; hard: number }[];
  /** Mounts besides the engine's own. */
  mounts?: OciMount[];
  /** The machine's network instead of none. */
  network?: 'host';
  /** Shell commands before the start, in a mount namespace that ends with it. */
  before?: string;
  /** Changes the rest of the runtime configuration. */
  edit?: (config: RuntimeConfig) => void;
  /** Words before `runc`: a program that starts it with settings that are inherited. */
  wrap?: string[];
  /** Called with the process id of the runtime while it runs. */
  whileRunning?: (pid: number) => Promise<void>;
}

/** The parts of an OCI runtime configuration that tests change. */
export interface RuntimeConfig {
  process: { [name: string]: unknown };
  mounts: OciMount[];
  linux: { namespaces: { type: string }[]; [name: string]: unknown };
  [name: string]: unknown;
}

export interface Ended {
  code: number | null;
  stderr: string;
  stdout: string;
}

/** What an image is started with, as `run`, the chart and a start by hand state it. */
export function variables(image: SmallImage): { [name: string]: string } {
  return { SCONE_INITDATA: base64(image.initData), SCONE_SIM_PLATFORM: image.configId };
}

/** Starts the image under runc as the engine would, and waits for its end. The folder becomes the bundle. */
export async function start(runc: string, folder: string, image: SmallImage, options: Start): Promise<Ended> {
  const { engine } = options;
  await addExtras(image, engine);
  await mkdir(folder, { recursive: true });
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...(options.env ?? variables(image)) };
  const config: RuntimeConfig = {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: options.user ?? user,
      args: ['/opt/scone/runtime', ...(options.args ?? [])],
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      cwd: options.cwd ?? '/',
      capabilities: {},
      noNewPrivileges: true,
      ...(options.rlimits === undefined ? {} : { rlimits: options.rlimits }),
    },
    root: { path: image.root, readonly: engine.readonlyRoot ?? false },
    hostname: 'ground',
    mounts: [...engine.mounts, ...(options.mounts ?? [])],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', ...(options.network === 'host' ? [] : ['network'])].map((type) => ({
        type,
      })),
      maskedPaths: engine.maskedPaths,
      readonlyPaths: engine.readonlyPaths,
    },
  };
  options.edit?.(config);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const id = `sconectl-ground-${process.pid}-${randomBytes(4).toString('hex')}`;
  const pidFile = join(folder, 'pid');
  const run = [
    ...(options.wrap ?? []),
    runc,
    '--root',
    join(folder, 'state'),
    'run',
    '--bundle',
    folder,
    '--pid-file',
    pidFile,
    id,
  ];
  const script = `${options.before ?? ':'} && exec "$@"`;
  const ended = collect('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...run]);
  if (options.whileRunning !== undefined) await options.whileRunning(await readPid(pidFile));
  return await ended;
}

async function readPid(file: string): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return Number(text);
    await sleep(10);
  }
  throw new Error('runc started nothing');
}

async function addExtras(image: SmallImage, engine: Engine): Promise<void> {
  for (const { path, mode, target } of engine.extras) {
    if (target !== undefined) await symlink(target, join(image.root, path));
    else await writeFile(join(image.root, path), '', { mode: mode ?? 0o755 });
  }
  if (engine.rootMode !== undefined) await chmod(image.root, engine.rootMode);
}

/** Runs a program to its end and keeps what it wrote. */
async function collect(program: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (part: Buffer) => {
    ended.stdout += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    ended.stderr += part.toString();
  });
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}
