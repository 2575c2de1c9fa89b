import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import type { Result } from './tally.ts';

interface Ran {
  results: Result[];
  printed: string;
}

/** Runs one file of tests as `npm test` would, in a process that is itself no test. */
function runAsSuite(t: TestContext, source: string, fileLimit = 30): Ran {
  const folder = tempFolder(t);
  const file = join(folder, 'it.test.ts');
  writeFileSync(file, `import { after, before, describe, test } from 'node:test';\n${source}`);
  const driver = `
    import { runNodeSuite } from ${JSON.stringify(import.meta.resolve('./node.ts'))};
    import { Tally } from ${JSON.stringify(import.meta.resolve('./tally.ts'))};
    const tally = new Tally(false);
    let printed = '';
    const suite = { files: [process.argv[2]], concurrency: 1, testLimit: 1, fileLimit: ${fileLimit}, eachTest: true };
    await runNodeSuite({ ...suite, print: (text) => { printed += text + '\\n'; } }, tally);
    console.log(JSON.stringify({ results: tally.results, printed }));`;
  // As a file, because node:test hands the arguments of this process on to those of the tests.
  writeFileSync(join(folder, 'driver.mjs'), driver);
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawnSync(process.execPath, [join(folder, 'driver.mjs'), file], { env, encoding: 'utf8' });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout) as Ran;
}

const outcomes = ({ results }: Ran) => results.map(({ name, outcome }) => `${outcome} ${name}`);

test('passed, failed, skipped and unfinished tests are told apart, those of suites too', (t) => {
  const ran = runAsSuite(
    t,
    `test('a', () => {}); test('b', () => { console.log('seen'); throw new Error('reason'); });
     describe('group', () => { test('c', () => {}); test('d', (t) => t.skip('no tool')); test.todo('e'); });
     test('parent', async (t) => { await t.test('child', () => { throw new Error('inner'); }); });`,
  );
  assert.deepEqual(outcomes(ran), ['passed a', 'failed b', 'passed c', 'skipped d', 'skipped e', 'failed child']);
  assert.match(ran.printed, /Error: reason/);
  assert.match(ran.printed, /wrote\n +seen/);
});

test('what a file of passed tests wrote is not shown', (t) => {
  assert.doesNotMatch(runAsSuite(t, `test('a', () => { console.log('seen'); });`).printed, /seen/);
});

for (const [what, source, expected] of [
  ['holds no test', '', ['failed the file itself']],
  ['cannot be loaded', `import './missing.ts';`, ['failed the file itself']],
  ['exits within a test', `test('a', () => process.exit(0));`, ['failed the file itself']],
  ['throws after its tests', `test('a', () => { setTimeout(() => { throw new Error(); }, 9); });`, undefined],
  [
    'fails in a hook',
    `test('a', () => {}); after(() => { throw new Error(); });`,
    ['passed a', 'failed the file itself'],
  ],
  [
    'fails before a suite',
    `describe('s', () => { before(() => { throw new Error(); }); test('a', () => {}); });`,
    undefined,
  ],
] as const) {
  test(`a file that ${what} is a failure`, (t) => {
    const ran = runAsSuite(t, source);
    if (expected !== undefined) assert.deepEqual(outcomes(ran), expected);
    assert.ok(ran.results.some(({ outcome }) => outcome === 'failed'));
  });
}

test('a test that hangs is ended at its limit, a file that hangs at its own', (t) => {
  const one = runAsSuite(t, `test('a', () => new Promise((resolve) => setTimeout(resolve, 3000)));`);
  assert.deepEqual(outcomes(one), ['failed a']);
  const all = runAsSuite(t, `test('a', () => {}); setInterval(() => {}, 1000);`, 2);
  assert.ok(all.results.some(({ outcome, name }) => outcome === 'failed' && name === 'the file itself'));
});
