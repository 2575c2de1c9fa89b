import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sharedCache } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { tools } from '../support/tools.ts';
import { consoleSteps, fits, openShell, type Shell } from './console.ts';

const root = new URL('../..', import.meta.url).pathname;
const page = (name: string) => join(root, 'docs', name);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A clone as a reader has it, with what the pages take for granted: the tools on the path, and ports of its own. */
async function reader(t: TestContext): Promise<Shell> {
  const clone = tempFolder(t);
  for (const name of ['bin', 'src', 'runtime', 'node_modules', 'package.json', 'package-lock.json', '.npmrc']) {
    symlinkSync(join(root, name), join(clone, name));
  }
  for (const name of ['docs', 'examples']) cpSync(join(root, name), join(clone, name), { recursive: true });
  mkdirSync(join(clone, 'target'));
  // No SCONECTL_HOME, as for most readers: the pages must find the state below HOME.
  const { SCONECTL_HOME: _, ...environment } = process.env;
  const home = tempFolder(t);
  mkdirSync(join(home, '.sconectl'), { mode: 0o700 });
  symlinkSync(sharedCache, join(home, '.sconectl/cache'));
  const shell = openShell(clone, {
    ...environment,
    HOME: home,
    PATH: [join(tools, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
    CLIENT: `127.0.0.1:${await freePort()}`,
    SERVICE: `127.0.0.1:${await freePort()}`,
    UNTIL: join(root, 'test/docs/until.mjs'),
    LC_ALL: 'C.UTF-8',
  });
  t.after(() => shell.end());
  await shell.run(`timeout() { node "$UNTIL" "$@"; }`);
  return shell;
}

/** Runs what a page says, with the ports of this test where the page means the default ones. */
async function follow(shell: Shell, path: string): Promise<void> {
  for (const { command, output, line } of consoleSteps(path)) {
    const adapted = command.replace(
      'cas start --simulation',
      'cas start --simulation --listen "$CLIENT" --service-listen "$SERVICE"',
    );
    const found = await shell.run(adapted);
    if (command.endsWith('&')) await shell.run('until grep -q ready cas.log; do sleep 0.1; done');
    else if (!fits(output, found)) {
      const shown = output.join('\n');
      assert.fail(`${path}:${line}: $ ${command}\n--- shown\n${shown}\n--- found\n${found.join('\n')}`);
    }
    if (command === 'cd hello')
      await shell.run('sed -i "s/cas_url: localhost/cas_url: localhost:${CLIENT#*:}/" mesh.yml');
  }
}

test('the tutorial and the how-tos that go on from it show what happens', { timeout: 300_000 }, async (t) => {
  if (need(t, 'root') === undefined || need(t, 'runc') === undefined || need(t, 'go') === undefined) return;
  if (need(t, 'umoci') === undefined || need(t, 'skopeo') === undefined || need(t, 'helm') === undefined) return;
  const shell = await reader(t);
  const tutorial = page('tutorial/hello.md');
  const steps = consoleSteps(tutorial);
  assert.ok(steps.length > 12, 'the tutorial has commands');
  await follow(shell, tutorial);
  // The how-tos take a folder with an applied mesh and a running CAS for granted; the tutorial has cleaned up.
  await shell.run('sconectl cas start --simulation --listen "$CLIENT" --service-listen "$SERVICE" > cas.log 2>&1 &');
  await shell.run('until grep -q ready cas.log; do sleep 0.1; done');
  await follow(shell, page('how-to/run-by-hand.md'));
  await follow(shell, page('how-to/deploy-with-helm.md'));
  await follow(shell, page('how-to/set-chart-values.md'));
});

test('the main command of the README shows what the README says', { timeout: 300_000 }, async (t) => {
  if (need(t, 'root') === undefined || need(t, 'runc') === undefined || need(t, 'go') === undefined) return;
  assert.match(readFileSync(join(root, 'README.md'), 'utf8'), /```sh\nnpm test\n```/, 'and the other one is this run');
  const home = join(root, 'target/demo/home');
  const cache = join(home, 'cache');
  mkdirSync(home, { recursive: true });
  if (!existsSync(cache)) {
    // The downloads of the tests' setup: tests download nothing.
    symlinkSync(sharedCache, cache);
    t.after(() => unlinkSync(cache));
  }
  const shell = openShell(root, {
    ...process.env,
    PATH: [dirname(process.execPath), process.env['PATH']].join(':'),
    npm_config_cache: tempFolder(t),
  });
  t.after(() => shell.end());
  await follow(shell, join(root, 'README.md'));
});

test('an output fits what a page shows only where the page leaves room', () => {
  assert.ok(fits(['a', '…', 'b …'], ['a', 'x', 'y', 'b 1']));
  assert.ok(fits(['a', '…'], ['a']));
  assert.ok(!fits(['a'], ['a', 'b']));
  assert.ok(!fits(['a', 'b'], ['a']));
  assert.ok(!fits(['a …'], ['b 1']));
  assert.ok(!fits([], ['[exit 1]']));
});
