import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { splitWords } from './words.ts';

test('a command is split at blanks, and quotes keep them together', () => {
  const cases: [string, string[]][] = [
    ['python3 print_env.py', ['python3', 'print_env.py']],
    ['  a\t b\n c  ', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a"b c"'d'e`, ['ab cde']],
    [`a '' ""`, ['a', '', '']],
    [`'"' "'"`, ['"', "'"]],
    ['a\\ b', ['a\\', 'b']],
    [`"a\\"`, ['a\\']],
    ['', []],
    ['a {{ x | default(value="b c") }} d', ['a', '{{ x | default(value="b c") }}', 'd']],
    ['a {{ b $$SCONE::c d', ['a', '{{', 'b', '$$SCONE::c', 'd']],
    ['a --p=$$SCONE::x|escape(json)$$', ['a', '--p=$$SCONE::x|escape(json)$$']],
  ];
  for (const [text, argv] of cases) assert.deepEqual(splitWords(text)?.argv, argv, text);
});

test('a quote that is not closed is no command', () => {
  for (const text of [`a 'b`, `a "b`, `'`, `a 'b"`]) assert.equal(splitWords(text), undefined, text);
});

test('what only a shell would understand is reported, unless it is quoted', () => {
  assert.deepEqual(splitWords('a | b > c && d; `e` $F *.py')?.metacharacters, ['|', '>', '&', ';', '`', '$', '*']);
  assert.deepEqual(splitWords(`a '|' ">&;" '$X*'`)?.metacharacters, []);
  assert.deepEqual(splitWords('a {{x | default(value="y")}} $$SCONE::z$$')?.metacharacters, []);
});

test('words that were quoted come back as they were', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !/['"]|\{\{|\$\$SCONE/.test(text));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      assert.deepEqual(splitWords(words.map((one) => `'${one}'`).join(' '))?.argv, words);
    }),
  );
});

test('a long hostile command is split in linear time', () => {
  for (const text of [
    '{{'.repeat(50_000),
    '{{ '.repeat(50_000),
    '$$SCONE::'.repeat(20_000),
    `'a'`.repeat(50_000),
    'a"'.repeat(50_001),
  ]) {
    const start = process.cpuUsage();
    splitWords(text);
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
  }
});
