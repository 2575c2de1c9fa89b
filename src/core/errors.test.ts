import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { codes, type ErrorCode, SconeError, systemCode } from './errors.ts';

const root = new URL('../..', import.meta.url).pathname;
const names = Object.keys(codes) as ErrorCode[];

function texts(...patterns: string[]): string {
  const files = globSync(patterns, { cwd: root }).filter((path) => !path.startsWith('src/core/errors.'));
  return files.map((path) => readFileSync(`${root}/${path}`, 'utf8')).join('\n');
}

const tests = texts('src/**/*.test.ts', 'test/**/*.ts', 'runtime/**/*_test.go');
const production = texts('src/**/!(*.test).ts', 'runtime/**/!(*_test).go');

test('the table of codes is sorted, and each says what it means', () => {
  assert.deepEqual(names, names.toSorted());
  for (const name of names) {
    assert.match(name, /^E_[A-Z]+(_[A-Z]+)*$/);
    assert.match(codes[name], /^[a-zA-Z].*[^.]$/, `${name} is described in one phrase without a full stop`);
  }
  assert.equal(new Set(Object.values(codes)).size, names.length);
});

for (const name of names) {
  test(`${name} is thrown somewhere and tested somewhere`, () => {
    const whole = new RegExp(`\\b${name}\\b`);
    assert.ok(whole.test(production), `${name} is in the table and nothing throws it`);
    assert.ok(whole.test(tests), `${name} is thrown and no test expects it`);
  });
}

test('every code that production code names is in the table', () => {
  const named = new Set(production.match(/\bE_[A-Z][A-Z_]*[A-Z]\b/g));
  const unknown = [...named].filter((name) => !names.includes(name as ErrorCode));
  assert.deepEqual(unknown, []);
});

test('an error as a document has the form of the API, and leaves out what it has not', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(new SconeError('E_FORMAT', 'wrong'))), {
    code: 'E_FORMAT',
    message: 'wrong',
    causes: [],
  });
  const error = new SconeError('E_MANIFEST', 'unknown key', {
    expected: 'name',
    found: 'nmae',
    at: { file: 'service.yml', line: 2, column: 3 },
    causes: ['because'],
    hint: 'write name',
  });
  assert.deepEqual(Object.keys(error.toJSON()), ['code', 'message', 'expected', 'found', 'at', 'causes', 'hint']);
});

test('the causes are those of the error that led here, outermost first', () => {
  const inner = new SconeError('E_CHAIN', 'the leaf is expired', { causes: ['it ended in 2025'] });
  const outer = new SconeError('E_EVIDENCE', 'the quote does not verify', { cause: inner });
  assert.deepEqual(outer.causes, ['the leaf is expired', 'it ended in 2025']);
  assert.equal(outer.cause, inner);
  assert.deepEqual(new SconeError('E_STORE', 'x', { cause: new Error('disk full') }).causes, ['disk full']);
  assert.deepEqual(new SconeError('E_STORE', 'x', { cause: 'text' }).causes, ['text']);
  assert.deepEqual(new SconeError('E_STORE', 'x', { cause: inner, causes: ['mine'] }).causes, ['mine']);
});

test('a stack is no part of what a caller sees', () => {
  const text = JSON.stringify(new SconeError('E_INTERNAL', 'x', { cause: new Error('y') }));
  assert.doesNotMatch(text, /errors\.test\.ts|at /);
});

test('a wrong call exits with 2, every other error with 1', () => {
  for (const name of names) assert.equal(new SconeError(name, 'x').exitCode, name === 'E_USAGE' ? 2 : 1);
});

test('the code of a system error is found, of anything else not', () => {
  assert.equal(systemCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT');
  for (const other of [
    new Error('x'),
    Object.assign(new Error('x'), { code: 7 }),
    { code: 'ENOENT' },
    null,
    'ENOENT',
  ]) {
    assert.equal(systemCode(other), undefined);
  }
});
