import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, suggest } from './suggest.ts';

const known = ['command', 'copy', 'host_paths', 'create_sessions', 'name', 'to'];

test('the word that was probably meant is found', () => {
  const cases: [string, string][] = [
    ['comand', 'command'],
    ['cmomand', 'command'],
    ['Command', 'command'],
    ['COPY', 'copy'],
    ['hostpaths', 'host_paths'],
    ['host-path', 'host_paths'],
    ['create', 'create_sessions'],
    ['nmae', 'name'],
    ['ot', 'to'],
  ];
  for (const [word, meant] of cases) assert.equal(suggest(word, known), meant, word);
});

test('for a word like no other, all are named', () => {
  assert.equal(suggest('zebra', known), undefined);
  assert.equal(suggest('', known), undefined);
  assert.equal(didYouMean('zebra', ['a', 'b']), 'known here: a, b');
});
