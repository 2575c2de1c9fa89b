import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planTests, unknownChoices } from './plan.ts';

const files = [
  { path: 'src/core/b.test.ts', text: '' },
  { path: 'src/core/a.test.ts', text: '' },
  { path: 'src/corex/a.test.ts', text: '' },
  { path: 'scripts/rooms.test.ts', text: '' },
  { path: 'test/run.test.ts', text: `need(t, 'runc')` },
  { path: 'test/chart.test.ts', text: `need(t, 'helm'); freshHome(t);` },
];

test('without a choice everything runs, sorted, with the tools that some test names', () => {
  assert.deepEqual(planTests(files, true, []), {
    unit: ['scripts/rooms.test.ts', 'src/core/a.test.ts', 'src/core/b.test.ts', 'src/corex/a.test.ts'],
    whole: ['test/chart.test.ts', 'test/run.test.ts'],
    go: true,
    tools: ['runc', 'helm'],
    images: true,
  });
});

test('a folder chooses what is in it, not what begins like it, and only its tools', () => {
  const core = planTests(files, true, ['./src/core/']);
  assert.deepEqual(core, {
    unit: ['src/core/a.test.ts', 'src/core/b.test.ts'],
    whole: [],
    go: false,
    tools: [],
    images: false,
  });
  const run = planTests(files, true, ['test/run.test.ts']);
  assert.deepEqual([run.tools, run.images], [['runc'], false]);
});

test('`runtime` chooses the Go tests', () => {
  assert.deepEqual(planTests(files, true, ['runtime']), { unit: [], whole: [], go: true, tools: [], images: false });
});

test('a choice that holds no test is named', () => {
  assert.deepEqual(unknownChoices(files, true, ['src/core', 'src/cores', 'runtime']), ['src/cores']);
  assert.deepEqual(unknownChoices(files, false, ['runtime']), ['runtime']);
});
