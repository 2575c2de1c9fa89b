import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretFields } from '../language/vocabulary.ts';
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

/** Asserts that no line of a file shows the word. */
function neverShown(word: RegExp, text: string): void {
  for (let line = 1; line <= text.split('\n').length; line++) {
    assert.doesNotMatch(excerpt(text, { file: 'f', line, column: 1 }) ?? '', word, `line ${line} of ${text}`);
  }
}

test('56: nothing that goes on with the value of a secret is shown, whatever it looks like', () => {
  const block = (value: string) => `secrets:\n  global:\n  - name: a\n    kind: ascii\n    value: ${value}\n`;
  for (const value of [
    '|\n      import:\n      precious\u0007',
    '|\n      import:\n        - precious\n',
    '|\n      name: precious\n      {kind: precious}\n',
    '|\n      secrets:\n      user: precious\n',
    '|\n    precious',
    '|\nprecious\n',
    '>-\n      x\n\n      precious',
    '"\n  precious\n name: precious\nprecious"',
    '"a \\"\nbuild: precious"',
    "'it''s\nname: precious'",
    '!x &y "\nname: precious"',
    'x\n      precious: precious',
  ]) {
    neverShown(/precious/, block(value));
    neverShown(/precious/, block(value).replaceAll('\n', '\r\n'));
  }
});

test('56: a key with a typing error shows no value, and neither do its neighbours', () => {
  for (const text of [
    'secrets:\n  global:\n  - name: a\n    valeu: precious\n',
    'secrets: {global: [{nmae: a, kind: aad-token, application_secret: precious}]}\n',
    'secrets:\n- {name: a, value:precious}\n',
    'secrets:\n- {name: a, "my name": precious, kind: ascii}\n',
    'secrets:\n- name: a, value: precious\n',
    'secrets:\n- name: a # value: precious\n',
    'secrets:\n  precious\n',
    'secrets: {global: [precious]}\n',
    'secrets: {global: [{name: a}, precious]}\n',
    'secrets:\n  global:\n  - PASSWORD=precious\n',
    'secrets:\n- payload:\n    name: precious\n',
    '{\n  "secrets": [\n    {\n      "name": "s",\n      "value":\n        "precious"\n    }\n  ]\n}\n',
  ]) {
    neverShown(/precious/, text);
  }
});

test('56: fields that hold secrets outside of secrets are not shown either', () => {
  const key = `precious${'A'.repeat(33)}`;
  for (const field of secretFields.filter((one) => one !== 'value')) {
    neverShown(/precious/, `services:\n- name: a\n  ${field}: ${key}\n  pwd: /\n`);
    neverShown(/precious/, `services: [{name: a, "${field}": "${key}"}]\n`);
    neverShown(/precious/, `services:\n- ${field}: |\n    precious\n`);
  }
  const text = 'services:\n- name: a\n  fspf_key: precious\n  fspf_tag: abc\n';
  assert.equal(excerpt(text, { file: 'f', line: 4, column: 3 }), ' 4 |   fspf_tag: abc\n   |   ^');
});

test('names below secrets are shown, since they are what errors are about', () => {
  const text = `secrets: # all of ours
  global:
  - name: a
    dns: [x.example, y.example]
    dns:
    - z.example
  - {name: b, kind: binary, size: 3}
  - {name: c, kind: x509-ca, private_key: key, issuer: c}
  import:
    - redis_client_cert
    - [other_cert,
       third_cert]
services: [{name: x}]
`;
  for (const [line, shown] of text.split('\n').slice(1, 13).entries()) {
    assert.equal(
      excerpt(text, { file: 'f', line: line + 2, column: 1 })
        ?.split('\n')[0]
        ?.replace(/^ \d+ \| /, ''),
      shown,
    );
  }
  assert.match(excerpt(text, { file: 'f', line: 1, column: 1 }) ?? '', /^ 1 \| secrets: …/);
});

test('a file of one long line takes no time', () => {
  const long = 500_000;
  for (const line of ['-'.repeat(long), 'a'.repeat(long), ' '.repeat(long), '{'.repeat(long), "'".repeat(long)]) {
    for (const before of ['secrets: ', 'secrets:\n', 'content']) {
      const started = performance.now();
      excerpt(`${before}${line}!:`, { file: 'f', line: 1, column: 1 });
      assert.ok(performance.now() - started < 1000);
    }
  }
});

test('every other line is shown as it is', () => {
  assert.equal(shownOf(4, 12), ' 4 |     value: https://x\n   |            ^');
  assert.equal(shownOf(8, 11), ' 8 |     kind: binary\n   |           ^');
  assert.equal(shownOf(17, 5), ' 17 |   - a.py\n    |     ^');
});
