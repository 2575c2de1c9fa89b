import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { substituteVariables } from './variables.ts';
import { readYaml } from './yaml.ts';

const variables = new Map([
  ['A', 'alpha'],
  ['B_1', 'x: [y]\n- "z" # {{q}} $A'],
  ['EMPTY', ''],
]);

function substitute(yaml: string) {
  const { source, problems } = substituteVariables(readYaml(yaml, 'f.yml'), variables);
  return {
    value: JSON.parse(JSON.stringify(source.value)) as unknown,
    problems: problems.map(({ at, code, message }) => `${at?.line}:${at?.column} ${code} ${message}`),
  };
}

/** What becomes of one value. */
function of(text: string): unknown {
  const { value, problems } = substitute(`k: ${JSON.stringify(text)}`);
  assert.deepEqual(problems, []);
  return (value as { k: unknown }).k;
}

test('a variable is replaced in both spellings, anywhere in a text', () => {
  assert.equal(of('$A'), 'alpha');
  assert.equal(of('${A}'), 'alpha');
  assert.equal(of('x$A/${A}y$A-'), 'xalpha/alphayalpha-');
  assert.equal(of('$EMPTY'), '');
});

test('what is no variable stays: a lone dollar, two dollars, placeholders, templates', () => {
  for (const text of [
    '$',
    'a$',
    '$ A',
    '$1',
    '$$',
    '$$A',
    'pa$$word',
    '$(A)',
    '$$SCONE::A$$',
    '$$SCONE::$A$$',
    '{{A}}',
    '{% A %}',
  ]) {
    assert.equal(of(text), text);
  }
  assert.equal(of('$A$$SCONE::A:hex$$$A'), 'alpha$$SCONE::A:hex$$alpha');
});

test('a backslash keeps a dollar', () => {
  assert.equal(of('\\$A'), '$A');
  assert.equal(of('\\${A}'), '${A}');
  assert.equal(of('\\\\'), '\\\\');
});

test('53: what a variable holds is text: it changes no structure and is not looked at again', () => {
  const { value, problems } = substitute('k: $B_1\nl: [$B_1]\n');
  assert.deepEqual(problems, []);
  const text = variables.get('B_1');
  assert.deepEqual(value, { k: text, l: [text] });
});

test('keys are not replaced', () => {
  assert.deepEqual(substitute('$A: 1\n').value, { $A: '1' });
});

test('every variable without a value is told at its own place, in every notation', () => {
  const { problems, value } = substitute(
    'a: $X $X\nb: "q ${Y}"\nc: |\n  one\n  $Z two\nd: [x, $W]\ne: >-\n  folded\n  $V\n',
  );
  assert.deepEqual(problems, [
    '1:4 E_VARIABLE the variable X has no value',
    '1:7 E_VARIABLE the variable X has no value',
    '2:7 E_VARIABLE the variable Y has no value',
    '5:3 E_VARIABLE the variable Z has no value',
    '6:8 E_VARIABLE the variable W has no value',
    '9:3 E_VARIABLE the variable V has no value',
  ]);
  assert.equal((value as { a: string }).a, '$X $X');
});

test('a known variable in front of an unknown one with the beginning of its name does not move the place', () => {
  variables.set('NONE_1', 'x');
  assert.deepEqual(substitute('a: $NONE_1 $NONE\n').problems, ['1:12 E_VARIABLE the variable NONE has no value']);
});

test('braces around something else than a name are refused', () => {
  assert.deepEqual(substitute('a: ${A:-x}\nb: "${}"\nc: ${a b}\n').problems, [
    '1:4 E_VARIABLE "${A…}" is no variable',
    '2:5 E_VARIABLE "${}" is no variable',
    '3:4 E_VARIABLE "${a…}" is no variable',
  ]);
});

test('an alias gets the values too, and its problems are told where it stands', () => {
  const { value, problems } = substitute('a: &x [$A, $NO]\nb: *x\n');
  assert.deepEqual(value, { a: ['alpha', '$NO'], b: ['alpha', '$NO'] });
  assert.deepEqual(problems, [
    '1:12 E_VARIABLE the variable NO has no value',
    '2:4 E_VARIABLE the variable NO has no value',
  ]);
});

test('52: hostile dollars are answered in under a second, with a bounded number of problems', () => {
  for (const text of [
    '$A_'.repeat(300_000),
    '${'.repeat(400_000),
    '$$SCONE::'.repeat(100_000),
    '"\\x24NO $NO"'.repeat(1),
  ]) {
    const start = process.cpuUsage();
    const { problems } = substitute(`k: '${text}'`);
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
    assert.ok(problems.length <= 100);
  }
});

test('where the file writes a dollar as an escape, the problem is told at the scalar', () => {
  assert.deepEqual(substitute('k: "\\x24NO"').problems, ['1:4 E_VARIABLE the variable NO has no value']);
});

test('any text without a dollar stays, and any text at all is answered', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('\0'));
      if (!text.includes('$')) assert.equal(of(text), text);
      substitute(`k: ${JSON.stringify(text)}`);
    }),
  );
});
