import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/environment.ts';
import { bringTools } from '../scripts/tools.ts';
import { base64, fromHex } from '../src/core/bytes.ts';
import { configIdHex } from '../src/initdata/document.ts';
import { openStore } from '../src/oci/store.ts';
import { bundleConfig } from '../src/run/bundle.ts';
import { copySources } from '../test/e2e/projects.ts';
import { freshHome } from '../test/support/home.ts';
import { tempFolder } from '../test/support/temp.ts';
import { tool } from '../test/support/tools.ts';
import { benchCas, uploadService } from './cas.ts';
import type { Scope } from './scope.ts';
import type { Subject } from './subject.ts';
import { median, type Program, runInTurns, runOnce } from './timing.ts';

const warmRuns = 21;
const coldRuns = 5;
const program = ['/usr/bin/python3', '-c', 'pass'];
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };

/**
 * The same Python image started by runc with Python as its entry point, and with the runtime, which verifies the
 * ground, attests to a real CAS on loopback, and then executes Python.
 */
export const start: Subject = async ({ scope, row, say }) => {
  if (process.getuid?.() !== 0) throw new Error('containers are started with runc, as root');
  await bringTools(['runc'], say);
  const runc = tool('runc')?.path ?? 'runc';
  const { rootfs, digest, runtimeSha256 } = await unpackedExample(scope);
  const bench = await benchCas(scope);
  const initData = await uploadService(bench, {
    configId: 'bench/start/python',
    runtimeSha256: fromHex(runtimeSha256, 32, 'runtime'),
    rootfs: digest,
    command: program,
    environment,
  });
  const attested = {
    SCONE_INITDATA: base64(initData),
    SCONE_SIM_PLATFORM: configIdHex(initData),
    SCONE_CAS_ADDR: `127.0.0.1:${bench.cas.service.port}`,
  };
  const programs = {
    plain: container(scope, runc, rootfs, program, environment),
    runtime: container(scope, runc, rootfs, ['/opt/scone/runtime'], attested),
  };
  const warm = runInTurns(warmRuns, programs);
  const base = median(warm.plain.wall);
  const floor = { name: 'runc with python3 as entry point', value: base };
  const note = `processor ${warm.runtime.cpu.toFixed(0)} ms against ${warm.plain.cpu.toFixed(0)} ms`;
  row({ name: 'start to end, warm', value: median(warm.runtime.wall), unit: 'ms', floor, note });
  row({ name: 'added, warm', value: median(warm.runtime.wall) - base, unit: 'ms', target: { atMost: 60 } });

  if (!dropCaches()) {
    say('cold starts: NOT measured (this machine does not let its page cache be dropped)');
    return;
  }
  const cold = runInTurns(coldRuns, programs, () => void dropCaches());
  row({ name: 'added, page cache dropped', value: median(cold.runtime.wall) - median(cold.plain.wall), unit: 'ms' });
};

interface Unpacked {
  rootfs: string;
  /** Of rootfs.json, hex. */
  digest: string;
  runtimeSha256: string;
}

async function unpackedExample(scope: Scope): Promise<Unpacked> {
  const home = freshHome(scope);
  const project = join(tempFolder(scope), 'hello');
  copySources('hello', project);
  const env = { ...process.env, SCONECTL_HOME: home };
  runOnce({ command: join(root, 'bin', 'sconectl'), args: ['apply', '-f', 'service.yml'], cwd: project, env });
  const store = await openStore(join(home, 'images'), 'read');
  const [image] = await store.list();
  if (image === undefined) throw new Error('the example was not built');
  const rootfs = join(tempFolder(scope), 'rootfs');
  const { rootfsDigest, runtimeSha256 } = await store.unpack(image.digest, rootfs);
  return { rootfs, digest: rootfsDigest, runtimeSha256 };
}

function container(
  scope: Scope,
  runc: string,
  rootfs: string,
  entrypoint: readonly string[],
  environment: { readonly [name: string]: string },
): Program {
  const bundle = tempFolder(scope);
  const id = `sconectl-bench-${process.pid}-${entrypoint.length}`;
  const files = join(bundle, 'files');
  mkdirSync(files);
  for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(files, name), '');
  const user = { uid: 65532, gid: 65532 };
  const config = bundleConfig({ rootfs, files, entrypoint, user, hostname: 'bench', environment, cgroup: id });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const state = join(bundle, 'state');
  scope.after(() => execFileSync(runc, ['--root', state, 'delete', '--force', id], { stdio: 'ignore' }));
  return { command: runc, args: ['--root', state, 'run', '--bundle', bundle, id] };
}

/** Makes the kernel forget what it read from disks; false where that is not allowed. */
function dropCaches(): boolean {
  try {
    execFileSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}
