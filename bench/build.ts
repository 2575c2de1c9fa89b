import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/environment.ts';
import { systemClock } from '../src/core/clock.ts';
import { buildImage } from '../src/image/build.ts';
import { loadManifest } from '../src/manifest/load.ts';
import { copySources } from '../test/e2e/projects.ts';
import { tempFolder } from '../test/support/temp.ts';
import type { Subject } from './subject.ts';
import { median, type Program, runInTurns, runOnce, type Timed } from './timing.ts';

const runs = 9;

/** How long a build of the example takes as a user sees it, from the start of the command, and inside of it. */
export const build: Subject = async ({ scope, row, say }) => {
  const folder = tempFolder(scope);
  const home = join(folder, 'home');
  const project = join(folder, 'hello');
  mkdirSync(home);
  copySources('hello', project);
  const apply = (at: string): Program => ({
    command: join(root, 'bin', 'sconectl'),
    args: ['apply', '-f', 'service.yml'],
    cwd: project,
    env: { ...process.env, SCONECTL_HOME: at },
  });

  const empty = attempt(() => runOnce(apply(home)));
  if (typeof empty === 'number') {
    row({ name: 'empty cache: downloads and Go compilation', value: empty / 1000, unit: 's', note: 'one run' });
  } else {
    say(`empty cache: NOT measured (${empty.message.split('\n').slice(0, 3).join(' ')})`);
    return;
  }
  const cold = join(folder, 'cold');
  mkdirSync(join(cold, 'cache'), { recursive: true });
  for (const kept of ['apt', 'debs', 'go-build']) {
    const from = join(home, 'cache', kept);
    if (existsSync(from)) cpSync(from, join(cold, 'cache', kept), { recursive: true });
  }
  row({
    name: 'cold: packages and compiler cache are there',
    value: runOnce(apply(cold)) / 1000,
    unit: 's',
    note: 'one run',
  });

  const program = join(project, 'print_env.py');
  const change = (): void => appendFileSync(program, '# one line more\n');
  const node: Program = { command: process.execPath, args: ['-e', '0'] };
  const unchanged = runInTurns(runs, { apply: apply(home), node });
  const changed = runInTurns(runs, { apply: apply(home), node }, change);
  const told = (name: string, timed: { apply: Timed; node: Timed }, target?: { atMost: number }): void =>
    row({
      name,
      value: median(timed.apply.wall),
      unit: 'ms',
      ...(target === undefined ? {} : { target }),
      floor: { name: 'node -e 0', value: median(timed.node.wall) },
      note: `processor ${timed.apply.cpu.toFixed(0)} ms`,
    });
  told('no change', unchanged);
  told('one line changed', changed, { atMost: 500 });

  const inside = await insideBuilds(project, home, change);
  row({ name: 'one line changed, inside a running process', value: median(inside), unit: 'ms' });
};

/** The same build without the start of a process and its imports. */
async function insideBuilds(project: string, home: string, change: () => void): Promise<number[]> {
  const file = join(project, 'service.yml');
  const loaded = loadManifest(readFileSync(file, 'utf8'), file, { variables: new Map() });
  if (loaded.kind !== 'genservice') throw new Error('the example is no service');
  const wall: number[] = [];
  for (let run = 0; run <= runs; run++) {
    change();
    const began = performance.now();
    await buildImage({
      manifest: loaded.manifest,
      file,
      folder: project,
      home,
      target: join(project, 'target'),
      tee: 'sim',
      sources: { runtime: join(root, 'runtime') },
      version: '0.1.0',
      progress: () => {},
      clock: systemClock,
    });
    wall.push(performance.now() - began);
  }
  // The first one also loads and compiles code.
  return wall.slice(1);
}

function attempt(work: () => number): number | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
