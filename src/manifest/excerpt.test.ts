import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerpt } from './excerpt.ts';

test('a caret stands below the column', () => {
  assert.equal(excerpt('a\n  bcd\n', { file: 'f', line: 2, column: 3 }), ' 2 |   bcd\n   |   ^');
  assert.equal(excerpt('a\r\nb', { file: 'f', line: 2, column: 1 }), ' 2 | b\n   | ^');
  assert.equal(excerpt('\ta', { file: 'f', line: 1, column: 2 }), ' 1 |  a\n   |  ^');
});

test('a long line is cut around the caret', () => {
  const shown = excerpt(`${'x'.repeat(500)}HERE${'y'.repeat(500)}`, { file: 'f', line: 1, column: 501 }) ?? '';
  const [line = '', caret = ''] = shown.split('\n');
  assert.equal(line[caret.indexOf('^')], 'H');
  assert.ok(line.length < 130);
});

test('what would steer a terminal is not shown, and a line that is not there gives nothing', () => {
  assert.equal(excerpt('\u001b[31mred', { file: 'f', line: 1, column: 1 }), ' 1 | \ufffd[31mred\n   | ^');
  assert.equal(excerpt('a', { file: 'f', line: 2, column: 1 }), undefined);
  assert.equal(excerpt('a', { file: 'f' }), undefined);
});
