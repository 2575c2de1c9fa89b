import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const module = new URL('../../runtime', import.meta.url).pathname;

/** Compiles the runtime of one flavour as images get it, and returns the path of the binary. */
export async function compileRuntime(
  folder: string,
  flavour: 'sim' | 'production',
  from: { module?: string } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const binary = join(folder, `runtime-${flavour}`);
  const tags = flavour === 'sim' ? ['-tags', 'sim'] : [];
  await build(from.module ?? module, [...tags, '-buildvcs=false', '-o', binary, '.']);
  return binary;
}

/** Compiles the program of test images, which prints what it was started with, and returns the path of the binary. */
export async function compileProbe(folder: string): Promise<string> {
  const binary = join(folder, 'probe');
  await build(new URL('probe', import.meta.url).pathname, ['-o', binary, 'probe.go']);
  return binary;
}

async function build(folder: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  const always = ['build', '-trimpath', '-ldflags', '-s -w -buildid='];
  await promisify(execFile)('go', [...always, ...args], { cwd: folder, env });
}
