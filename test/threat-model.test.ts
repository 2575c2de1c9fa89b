import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** Items of the threat model that this version promises tests for. */
// biome-ignore format: a table
const promised = [
  26, 27, 28, 29, 30, 31, 32, 36, 37, 43, 46, 47, 49, 57, 60,
  61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73,
];

/** The numbers that titles of tests begin with, as in `test('26, 31: …')`, each with the titles. */
function numbered(text: string): [number: number, title: string][] {
  const titles = text.matchAll(/\b(?:test|suite|t\.test|\w+\.test)\(\s*(['"`])((?:[0-9]+, )*[0-9]+): (.*?)\1/gs);
  return [...titles].flatMap(([, , numbers = '', title = '']) =>
    numbers.split(', ').map((number): [number, string] => [Number(number), title]),
  );
}

test('each promised item of the threat model has a test that carries its number', () => {
  const found = new Map<number, string[]>();
  const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'], { cwd: root });
  // This file only talks about titles.
  for (const path of files.filter((file) => join(root, file) !== import.meta.filename)) {
    for (const [number, title] of numbered(readFileSync(join(root, path), 'utf8'))) {
      found.set(number, [...(found.get(number) ?? []), `${path}: ${title}`]);
    }
  }
  assert.deepEqual(
    promised.filter((number) => !found.has(number)),
    [],
  );
  // The list has 73 items; a number beyond is a slip.
  assert.deepEqual(
    [...found].filter(([number]) => number < 1 || number > 73),
    [],
  );
});

test('the search for numbers reads titles and nothing else', () => {
  assert.deepEqual(
    numbered(
      [`test('26, 31: one', () => {});`, `await t.test(\n  "47: two",`, `// 48: three`, `test('no: 49')`].join('\n'),
    ),
    [
      [26, 'one'],
      [31, 'one'],
      [47, 'two'],
    ],
  );
});
