import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { p, R, rawValue, size, toWords, wordBits, words } from './field.ts';
import { inverse } from './inverse.ts';
import { machine, newMachine, webAssembly } from './machine.ts';
import { free } from './program.ts';
import { get, moduleOf } from './wasm.ts';
import { type Bound, type Place, Writer } from './writer.ts';

const api = webAssembly() ?? assert.fail('no WebAssembly');
const runs = machine() ?? assert.fail('no machine');
const [a, b, to] = [free, free + size, free + 2 * size];
const unit = 2 ** wordBits;

const put = (address: number, element: readonly number[]): void => runs.memory.set(element, address / 4);
const value = (element: readonly number[]): bigint => rawValue(Int32Array.from(element), 0);
const at = (address: number): number[] => [...runs.memory.subarray(address / 4, address / 4 + words)];
const same = (left: bigint, right: bigint): boolean => (left - right) % p === 0n;

/** What the bounds in writer.ts promise of a product: words run by carries, the value from −p/4 to 5p/4. */
function assertProduct(found: readonly number[], expected: bigint): void {
  assert.ok(same(value(found) * R, expected), found.join());
  assert.ok(4n * value(found) > -p && 4n * value(found) < 5n * p, found.join());
  for (const word of found.slice(0, -1)) assert.ok(word >= 0 && word < unit, found.join());
}

function assertProducts(left: readonly number[], right: readonly number[]): void {
  put(a, left);
  put(b, right);
  runs.run.multiply(to, a, b);
  assertProduct(at(to), value(left) * value(right));
  runs.run.multiply(a, a, b);
  assert.deepEqual(at(a), at(to), 'in place of the left factor');
  put(a, left);
  runs.run.multiply(b, a, b);
  assert.deepEqual(at(b), at(to), 'in place of the right factor');
}

function assertSquare(element: readonly number[]): void {
  put(a, element);
  runs.run.square(to, a);
  assertProduct(at(to), value(element) ** 2n);
  runs.run.square(a, a);
  assert.deepEqual(at(a), at(to), 'in place');
}

/** Words of up to `bound` units either way; the top word keeps the value below 8·p. */
const element = (bound: number): fc.Arbitrary<number[]> =>
  fc
    .tuple(
      fc.array(
        fc.oneof(
          fc.integer({ min: -bound * unit, max: bound * unit }),
          fc.constantFrom(...[0, 1, unit - 1, unit, bound * unit - 1, bound * unit].flatMap((one) => [one, -one])),
        ),
        { minLength: words - 1, maxLength: words - 1 },
      ),
      fc.oneof(fc.integer({ min: -(2 ** 23) + 16, max: 2 ** 23 - 16 }), fc.constantFrom(0, 1, -1, 2 ** 20, -(2 ** 20))),
    )
    .map(([low, top]) => [...low, top]);

/** Numbers where carries and borrows run far. */
const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  p - 1n,
  p - 2n,
  (p - 1n) / 2n,
  (p + 1n) / 2n,
  2n ** 384n - p,
  R % p,
  p - (R % p),
  ...[28n, 32n, 64n, 96n, 128n, 192n, 256n, 356n, 364n, 383n].flatMap((bits) => [
    2n ** bits - 1n,
    2n ** bits,
    2n ** bits + 1n,
    p - 2n ** bits,
    p - 2n ** bits + 1n,
  ]),
];

suite('arithmetic modulo the prime of P-384', () => {
  test('multiplies and squares numbers near zero, near p, near powers of two', () => {
    for (const left of edges) {
      runs.write(a, left);
      assert.equal(runs.readTimesR(a), (left * R) % p);
      assertSquare(toWords(left));
      for (const right of edges) {
        runs.write(a, left);
        runs.write(b, right);
        runs.run.multiply(to, a, b);
        assert.equal(runs.readTimesR(to), (left * right * R) % p);
      }
    }
  });

  test('multiplies the longest words that are allowed, of either sign', () => {
    const full = (word: number, top: number): number[] => [...Array.from({ length: words - 1 }, () => word), top];
    for (const [left, right] of [
      [3, 3],
      [9, 1],
      [7.99, 1.1],
    ] as const) {
      const tops = [2 ** 23 - 16, -(2 ** 23) + 16, 0, 1, -1];
      // Words are signed and have 32 bits.
      const longest = (bound: number): number => Math.min(bound * unit, 2 ** 31 - 1);
      for (const [sign, other] of [
        [1, 1],
        [1, -1],
        [-1, 1],
        [-1, -1],
      ] as const) {
        for (const top of tops) {
          assertProducts(full(sign * longest(left), top), full(other * longest(right), -top));
          assertProducts(full(sign * longest(left), top), full(other * longest(right), top));
        }
      }
    }
    for (const word of [3 * unit, -3 * unit, unit - 1, 1 - unit]) {
      for (const top of [2 ** 23 - 16, -(2 ** 23) + 16, 0]) assertSquare(full(word, top));
    }
    const mixed = Array.from({ length: words }, (_, i) => (i === words - 1 ? 0 : (i % 2 === 0 ? 3 : -3) * unit));
    assertSquare(mixed);
    assertProducts(
      mixed,
      mixed.map((word) => -word),
    );
  });

  test('multiplies and squares any words that are allowed', () => {
    fc.assert(fc.property(element(3), element(3), assertProducts), { numRuns: 1500 });
    fc.assert(fc.property(element(7), element(1), assertProducts), { numRuns: 500 });
    fc.assert(fc.property(element(3), assertSquare), { numRuns: 1500 });
  });

  test('subtracts and adds, with and without reduction, words of up to seven units', () => {
    const place = (parameter: number, name: string): Place => ({ pointer: get(parameter), offset: 0, name });
    const [result, left, right] = [place(0, 'to'), place(1, 'a'), place(2, 'b')];
    const bound: Bound = { words: [-3.5, 3.5], value: [-4, 4] };
    const write = (name: string, how: (writer: Writer) => void) => {
      const writer = new Writer(3, [
        [left, bound],
        [right, bound],
      ]);
      how(writer);
      return writer.end(name, 3, []);
    };
    const bytes = moduleOf(
      [
        write('sum', (writer) => writer.sum(result, left, right)),
        write('difference', (writer) => writer.difference(result, left, right)),
        write('reduced', (writer) => writer.reducedDifference(result, left, right)),
      ],
      1,
    );
    const { exports } = new api.Instance(new api.Module(bytes));
    const { sum, difference, reduced, memory } = exports as {
      [name in 'sum' | 'difference' | 'reduced']: (...places: number[]) => void;
    } & { memory: { buffer: ArrayBuffer } };
    const all = new Int32Array(memory.buffer);
    const half = element(3.5).map((words) => [...words.slice(0, -1), Math.trunc((words.at(-1) ?? 0) / 2)]);
    const run = (procedure: (...places: number[]) => void, one: number[], two: number[]): number[] => {
      all.set([...one, ...two]);
      procedure(2 * size, 0, size);
      return [...all.subarray(2 * words, 3 * words)];
    };
    const check = (one: number[], two: number[]): void => {
      assert.equal(value(run(sum, one, two)), value(one) + value(two));
      assert.equal(value(run(difference, one, two)), value(one) - value(two));
      const found = run(reduced, one, two);
      assert.ok(same(value(found), value(one) - value(two)), found.join());
      assert.ok(10n * value(found) > -p && 10n * value(found) < 11n * p, found.join());
      for (const word of found.slice(0, -1)) assert.ok(word >= 0 && word < unit, found.join());
    };
    fc.assert(fc.property(half, half, check), { numRuns: 3000 });
    const zero = Array.from({ length: words }, () => 0);
    for (const left of edges) {
      for (const right of edges) check(toWords(left), toWords(right));
      check(toWords(left), zero);
    }
    const multiples = [1n, 2n, 3n].map((factor) => {
      const rest = factor * p;
      return Array.from({ length: words }, (_, i) =>
        Number((rest >> BigInt(28 * i)) & (i === 13 ? 2n ** 30n - 1n : 2n ** 28n - 1n)),
      );
    });
    for (const one of [...multiples, zero]) for (const two of [...multiples, zero]) check(one, two);
  });

  test('inverts', () => {
    for (const number of edges.filter((edge) => edge % p !== 0n)) {
      assert.equal((inverse(number % p, p) * number) % p, 1n);
      runs.write(a, number);
      runs.invert(a);
      runs.write(b, number);
      runs.run.multiply(to, a, b);
      assert.equal(runs.readTimesR(to), R % p);
    }
  });
});

suite('the account of bounds', () => {
  const place = (name: string): Place => ({ pointer: get(0), offset: 0, name });
  const [X, Y] = [place('X'), place('Y')];
  const bounded = (words: number, value: number): Bound => ({ words: [-words, words], value: [-value, value] });

  test('lets no procedure be written that could overflow', () => {
    const writer = (one: Bound, two: Bound) =>
      new Writer(1, [
        [X, one],
        [Y, two],
      ]);
    writer(bounded(3, 8), bounded(3, 8)).multiply(X, X, Y);
    assert.throws(() => writer(bounded(3.1, 1), bounded(3, 1)).multiply(X, X, Y), /may overflow a column/);
    assert.throws(() => writer(bounded(3.1, 1), bounded(3, 1)).square(X, X), /may overflow a column/);
    assert.throws(() => writer(bounded(1, 9), bounded(1, 8)).multiply(X, X, Y), /may be too large/);
    assert.throws(() => writer(bounded(4, 1), bounded(4, 1)).difference(X, X, Y), /may not fit/);
    assert.throws(() => writer(bounded(4, 1), bounded(4, 1)).sum(X, X, Y), /may not fit/);
    assert.throws(() => writer(bounded(1, 4), bounded(1, 5)).reducedDifference(X, X, Y), /may be too far/);
    assert.throws(() => writer(bounded(1, 1), bounded(1, 1)).square(X, place('Z')), /has no value yet/);
    assert.throws(() => writer(bounded(1, 2), bounded(1, 1)).end('it', 1, [[X, bounded(1, 1)]]), /outside its bound/);
  });
});

test('two machines share nothing', () => {
  const other = newMachine() ?? assert.fail('no machine');
  runs.write(a, 5n);
  other.write(a, 7n);
  assert.equal(runs.readTimesR(a), (5n * R) % p);
});
