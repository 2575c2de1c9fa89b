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

const manifest = `environment:
  local:
  - name: API_URL
    value: https://x
secrets:
  global:
  - name: token
    kind: binary
    value: precious
  - {name: other, kind: ascii, value: "precious", size: 3}
  - name: pem
    value: |
      precious
    size: 1
build:
  copy:
  - a.py
`;

function shownOf(line: number, column = 1): string | undefined {
  return excerpt(manifest, { file: 'f', line, column });
}

test('56: the line of an error never shows the explicit value of a secret', () => {
  for (let line = 1; line <= manifest.split('\n').length; line++) {
    for (const column of [1, 12, 200]) assert.doesNotMatch(shownOf(line, column) ?? '', /precious/);
  }
  assert.equal(shownOf(9, 12), ' 9 |     value: …\n   |            ^');
  assert.equal(shownOf(10, 5), ' 10 |   - {name: other, kind: ascii, value: …\n    |     ^');
  const json = '{"name":"a",\n "secrets":[{"name":"s","value":"precious"}]}';
  for (const line of [1, 2]) assert.doesNotMatch(excerpt(json, { file: 'f', line, column: 3 }) ?? '', /precious/);
  const session = 'name: a\nsecrets:\n- name: s\n  kind: ascii\n  value: precious\nservices: [{name: x}]\n';
  for (let line = 1; line < 7; line++) {
    assert.doesNotMatch(excerpt(session, { file: 'f', line, column: 1 }) ?? '', /precious/);
  }
  assert.match(excerpt(session, { file: 'f', line: 6, column: 1 }) ?? '', /name: x/);
});

test('every other line is shown as it is', () => {
  assert.equal(shownOf(4, 12), ' 4 |     value: https://x\n   |            ^');
  assert.equal(shownOf(8, 11), ' 8 |     kind: binary\n   |           ^');
  assert.equal(shownOf(17, 5), ' 17 |   - a.py\n    |     ^');
});
