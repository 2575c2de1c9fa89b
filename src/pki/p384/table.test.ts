import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { add, G, isOnCurve, multiply, n, type Point, p, pointOfX, timesG } from '../../../test/pki/reference-curve.ts';
import { R, rawValue, words } from './field.ts';
import { inverse } from './inverse.ts';
import { machine } from './machine.ts';
import { places } from './program.ts';
import { addMultiple, type Table, tableOf } from './table.ts';

const runs = machine() ?? assert.fail('no WebAssembly');
const oneOverR = inverse(R % p, p);

function entry(table: Table, window: number, multiple: number): NonNullable<Point> {
  const at = (window * 128 + multiple - 1) * 2 * words;
  const [x, y] = [at, at + words].map((from) => (((rawValue(table, from) * oneOverR) % p) + p) % p);
  return { x: x ?? 0n, y: y ?? 0n };
}

/** Where the running point is, and whether it is anywhere: Z other than zero. */
function running(): Point {
  const z = runs.readTimesR(places.Z);
  if (z === 0n) return undefined;
  // All three carry a factor R: X/Z² is x/R, Y/Z³ is y/R².
  const inverted = inverse(z, p);
  return {
    x: (runs.readTimesR(places.X) * R * inverted ** 2n) % p,
    y: (runs.readTimesR(places.Y) * R * R * inverted ** 3n) % p,
  };
}

suite('tables of multiples of a point', () => {
  const tables = { G: tableOf(runs, G.x, G.y), other: undefined as Table | undefined };
  // A point of which nobody knows what multiple of G it is.
  let other: Point;
  for (let x = 1000n; other === undefined; x++) other = pointOfX(x);
  tables.other = tableOf(runs, other.x, other.y);

  test('hold exactly the multiples that they say, calculated with nothing in common', () => {
    for (const [table, start] of [
      [tables.G, G],
      [tables.other, other],
    ] as const) {
      let base: Point = start;
      for (let window = 0; window < 48; window++) {
        let multiple: Point = base;
        for (let digit = 1; digit <= 128; digit++) {
          assert.deepEqual(entry(table ?? assert.fail(), window, digit), multiple, `${window} ${digit}`);
          if (digit < 128) multiple = add(multiple, base);
        }
        base = add(multiple, multiple);
      }
      assert.deepEqual(entry(table ?? assert.fail(), 48, 1), base);
      assert.equal(table?.length, (48 * 128 + 1) * 2 * words);
    }
  });

  test('hold what OpenSSL calculates', () => {
    for (let window = 0; window < 48; window++) {
      for (const digit of [1, 2, 3, 64, 127, 128, 1 + ((window * 37) % 128)]) {
        const found = entry(tables.G, window, digit);
        assert.deepEqual(found, timesG(BigInt(digit) << BigInt(8 * window)));
        assert.ok(isOnCurve(found));
      }
    }
  });

  test('add up to the multiple of any scalar', () => {
    const repeated = (byte: string): bigint => BigInt(`0x${byte.repeat(48)}`);
    const few = [1n, 2n, 127n, 128n, 129n, 255n, 256n, 257n, n - 1n, n - 2n, n / 2n, n / 2n + 1n];
    const scalars = [
      ...few,
      ...['01', '7f', '80', '81', 'ff', '00ff', 'ff00', '8180', '8081'].map((bytes) => repeated(bytes) % n),
      ...Array.from({ length: 48 }, (_, window) => 0x80n << BigInt(8 * window)),
      ...Array.from({ length: 48 }, (_, window) => (0x81n << BigInt(8 * window)) % n),
      ...Array.from({ length: 48 }, (_, window) => (1n << BigInt(8 * window + 8)) - 1n).map((scalar) => scalar % n),
    ];
    for (const scalar of scalars) {
      assert.equal(addMultiple(runs, tables.G, scalar, false), true);
      assert.deepEqual(running(), timesG(scalar), scalar.toString(16));
    }
    for (const scalar of [1n, n - 1n, repeated('81') % n, 3n ** 240n % n]) {
      addMultiple(runs, tables.other ?? assert.fail(), scalar, false);
      assert.deepEqual(running(), multiply(scalar, other));
    }
  });

  test('a scalar of zero adds nothing', () => {
    assert.equal(addMultiple(runs, tables.G, 0n, false), false);
    addMultiple(runs, tables.G, 5n, false);
    assert.equal(addMultiple(runs, tables.G, 0n, true), true);
    assert.deepEqual(running(), timesG(5n));
  });

  test('the same point, its opposite and what follows leave the running point nowhere', () => {
    for (const [first, then] of [
      [7n, 7n],
      [7n, n - 7n],
      [1n << 80n, 1n << 80n],
      // The scalar's lowest digit meets the running point, and 47 further additions come behind it.
      [(3n ** 242n % n) % 100n, (3n ** 242n % n) - ((3n ** 242n % n) % 256n) + ((3n ** 242n % n) % 100n)],
    ] as const) {
      addMultiple(runs, tables.G, first, false);
      addMultiple(runs, tables.G, then, true);
      assert.equal(running(), undefined, `${first} ${then}`);
    }
  });
});
