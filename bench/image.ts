/**
 * How long `sconectl apply -f service.yml` takes for examples/hello, as a user sees it, from the start of the command to
 * its end: `npm run bench -- image`. Cold means an empty cache, with the downloads of this network.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const runs = 11;

/** Prints the table of this subject. */
export function benchImage(print: (line: string) => void = console.log): void {
  print(`node ${process.version}, zlib ${process.versions.zlib}, ${cpus()[0]?.model ?? 'unknown processor'}`);
  print(
    `${cpus().length} processors, load ${loadavg()[0]?.toFixed(2)}; whole commands; milliseconds; ${runs} runs each`,
  );
  const scratch = mkdtempSync(join(tmpdir(), 'bench-image-'));
  try {
    const project = join(scratch, 'hello');
    const home = join(scratch, 'home');
    cpSync(join(root, 'examples/hello'), project, { recursive: true });
    mkdirSync(home);
    const command = (program: string, ...args: string[]): number => time(program, args, project, home);
    const apply = (): number => command(join(root, 'bin/sconectl'), 'apply', '-f', 'service.yml');

    row(
      print,
      'floor: node -e 0',
      repeated(() => command(process.execPath, '-e', '0')),
    );
    row(print, 'build, empty cache (once)', [apply()], 60_000);
    row(print, 'build, nothing changed', repeated(apply));
    const changed = (): number => {
      appendFileSync(join(project, 'print_env.py'), '# one line more\n');
      return apply();
    };
    row(print, 'build, one line changed', repeated(changed), 500);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function row(print: (line: string) => void, name: string, values: readonly number[], target?: number): void {
  const p50 = values[Math.floor(values.length / 2)] ?? 0;
  const most = values.at(-1) ?? 0;
  const verdict = target === undefined ? '' : `  target ${target} ${p50 <= target ? 'met' : 'NOT met'}`;
  print(`${name.padEnd(44)} p50 ${p50.toFixed(0).padStart(6)}  max ${most.toFixed(0).padStart(6)}${verdict}`);
}

function time(program: string, args: string[], cwd: string, home: string): number {
  const env = { ...process.env, SCONECTL_HOME: home };
  const began = performance.now();
  execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  return performance.now() - began;
}

/** Sorted times of several runs. */
function repeated(measure: () => number): number[] {
  return Array.from({ length: runs }, measure).sort((a, b) => a - b);
}

if (process.argv[1] === import.meta.filename) benchImage();
