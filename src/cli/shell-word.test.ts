import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { shellWord } from './shell-word.ts';

test('a folder of any name is the one word that a shell hands on', () => {
  const names = ['target', 'my target', "it's", '$HOME', '`id`', 'a;b', '~', '*', 'a"b', '!x', 'ü', '#a', 'a\nb', ''];
  for (const name of names) {
    const told = execFileSync('sh', ['-c', `printf '%s|' ${shellWord(name)}`], { encoding: 'utf8' });
    assert.equal(told, `${name}|`);
  }
});

test('a name that needs no quotes has none', () => {
  for (const name of ['target', 'build/target', '../x_1.2', '.']) assert.equal(shellWord(name), name);
  assert.equal(shellWord('my target'), "'my target'");
});
