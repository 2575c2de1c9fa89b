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
  const args = ['build', ...tags, '-trimpath', '-buildvcs=false', '-ldflags', '-s -w -buildid=', '-o', binary, '.'];
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  await promisify(execFile)('go', args, { cwd: from.module ?? module, env });
  return binary;
}
