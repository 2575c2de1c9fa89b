import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../scripts/environment.ts';

/** The load generator in Go, made of the runtime's own packages (runtime/internal/bench). */
export interface Load {
  /** Path of the binary; its SHA-256 is part of what its simulated platform reports. */
  path: string;
  /** Runs a mode, on the given core only where one is given, and returns what it answers. */
  run: <T>(mode: 'attest' | 'ground', flags: { [name: string]: string | number | true }, core?: number) => Promise<T>;
}

/** Compiles the generator into a folder. */
export function compileLoad(folder: string): Load {
  const path = join(folder, 'load');
  execFileSync('go', ['test', '-c', '-tags', 'sim', '-o', path, './internal/bench'], {
    cwd: join(root, 'runtime'),
    env: { ...process.env, GOPROXY: 'off', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
  });
  return {
    path,
    run: async <T>(mode: string, flags: { [name: string]: string | number | true }, core?: number): Promise<T> => {
      const args = [mode, ...Object.entries(flags).map(([name, value]) => `-${name}=${value}`)];
      const [program, ...rest] = core === undefined ? [path, ...args] : ['taskset', '-c', String(core), path, ...args];
      const { stdout } = await promisify(execFile)(program ?? path, rest, {
        maxBuffer: 1 << 26,
        timeout: 120_000,
        env: { ...process.env, ...(core === undefined ? {} : { GOMAXPROCS: '1' }) },
      });
      return JSON.parse(stdout) as T;
    },
  };
}
