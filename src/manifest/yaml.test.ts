import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { SconeError } from '../core/errors.ts';
import { type Tree, yamlLimits } from './tree.ts';
import { readYaml } from './yaml.ts';

function value(text: string): Tree {
  return readYaml(text, 'f.yml').value;
}

/** A tree with ordinary objects, to compare with literals. */
function plain(text: string): unknown {
  return JSON.parse(JSON.stringify(value(text)));
}

function problems(text: string): string[] {
  try {
    readYaml(text, 'f.yml');
  } catch (error) {
    assert.ok(error instanceof SconeError && error.code === 'E_MANIFEST', String(error));
    return error.errors.map(({ at, message }) => `${at?.line}:${at?.column} ${message}`);
  }
  return [];
}

test('52: scalars keep the text they were written with', () => {
  assert.deepEqual(
    plain(
      'a: 0777\nb: NO\nc: 123456789012345678901234567890\nd: 1.10\ne: 0x1F\nf: yes\ng: 1_000\nh: 2026-11-23\ni: 12:30:45\nj: +1\nk: .5\nl: 1e3\nm: true\nn: 0o17\n',
    ),
    {
      a: '0777',
      b: 'NO',
      c: '123456789012345678901234567890',
      d: '1.10',
      e: '0x1F',
      f: 'yes',
      g: '1_000',
      h: '2026-11-23',
      i: '12:30:45',
      j: '+1',
      k: '.5',
      l: '1e3',
      m: 'true',
      n: '0o17',
    },
  );
});

test('only a plain ~, null or nothing is null', () => {
  assert.deepEqual(plain('a:\nb: ~\nc: null\nd: Null\ne: NULL\nf: "~"\ng: \'null\'\nh: ""\ni: nil\n'), {
    a: null,
    b: null,
    c: null,
    d: null,
    e: null,
    f: '~',
    g: 'null',
    h: '',
    i: 'nil',
  });
});

test('block scalars keep every blank and newline', () => {
  assert.deepEqual(
    plain('a: |+2\n    x\n\n\nb: |-4\n      y\n     z\n\nc: >\n  one\n  two\n\n  three\nd: |\n  t\t\n'),
    {
      a: '  x\n\n\n',
      b: '  y\n z',
      c: 'one two\nthree\n',
      d: 't\t\n',
    },
  );
});

test('52: a duplicate key is refused at its second place, in every notation', () => {
  const say = 'stands here a second time';
  assert.deepEqual(problems('a: 1\nb: 2\na: 3\n'), [`3:1 the key "a" ${say}`]);
  assert.deepEqual(problems('{a: 1, "a": 2}'), [`1:8 the key "a" ${say}`]);
  assert.deepEqual(problems('x:\n  a: 1\n  "\\x61": 2\n  ? a\n  : 3\n'), [
    `3:3 the key "a" ${say}`,
    `4:5 the key "a" ${say}`,
  ]);
  assert.deepEqual(problems('1: a\n"1": b\n'), [`2:1 the key "1" ${say}`]);
});

test('52: tags are refused, whatever they would do', () => {
  assert.deepEqual(problems('a: !!int 5\nb: !cas x\nc: !!python/object:os.system x\nd: !<tag:x> y\n'), [
    '1:10 the tag !!int is not used here',
    '2:9 a tag is not used here',
    '3:30 a tag is not used here',
    '4:13 a tag is not used here',
  ]);
  assert.equal(problems('--- !!map\na: 1\n').length, 1);
});

test('52: aliases repeat what they name, but neither themselves nor without bound', () => {
  assert.deepEqual(plain('a: &x {k: [1, 2]}\nb: *x\n'), { a: { k: ['1', '2'] }, b: { k: ['1', '2'] } });
  assert.deepEqual(plain('a: &x 1\nb: &x 2\nc: *x\n'), { a: '1', b: '2', c: '2' });
  assert.deepEqual(problems('a: &x [*x]\n'), ['1:8 this alias stands inside what it repeats']);
  assert.deepEqual(problems('a: *x\nb: &x 1\n'), ['1:4 this alias stands before its anchor or has none']);
  assert.deepEqual(problems('a: &a {b: &a 1, c: *a}\n'), []);
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    bomb.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  const [problem, second] = problems(bomb.join('\n'));
  assert.equal(second, undefined);
  assert.match(problem ?? '', /more than 100000 values once its aliases are followed$/);
});

test('52: merge keys are refused by name, unless they are quoted', () => {
  assert.deepEqual(problems('a: &x {k: 1}\nb: {<<: *x}\n'), ['2:5 merge keys (<<) are not used here']);
  assert.deepEqual(plain('"<<": x\n'), { '<<': 'x' });
});

test('a mark of a document at the end begins none', () => {
  for (const end of ['---', '--- # end', '---\n\n# end\n', '---\r\n']) {
    assert.deepEqual(plain(`---\na: 1\n${end}`), { a: '1' }, JSON.stringify(end));
  }
  assert.equal(problems('a: 1\n---\n---\nb: 1\n').length, 1);
});

test('names like __proto__ are names, and maps have no prototype', () => {
  const tree = value('__proto__: {polluted: "yes"}\nconstructor: x\ntoString: y\n');
  assert.ok(typeof tree === 'object' && tree !== null);
  assert.equal(Object.getPrototypeOf(tree), null);
  assert.deepEqual(Object.keys(tree), ['__proto__', 'constructor', 'toString']);
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});

test('several documents, keys that are no text, tabs and broken YAML are refused at their place', () => {
  assert.deepEqual(problems('a: 1\n---\nb: 2\n'), ['2:1 the file holds several YAML documents']);
  assert.deepEqual(problems('? [a]\n: 1\n'), ['1:3 a key must be a text']);
  assert.deepEqual(problems('a:\n\t- b\n')[0], '2:1 a tab is used for indentation; YAML wants blanks');
  assert.match(problems('a: [1, 2\nb: 3\n')[0] ?? '', /^2:1 a list in \[ \] is not closed before this line$/);
  assert.equal(problems('a: "x\n')[0], '1:4 a text in " is not closed');
});

test('characters that YAML forbids are refused at their place, and escapes cannot bring a NUL', () => {
  assert.deepEqual(problems('a: 1\nb: x\0y\n'), ['2:5 the character U+0000 may not be in a YAML file']);
  assert.deepEqual(problems('a: \u001b[31m\n'), ['1:4 the character U+001B may not be in a YAML file']);
  assert.deepEqual(problems('a: \ud800\n'), ['1:4 the character U+D800 may not be in a YAML file']);
  assert.deepEqual(problems('a: x\ufeff\n'), ['1:5 the character U+FEFF may not be in a YAML file']);
  assert.deepEqual(problems('a: "\\0"\n'), ['1:4 the text holds a NUL or half a character']);
  assert.deepEqual(problems('a: "\\ud800"\n'), ['1:4 the text holds a NUL or half a character']);
  assert.deepEqual(plain('\ufeffa: é😀\r\nb: 2\r\n'), { a: 'é😀', b: '2' });
});

test('positions name the value, its key, or the nearest thing there is', () => {
  const source = readYaml('a:\n  b: [x, {c: y}]\n  d:\n', 'dir/f.yml');
  assert.deepEqual(source.at(['a', 'b', 1, 'c']), { file: 'dir/f.yml', line: 2, column: 14 });
  assert.deepEqual(source.keyAt(['a', 'b']), { file: 'dir/f.yml', line: 2, column: 3 });
  assert.deepEqual(source.at(['a', 'missing']), { file: 'dir/f.yml', line: 1, column: 1 });
  assert.deepEqual(source.at(['a', 'b', 5]), { file: 'dir/f.yml', line: 2, column: 3 });
  assert.equal(source.placeOf(['a', 'missing']), undefined);
});

test('an empty file, a comment and a lone scalar are read', () => {
  assert.equal(value(''), null);
  assert.equal(value('# nothing\n'), null);
  assert.equal(value('x'), 'x');
});

const hostile: [string, string][] = [
  ['a megabyte of brackets', '['.repeat(1_000_000)],
  ['a megabyte of braces', '{a: '.repeat(250_000)],
  ['a megabyte of dashes', `${'- '.repeat(500_000)}a`],
  ['a megabyte of question marks', '? '.repeat(500_000)],
  ['ten megabytes', 'a'.repeat(10_000_000)],
  ['ten megabytes of lines', 'a: 1\n'.repeat(2_000_000)],
  ['a hundred thousand keys', Array.from({ length: 100_000 }, (_, i) => `k${i}: v`).join('\n')],
  ['twenty thousand keys', Array.from({ length: 20_000 }, (_, i) => `k${i}: v`).join('\n')],
  ['as many keys as are read', Array.from({ length: 14_000 }, (_, i) => `k${i}: v`).join('\n')],
  ['as long a list as is read', `[${'a,'.repeat(33_000)}]`],
  ['a long list', `[${'a,'.repeat(400_000)}]`],
  ['a staircase', Array.from({ length: 1_400 }, (_, i) => `${' '.repeat(i)}k:`).join('\n')],
  ['nothing but tags', '!a '.repeat(300_000)],
  ['nothing but anchors', '&a '.repeat(300_000)],
  ['an alias in an alias', `a: &a [${'*a,'.repeat(50_000)}]`],
  ['an open quote', `a: "${'x'.repeat(1_000_000)}`],
  ['an open quote of lines', `a: "${'x\n'.repeat(500_000)}`],
  ['directives', '%A b\n'.repeat(200_000)],
  ['document ends', '...\n'.repeat(250_000)],
  ['document starts', '---\n'.repeat(250_000)],
  ['a document start and blank lines', `a: 1\n---${'\n'.repeat(1_000_000)}x`],
  ['a long text that aliases repeat', `a: &a "$${'x'.repeat(500_000)}"\nb: [${'*a,'.repeat(30_000)}]`],
  ['open quotes', `${"'' \n".repeat(200_000)}"`],
  ['odd blanks', `a: [\n${`${' '.repeat(50)}\u00a0\n`.repeat(18_000)}`],
  ['marks of conflicts', `a: [\n${'<<<<<<<\n'.repeat(100_000)}`],
  ['templates without quotes', `a: ${'{{'.repeat(30)}\n`],
];

for (const [what, text] of hostile) {
  test(`52: ${what}: an answer in under a second, and nothing but our error`, () => {
    const start = process.cpuUsage();
    try {
      readYaml(text, 'f.yml');
    } catch (error) {
      assert.ok(error instanceof SconeError && error.code === 'E_MANIFEST', String(error));
      assert.ok(error.errors.length >= 1 && error.errors.length <= 20);
    }
    // Time of this process, since a busy machine proves nothing about the reader.
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
  });
}

test('the limits are those of the documentation', () => {
  assert.deepEqual(yamlLimits, {
    length: 1_048_576,
    lexemes: 100_000,
    depth: 64,
    values: 100_000,
    characters: 4_194_304,
  });
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  assert.deepEqual(problems(nested(64)), []);
  assert.match(problems(nested(66))[0] ?? '', /nested deeper than 64 levels$/);
});

test('any tree of texts survives YAML, and any text gives only our error', () => {
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      fc.constantFrom(null, '0777', 'NO', '~', '- x', '{{y}}', '$$SCONE::z$$', ' a ', '\n', '|', '"'),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1, maxLength: 6 }), tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (given) => {
      const text = stringify(given, { aliasDuplicateObjects: false });
      assert.deepEqual(plain(text), JSON.parse(JSON.stringify(given)), text);
    }),
  );
  const piece = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&x ',
    '*x',
    '"',
    "'",
    '|',
    '>',
    '#',
    '!t ',
    '? ',
    '---\n',
    '%',
    '\t',
    ',',
    '\0',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        problems(text);
      },
    ),
    { numRuns: 500 },
  );
});
