import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/environment.ts';
import { tempFolder } from '../test/support/temp.ts';
import { writeMesh } from './mesh.ts';
import type { Subject } from './subject.ts';
import { median, type Program, runInTurns, runOnce, type Timed } from './timing.ts';

const runs = 20;

/** How long the command line takes to be there, from sources and from the bundle, for commands that need no CAS. */
export const cli: Subject = async ({ scope, row }) => {
  const folder = tempFolder(scope);
  const home = join(folder, 'home');
  const mesh = join(folder, 'mesh');
  mkdirSync(home);
  mkdirSync(mesh);
  writeMesh(mesh, 5);
  // The bundle reads its version beside its folder, as in the package.
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  buildBundle(join(folder, 'dist'));
  const env = { ...process.env, SCONECTL_HOME: home };
  const sources = (...args: string[]): Program => ({ command: join(root, 'bin', 'sconectl'), args, env });
  const bundle = (...args: string[]): Program => ({
    command: process.execPath,
    args: [join(folder, 'dist', 'sconectl.js'), ...args],
    env,
  });
  const { floor, ...timed } = runInTurns(runs, {
    floor: { command: process.execPath, args: ['-e', '0'], env },
    version: sources('--version'),
    bundleVersion: bundle('--version'),
    help: sources('apply', '--help'),
    check: sources('check', '-f', mesh),
    bundleCheck: bundle('check', '-f', mesh),
    list: sources('cas', 'list'),
    bundleList: bundle('cas', 'list'),
  });
  const least = { name: 'node -e 0', value: median(floor.wall) };
  const print = (name: string, { wall, cpu }: Timed, target?: { atMost: number }): void =>
    row({
      name,
      value: median(wall),
      unit: 'ms',
      ...(target === undefined ? {} : { target }),
      floor: least,
      note: `processor ${cpu.toFixed(0)} ms`,
    });
  print('sconectl --version, sources', timed.version, { atMost: 80 });
  print('sconectl --version, bundle', timed.bundleVersion, { atMost: 80 });
  print('sconectl apply --help, sources', timed.help);
  print('sconectl check, five services, sources', timed.check, { atMost: 200 });
  print('sconectl check, five services, bundle', timed.bundleCheck);
  print('sconectl cas list, sources', timed.list);
  print('sconectl cas list, bundle', timed.bundleList);
};

/** In a process of its own: what a build leaves in memory would make each start of a program from here slower. */
function buildBundle(folder: string): void {
  const script = `import { build } from ${JSON.stringify(join(root, 'scripts', 'build.ts'))}; await build(${JSON.stringify(folder)});`;
  runOnce({ command: process.execPath, args: ['--input-type=module', '-e', script], cwd: root });
}
