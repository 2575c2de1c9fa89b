import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type ClientIdentity, loadIdentity } from '../src/client/identity.ts';
import { fromHex } from '../src/core/bytes.ts';
import { systemClock } from '../src/core/clock.ts';
import { renderInitData } from '../src/initdata/document.ts';
import { simEnclave } from '../src/measurement/sim.ts';
import { type CasProcess, startCas } from '../test/cas/process.ts';
import { namespaceSession, put, sessionFor } from '../test/cas/service.ts';
import { tempFolder } from '../test/support/temp.ts';
import type { Scope } from './scope.ts';

/** A simulated CAS in a process of its own, and somebody who may upload. */
export interface BenchCas {
  cas: CasProcess;
  owner: ClientIdentity;
}

export async function benchCas(scope: Scope): Promise<BenchCas> {
  const folder = tempFolder(scope);
  const cas = await startCas(scope, join(folder, 'cas'));
  // Waited for, so that nothing writes below a folder that is being removed.
  scope.after(() => cas.end('SIGTERM'));
  return { cas, owner: await loadIdentity(folder, systemClock) };
}

export interface ServiceOptions {
  /** `namespace/session/service`. */
  configId: string;
  /** SHA-256 of the program that will attest. */
  runtimeSha256: Uint8Array;
  /** Digest of the root file system, hex. */
  rootfs: string;
  command?: readonly string[];
  environment?: { [name: string]: string };
}

/** Uploads the session of one service; returns its init data. */
export async function uploadService({ cas, owner }: BenchCas, options: ServiceOptions): Promise<Uint8Array> {
  const { configId, runtimeSha256, rootfs, command, environment } = options;
  const initData = initDataFor(cas.key, options);
  const mrenclave = simEnclave(runtimeSha256, fromHex(rootfs, 32, 'rootfs'));
  const session = sessionFor({ configId, rootfs, mrenclave, initData });
  const [service] = session['services'] as { [key: string]: unknown }[];
  Object.assign(service ?? {}, command && { command, pwd: '/' }, environment && { environment });
  for (const upload of [namespaceSession(configId.slice(0, configId.indexOf('/'))), session]) {
    const { status, body } = await put(cas.client, owner, upload);
    if (status !== 200) throw new Error(`the CAS refused a session: ${JSON.stringify(body)}`);
  }
  return initData;
}

/** Init data of a service for the CAS with this key hash. */
export function initDataFor(
  key: string,
  { configId, rootfs }: Pick<ServiceOptions, 'configId' | 'rootfs'>,
): Uint8Array {
  return renderInitData({ mode: 'service', cas_url: 'localhost', cas_key: [key], config_id: configId, rootfs });
}

/** Leaves a process one core. Its threads too; later ones inherit it. */
export function pin(pid: number, core: number): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)], { stdio: 'ignore' });
}
