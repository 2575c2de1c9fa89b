import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../../core/errors.ts';
import { JsonReporter } from './json.ts';
import { PlainReporter } from './plain.ts';
import { renderError } from './render.ts';
import type { Streams } from './reporter.ts';

function streams(texts: { [path: string]: string } = {}) {
  const written = { out: '', err: '' };
  const made: Streams = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    colours: false,
    readText: (path) => texts[path],
  };
  return { made, written };
}

const manifest = 'apiVersion: scone/5.8\nkind: mehs\n';
const problem = new SconeError('E_MANIFEST', 'kind must be genservice or mesh', {
  at: { file: 'mesh.yml', line: 2, column: 7 },
  expected: 'genservice or mesh',
  found: 'mehs',
  causes: ['first', 'second'],
  hint: 'did you mean mesh?',
});

test('an error shows code, message, place, line with caret, expected, found, causes and hint', () => {
  const { made } = streams({ 'mesh.yml': manifest });
  assert.equal(
    renderError(made, problem, 'error'),
    [
      'error E_MANIFEST: kind must be genservice or mesh',
      '  at mesh.yml:2:7',
      ' 2 | kind: mehs',
      '   |       ^',
      '  expected: genservice or mesh',
      '  found:    mehs',
      '  Caused by: first',
      '  Caused by: second',
      '  Hint: did you mean mesh?',
      '',
    ].join('\n'),
  );
});

test('a place in a file that cannot be read is shown without its line', () => {
  const text = renderError(streams().made, problem, 'warning');
  assert.match(text, /^warning E_MANIFEST: /);
  assert.match(text, /at mesh\.yml:2:7\n {2}expected/);
});

test('all problems of a file are shown one after the other, and are a list for programs', () => {
  const all = new SconeError('E_MANIFEST', 'mesh.yml has 2 problems', {
    errors: [problem, new SconeError('E_VARIABLE', 'the variable X has no value')],
  });
  const plain = streams();
  new PlainReporter(plain.made).failure(all);
  assert.equal(plain.written.err.match(/^error E_/gm)?.length, 2);
  assert.equal(plain.written.out, '');
  const json = streams();
  new JsonReporter(json.made).failure(all);
  const document = JSON.parse(json.written.out) as { ok: boolean; errors: { code: string; at?: object }[] };
  assert.deepEqual([document.ok, document.errors.map(({ code }) => code)], [false, ['E_MANIFEST', 'E_VARIABLE']]);
  assert.deepEqual(document.errors[0]?.at, { file: 'mesh.yml', line: 2, column: 7 });
});

test('what comes from elsewhere cannot steer the terminal', () => {
  const hostile = new SconeError('E_ACCESS', 'a\u001b[2Jb\rc\u202ed', { found: '\u0007', causes: ['x\ny'] });
  const text = renderError(streams().made, hostile, 'error');
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.match(text, /Caused by: x\n {13}y/);
});

test('for programs there is one document on standard output, and everything else is on standard error', () => {
  const { made, written } = streams();
  const reporter = new JsonReporter(made);
  reporter.progress('working');
  reporter.notice('NOT CONFIDENTIAL');
  reporter.warning(problem);
  reporter.success({ result: { a: 1 }, text: 'for people' });
  assert.equal(written.out, `{"ok":true,"result":{"a":1},"warnings":[${JSON.stringify(problem)}]}\n`);
  assert.match(written.err, /working\nNOT CONFIDENTIAL\nwarning E_MANIFEST/);
});

test('for programs a failure tells its warnings too, and where there are none the document has no such list', () => {
  const warned = streams();
  const reporter = new JsonReporter(warned.made);
  reporter.warning(problem);
  reporter.failure(problem);
  const told = JSON.stringify(problem);
  assert.equal(warned.written.out, `{"ok":false,"errors":[${told}],"warnings":[${told}]}\n`);
  const calm = streams();
  new JsonReporter(calm.made).success({ result: 1, text: '' });
  assert.equal(calm.written.out, '{"ok":true,"result":1}\n');
});

test('colours are used only where they are wanted', () => {
  const { made } = streams();
  assert.ok(!renderError(made, problem, 'error').includes('\u001b'));
  assert.ok(renderError({ ...made, colours: true }, problem, 'error').includes('\u001b['));
});
