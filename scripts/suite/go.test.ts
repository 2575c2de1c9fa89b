import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGoEvents } from './go.ts';
import { Tally } from './tally.ts';

function read(...events: object[]): { tally: Tally; printed: string } {
  const tally = new Tally(false);
  const printed: string[] = [];
  readGoEvents(events.map((event) => JSON.stringify(event)).join('\n'), 'runtime', tally, (text) => printed.push(text));
  return { tally, printed: printed.join('\n') };
}

const of = { Package: 'sconectl/runtime' };

test('passed, failed and skipped Go tests are counted, a failed one with what it printed', () => {
  const { tally, printed } = read(
    { Action: 'run', ...of, Test: 'TestA' },
    { Action: 'pass', ...of, Test: 'TestA', Elapsed: 0.5 },
    { Action: 'output', ...of, Test: 'TestB', Output: 'b_test.go:7: wrong\n' },
    { Action: 'fail', ...of, Test: 'TestB', Elapsed: 0 },
    { Action: 'output', ...of, Test: 'TestC', Output: 'c_test.go:9: needs root\n' },
    { Action: 'skip', ...of, Test: 'TestC', Elapsed: 0 },
    { Action: 'fail', ...of },
  );
  assert.deepEqual(
    tally.results.map(({ name, outcome, why }) => [name, outcome, why]),
    [
      ['TestA', 'passed', undefined],
      ['TestB', 'failed', 'b_test.go:7: wrong'],
      ['TestC', 'skipped', 'c_test.go:9: needs root'],
    ],
  );
  assert.match(printed, /b_test\.go:7: wrong/);
});

test('a package without tests is no skipped test', () => {
  assert.deepEqual(read({ Action: 'skip', ...of }).tally.results, []);
});

test('a package that panics or does not build is a failure although no test of it failed', () => {
  const { tally, printed } = read(
    { Action: 'build-output', ImportPath: 'sconectl/runtime', Output: './main.go:3: undefined: x\n' },
    { Action: 'build-fail', ImportPath: 'sconectl/runtime' },
    { Action: 'output', ...of, Output: 'FAIL sconectl/runtime [build failed]\n' },
    { Action: 'fail', ...of },
  );
  assert.equal(tally.failures.length, 1);
  assert.match(printed, /undefined: x/);
});
