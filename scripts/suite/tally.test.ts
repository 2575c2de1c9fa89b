import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Result, Tally } from './tally.ts';

function tallyOf(skipFails: boolean, ...results: [string, Result['outcome']][]): Tally {
  const tally = new Tally(skipFails);
  for (const [name, outcome] of results) tally.add({ where: 'a.test.ts', name, outcome, seconds: 0, why: 'no tool' });
  return tally;
}

test('the last line holds the counts, the line before it the genuine evidence that was judged', () => {
  const tally = tallyOf(
    false,
    ['a', 'passed'],
    ['genuine: sgx', 'passed'],
    ['genuine: tdx', 'skipped'],
    ['b', 'failed'],
  );
  assert.deepEqual(tally.summary().split('\n'), [
    'skipped  a.test.ts: genuine: tdx (no tool)',
    'FAILED   a.test.ts: b',
    'genuine-evidence tests run: 1',
    '2 passed, 1 failed, 1 skipped',
  ]);
});

test('with SCONECTL_REQUIRE=all a skipped test is a failure', () => {
  const tally = tallyOf(true, ['a', 'passed'], ['b', 'skipped']);
  assert.equal(tally.failures.length, 1);
  assert.match(tally.summary(), /FAILED .*: b \(skipped, and SCONECTL_REQUIRE=all is set\)/);
  assert.match(tally.summary(), /\n1 passed, 1 failed$/);
});
