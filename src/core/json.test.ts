import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from './bytes.ts';
import { SconeError } from './errors.ts';
import { canonicalBytes, canonicalJson, parseJson } from './json.ts';

const format = { name: 'SconeError', code: 'E_FORMAT' };

/** Values without lone surrogates and numbers beyond 2^53, which are refused on purpose. */
const jsonValue = fc
  .jsonValue({ stringUnit: 'binary', maxDepth: 5 })
  .map((value): unknown => JSON.parse(JSON.stringify(value), (_, member: unknown) => modest(member)));

/** A fraction in the place of what is too large. */
function modest(value: unknown): unknown {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? Math.sin(value) : value;
}

test('what it reads is what JSON.parse reads', () => {
  fc.assert(
    fc.property(jsonValue, fc.constantFrom(undefined, 1, '\t', ' \r\n'), (value, blanks) => {
      const text = JSON.stringify(value, null, blanks);
      assert.deepEqual(plain(parseJson(text)), plain(JSON.parse(text)));
      assert.deepEqual(plain(parseJson(utf8(text))), plain(JSON.parse(text)));
    }),
  );
});

test('68: whatever it accepts, JSON.parse accepts with the same meaning', () => {
  const pieces = fc.constantFrom(
    ...'{}[]:,"\\-0 \n\u00a0\ufeff\u2028'.split(''),
    ...'"a" "b" \\u0061 \\ud800 1 .5 e1 true null nul // \' NaN "__proto__" "toString"'.split(' '),
  );
  const soup = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(soup, fc.string({ unit: 'binary' })), (text) => {
      const ours = attempt(() => parseJson(text));
      if (ours !== undefined) assert.deepEqual(plain(ours.value), plain(JSON.parse(text)));
    }),
    { numRuns: 3000 },
  );
});

test('68: a name that stands twice is refused, however it is written and how deep it lies', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a":1,"b":2,"a":3}',
    '[{"x":{"a":null,"a":null}}]',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"é":1,"\\u00e9":2}',
  ]) {
    assert.throws(
      () => parseJson(text, 'session'),
      { ...format, message: /^the session holds the name ".*" twice/ },
      text,
    );
  }
});

test('68: names differ by case and by composition, and are kept apart', () => {
  assert.deepEqual(plain(parseJson('{"a":1,"A":2,"é":3,"e\u0301":4}')), { a: 1, A: 2, é: 3, 'e\u0301': 4 });
});

test('68: lone surrogates are refused, pairs are one character', () => {
  for (const text of ['"\\ud800"', '"\\udc00\\ud800"', '"\\ud83dx"', '{"\\ud800":1}', '"\ud800"']) {
    assert.throws(() => parseJson(text), format, text);
  }
  assert.equal(parseJson('"\\ud83d\\ude00"'), '😀');
});

test('68: bytes that are no UTF-8 are refused, a byte order mark too', () => {
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 'claims'), {
    ...format,
    message: 'claims is not UTF-8',
  });
  assert.throws(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), format);
});

test('68: no dialect is understood', () => {
  const wrong = [
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '[1 2]',
    '{"a" 1}',
    '01',
    '+1',
    '.5',
    '1.',
    '1e',
    '-',
  ];
  const more = [
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '1_0',
    'True',
    'nulll',
    'undefined',
    '1 2',
    '{}{}',
    '/**/1',
    '1//',
  ];
  const texts = ['"\t"', '"\n"', '"\\x41"', '"\\u12"', '"\\', '"abc', '"\\u{61}"', '\ufeff1', '\u00a01', '1\u2028'];
  for (const text of [...wrong, ...more, ...texts]) assert.throws(() => parseJson(text), format, JSON.stringify(text));
});

test('68: nesting ends at 64, far from where a stack does', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.doesNotThrow(() => parseJson(nested(64)));
  assert.throws(() => parseJson(nested(66)), { ...format, message: /deeper than 64/ });
  assert.throws(() => parseJson('['.repeat(1_000_000)), format);
  assert.throws(() => parseJson('{"a":'.repeat(1_000_000)), format);
});

test('a number too large to exist is refused', () => {
  assert.throws(() => parseJson('1e999'), { ...format, message: /out of range/ });
  assert.throws(() => parseJson('[-1e999]'), format);
  assert.equal(parseJson('9007199254740991'), 9007199254740991);
  assert.throws(() => parseJson('9007199254740993'), { ...format, message: /out of range/ });
  assert.throws(() => parseJson('[-9007199254740993]'), format);
  for (const written of [
    '9007199254740993.0',
    '9007199254740993e0',
    '-9007199254740993.5',
    '9007199254740992',
    '1e16',
  ]) {
    assert.throws(() => parseJson(written), { ...format, message: /out of range/ }, written);
  }
  for (const [written, value] of [
    ['9007199254740991.0', 9007199254740991],
    ['1e3', 1000],
    ['-0.5e-3', -0.0005],
  ] as const) {
    assert.equal(parseJson(written), value);
  }
});

test('`__proto__` and the like are names as any other', () => {
  const value = parseJson('{"__proto__":{"admin":true},"constructor":1,"hasOwnProperty":2}') as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(value), null);
  assert.equal(value['admin'], undefined);
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'hasOwnProperty']);
});

test('an error names the document and the place', () => {
  assert.throws(() => parseJson('{"a":tru}', 'answer'), {
    message: 'the answer holds something that is no JSON (at character 5)',
  });
});

test('long flat documents take time in proportion to their length', () => {
  const items = JSON.stringify(Array.from({ length: 100_000 }, (_, i) => `item ${i}`));
  const began = performance.now();
  parseJson(items);
  parseJson(`"${'\\u0061'.repeat(200_000)}"`);
  assert.ok(performance.now() - began < 5_000);
});

test('54: the canonical form is that of RFC 8785', () => {
  // Section 3.2.3: names are sorted by UTF-16 code units, so that U+1F600 comes before U+FB33.
  const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
  assert.equal(canonicalJson(names), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  // Section 3.2.2.2: the shortest escapes, in lower case, and only where they are needed.
  assert.equal(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/\u007f'), '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"');
  assert.equal(canonicalJson({ b: [true, false, null, -0, 10], a: {} }), '{"a":{},"b":[true,false,null,0,10]}');
  assert.deepEqual(canonicalBytes(['é']), utf8('["é"]'));
});

test('54: order, blanks and escapes of the source do not change the canonical form; anything else does', () => {
  const a = parseJson('{ "b" : "\\u0061", "a" : [ 1.0, 1e2 ] }');
  assert.equal(canonicalJson(a), '{"a":[1,100],"b":"a"}');
  const strict = fc
    .jsonValue({ stringUnit: 'binary', maxDepth: 4 })
    .filter((value) => !/\.|e[-+]/.test(JSON.stringify(value)));
  fc.assert(
    fc.property(strict, (value) => {
      const once = attempt(() => canonicalJson(value))?.value;
      if (once !== undefined) assert.equal(canonicalJson(parseJson(once)), once);
    }),
  );
  const [x, y] = [
    { a: 1, b: '1' },
    { a: 1, b: 1 },
  ];
  assert.notEqual(canonicalJson(x), canonicalJson(y));
});

test('54: what two languages could write differently has no canonical form', () => {
  for (const value of [0.5, 1e300, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }]) {
    assert.throws(() => canonicalJson(value), format);
  }
  for (const value of [undefined, 1n, Symbol.iterator, () => 1, [undefined]])
    assert.throws(() => canonicalJson(value), format);
});

test('an absent member is left out, as in JSON.stringify', () => {
  assert.equal(canonicalJson({ b: undefined, a: 1 }), '{"a":1}');
});

function attempt<T>(run: () => T): { value: T } | undefined {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof SconeError) return undefined;
    throw error;
  }
}

/** The same value with objects that compare equal whether they have a prototype or not, and without the sign of zero. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
