import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { base64 } from '../../src/core/bytes.ts';
import { configIdHex } from '../../src/initdata/document.ts';
import { type Place, result } from '../cli/sconectl.ts';
import type { Ended } from '../ground/bundle.ts';
import { tempFolder } from '../support/temp.ts';
import type { Report } from './listener.ts';
import type { Mesh } from './mesh.ts';

/** The parts of an OCI runtime configuration that are changed by hand. */
export interface BundleConfig {
  process: { args: string[]; env: string[]; cwd: string; user: object; terminal: boolean; rlimits?: object[] };
  root: { path: string; readonly: boolean };
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  linux: { namespaces: { type: string }[] };
}

/** A bundle in a folder of its own: the unpacked image, and what `runc spec` writes. */
export interface Bundle {
  folder: string;
  rootfs: string;
  /** Changes config.json. */
  edit: (change: (config: BundleConfig) => void) => void;
  /** `runc run`, to its end. */
  run: () => Promise<Ended>;
}

/** `sconectl image unpack` and `runc spec`, then the four changes of the how-to. */
export async function unpackedBundle(t: TestContext, place: Place, image: string, runc: string): Promise<Bundle> {
  const folder = tempFolder(t);
  await result(place, 'image', 'unpack', image, join(folder, 'rootfs'));
  execFileSync(runc, ['spec', '--bundle', folder]);
  const bundle = bundleIn(t, folder, runc);
  bundle.edit((config) => {
    config.process.args = ['/opt/scone/runtime'];
    config.process.user = { uid: 65532, gid: 65532 };
  });
  return bundle;
}

/** `umoci unpack` of the local store: entry point and user come from the image. */
export function umociBundle(
  t: TestContext,
  place: Place,
  image: string,
  tools: { runc: string; umoci: string },
): Bundle {
  const folder = join(tempFolder(t), 'bundle');
  execFileSync(tools.umoci, ['unpack', '--image', `${join(place.home, 'images')}:${image}`, folder], { stdio: 'pipe' });
  return bundleIn(t, folder, tools.runc);
}

function bundleIn(t: TestContext, folder: string, runc: string): Bundle {
  const file = join(folder, 'config.json');
  const edit: Bundle['edit'] = (change) => {
    const config = JSON.parse(readFileSync(file, 'utf8')) as BundleConfig;
    change(config);
    writeFileSync(file, JSON.stringify(config));
  };
  edit((config) => {
    config.process.terminal = false;
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
    config.mounts.push({
      destination: '/run/scone',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'uid=65532', 'gid=65532', 'mode=0700', 'size=16m'],
    });
  });
  let count = 0;
  return {
    folder,
    rootfs: join(folder, 'rootfs'),
    edit,
    run: async () => {
      const id = `sconectl-hand-${process.pid}-${folder.split('/').join('-')}-${count++}`;
      const state = join(folder, 'state');
      const child = spawn(runc, ['--root', state, 'run', '--bundle', folder, id], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.after(() => {
        if (existsSync(join(state, id))) execFileSync(runc, ['--root', state, 'delete', '--force', id]);
      });
      const ended: Ended = { code: null, stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
      const [code] = (await once(child, 'close')) as [number | null];
      return { ...ended, code };
    },
  };
}

/** The two variables of a start by hand, out of `target/initdata`. */
export function handVariables({ folder }: Place, target = 'target'): string[] {
  const initData = readFileSync(join(folder, target, 'initdata/reporter.toml'));
  const platform = readFileSync(join(folder, target, 'initdata/reporter.configid'), 'utf8').trim();
  if (platform !== configIdHex(initData)) throw new Error('target/initdata does not fit together');
  return [`SCONE_INITDATA=${base64(initData)}`, `SCONE_SIM_PLATFORM=${platform}`];
}

/** Runs a bundle whose program reports, lets it end with 7, and answers with the report. */
export async function reportOf({ listener }: Pick<Mesh, 'listener'>, bundle: Bundle): Promise<Report> {
  const gone = new AbortController();
  const running = bundle.run();
  const early = running.then((ended) => {
    gone.abort();
    throw new Error(`it ended with ${ended.code} without a report: ${ended.stderr}`);
  });
  const report = await Promise.race([listener.next(gone.signal), early]);
  early.catch(() => undefined);
  await report.tell('exit 7');
  const { code, stderr } = await running;
  if (code !== 7) throw new Error(`the program ended with ${code}: ${stderr}`);
  return report;
}
