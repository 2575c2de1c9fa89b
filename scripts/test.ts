// Sets up what tests need, runs all of them or the ones named, and looks for what they left behind. `npm test`.
//   npm test                      everything
//   npm test -- src/core runtime  the tests of these folders or files; `runtime` are the Go tests
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLeftovers, takeSnapshot } from '../test/support/leftovers.ts';
import { tools } from '../test/support/tools.ts';
import { root, toolEnvironment } from './environment.ts';
import { runGoSuite } from './suite/go.ts';
import { runNodeSuite } from './suite/node.ts';
import { planTests, unknownChoices } from './suite/plan.ts';
import { Tally } from './suite/tally.ts';

const began = performance.now();
const print = (text: string) => console.log(text);
const title = (text: string) => print(`\n== ${text}`);

const files = globSync(['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
  .filter((path) => !path.startsWith('test/fixtures/'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const hasGo = existsSync(join(root, 'runtime', 'go.mod'));
const chosen = process.argv.slice(2);
const unknown = unknownChoices(files, hasGo, chosen);
if (unknown.length > 0) {
  print(`no tests are in ${unknown.join(', ')}`);
  process.exit(2);
}
const plan = planTests(files, hasGo, chosen);
const absolute = (paths: readonly string[]) => paths.map((path) => join(root, path));

// npm's cache and the project are where things may appear; the rest of the machine should look as before.
const apart = [root, join(homedir(), '.npm')];
const before = takeSnapshot(apart);

// One folder per run; those of runs that were killed go now.
const temporary = join(root, 'target', 'tmp');
mkdirSync(temporary, { recursive: true });
for (const name of readdirSync(temporary)) {
  if (!existsSync(join('/proc', name))) rmSync(join(temporary, name), { recursive: true, force: true });
}
const own = join(temporary, String(process.pid));
mkdirSync(join(own, 'tmp'), { recursive: true });
mkdirSync(join(own, 'home'));
Object.assign(process.env, toolEnvironment(), {
  SCONECTL_TEST_RUN: own,
  SCONECTL_HOME: join(root, 'target', 'test-home'),
  HOME: join(own, 'home'),
  TMPDIR: join(own, 'tmp'),
  PATH: `${join(tools, 'bin')}:${process.env['PATH'] ?? ''}`,
});

const tally = new Tally(process.env['SCONECTL_REQUIRE'] === 'all');

// Loaded only where needed, so that a room that does not load stops no other room's tests.
if (plan.tools.length > 0) {
  await setUp(`test tools (${plan.tools.join(', ')})`, async () => {
    const { bringTools } = await import('./tools.ts');
    await bringTools(plan.tools, print);
  });
}
if (plan.images) {
  await setUp('what image builds download and compile', async () => {
    const { warmBase } = await import('../src/image/warm.ts');
    const { sharedCache: cache } = await import('../test/support/home.ts');
    await warmBase({ cache, runtime: join(root, 'runtime'), clock: () => new Date(), progress: print });
  });
}
if (plan.unit.length > 0) {
  title('Tests beside the sources');
  const concurrency = availableParallelism();
  const limits = { testLimit: 60, fileLimit: 180 };
  await runNodeSuite({ files: absolute(plan.unit), concurrency, ...limits, eachTest: false, print }, tally);
}
if (plan.go) {
  title('Go tests of the runtime');
  await runGoSuite([], tally, print);
  await runGoSuite(['sim'], tally, print);
}
if (plan.whole.length > 0) {
  title('Integration and end-to-end tests');
  const concurrency = Math.min(2, availableParallelism());
  const limits = { testLimit: 300, fileLimit: 600 };
  await runNodeSuite({ files: absolute(plan.whole), concurrency, ...limits, eachTest: true, print }, tally);
}

title('What the tests left behind');
const { ours, notes } = await settle();
for (const folder of ['home', 'tmp']) {
  for (const name of readdirSync(join(own, folder))) {
    // npm keeps its compiled code there, whoever calls it.
    if (name === 'node-compile-cache') continue;
    ours.push(`file ${folder}/${name} of the tests' own folder`);
  }
}
for (const text of notes.slice(0, 10)) print(`new since the start, maybe of another program: ${text}`);
if (notes.length > 10) print(`and ${notes.length - 10} more`);
try {
  rmSync(own, { recursive: true, force: true });
} catch (error) {
  ours.push(`the folder of this run cannot be removed: ${String(error)}`);
}
for (const text of ours) fail('leftovers', text);
if (ours.length === 0) print('nothing');

title(`Result after ${((performance.now() - began) / 1000).toFixed(0)} s`);
print(tally.summary());
process.exitCode = tally.failures.length === 0 ? 0 : 1;

function fail(where: string, name: string): void {
  print(`FAILED ${name}`);
  tally.add({ where, name, outcome: 'failed', seconds: 0 });
}

/** One step of the setup. When it fails, the tests that need it say so, and the others still run. */
async function setUp(what: string, run: () => Promise<void>): Promise<void> {
  title(`Setup: ${what}`);
  try {
    await run();
    print('ready');
  } catch (error) {
    fail('setup', `${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A process that was just told to end needs a moment: looks again until it is gone or three seconds are over. */
async function settle() {
  for (let tries = 0; ; tries++) {
    const found = findLeftovers(before, takeSnapshot(apart), [own]);
    if (found.ours.length === 0 || tries === 15) return found;
    await sleep(200);
  }
}
