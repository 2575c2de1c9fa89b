import { size } from './field.ts';
import type { Machine } from './machine.ts';
import { free, places } from './program.ts';

/** Scalars are read as 48 digits of 8 bits from −127 to 128, least significant first, and a last one of 0 or 1. */
const digitBits = 8;
const windows = 48;
/** Multiples of each window's base: 1 to 128. */
const multiples = 2 ** (digitBits - 1);
const pointSize = 2 * size;
const pointWords = pointSize / 4;
const entries = windows * multiples + 1;

/**
 * Multiples of one point, affine: entry w·128 + d − 1 is d·2^(8w) times it. A sum over the digits of a scalar is then the
 * scalar's multiple, with additions only (fixed-base windows; Brickell, Gordon, McCurley and Wilson 1992). 0.7 MB.
 */
export type Table = Int32Array<ArrayBuffer>;

/** Makes the table of a point on the curve other than infinity; coordinates from 0 to p − 1. */
export function tableOf(machine: Machine, x: bigint, y: bigint): Table {
  const { run } = machine;
  const table = free;
  const chain = table + entries * pointSize;
  const entry = (window: number, multiple: number): number => table + (window * multiples + multiple - 1) * pointSize;

  // 2^k times the point for all k, of which each is a power of two times some window's base.
  const powers = windows * digitBits + 1;
  const jacobian = 3 * size;
  machine.write(places.X, x);
  machine.write(places.Y, y);
  machine.write(places.Z, 1n);
  for (let k = 0; k < powers; k++) {
    if (k > 0) run.double();
    machine.copy(chain + k * jacobian, places.X, 3);
  }
  const z = (k: number): number => chain + k * jacobian + 2 * size;
  invertAll(
    machine,
    Array.from({ length: powers }, (_, k) => z(k)),
    chain + powers * jacobian,
  );
  for (let k = 0; k < powers; k++) {
    const to = entry(Math.floor(k / digitBits), 2 ** (k % digitBits));
    run.square(places.T1, z(k));
    run.multiply(to, chain + k * jacobian, places.T1);
    run.multiply(places.T1, places.T1, z(k));
    run.multiply(to + size, chain + k * jacobian + size, places.T1);
  }

  // From 1 … m times the base to m + 1 … 2m − 1 times: i·B + m·B, all windows at once for the sake of the inversion.
  for (let m = 2; m < multiples; m *= 2) {
    const sums = [];
    for (let window = 0; window < windows; window++) {
      for (let i = 1; i < m; i++) {
        sums.push({
          to: entry(window, m + i),
          a: entry(window, i),
          b: entry(window, m),
          inverse: chain + sums.length * size,
        });
      }
    }
    for (const { a, b, inverse } of sums) run.difference(inverse, b, a);
    invertAll(
      machine,
      sums.map(({ inverse }) => inverse),
      chain + sums.length * size,
    );
    for (const { to, a, b, inverse } of sums) run.chord(to, a, b, inverse);
  }
  return machine.memory.slice(table / 4, chain / 4);
}

/**
 * Adds to the running point (X, Y, Z) a scalar's multiple of a table's point, scalar below 2^384. Unless one was `started`, the
 * first entry becomes the running point. Returns whether there is one now.
 */
export function addMultiple(machine: Machine, table: Table, scalar: bigint, started: boolean): boolean {
  const { memory, run } = machine;
  const bytes = Buffer.from(scalar.toString(16).padStart(2 * windows, '0'), 'hex');
  let begun = started;
  let carry = 0;
  for (let window = 0; window <= windows; window++) {
    let digit = carry + (bytes[windows - 1 - window] ?? 0);
    carry = digit > multiples ? 1 : 0;
    digit -= carry * 2 ** digitBits;
    if (digit === 0) continue;
    const sign = digit < 0 ? -1 : 1;
    const from = (window * multiples + sign * digit - 1) * pointWords;
    const to = (begun ? places.x2 : places.X) / 4;
    for (let word = 0; word < pointWords / 2; word++) {
      memory[to + word] = table[from + word] ?? 0;
      memory[to + pointWords / 2 + word] = sign * (table[from + pointWords / 2 + word] ?? 0);
    }
    if (begun) run.add();
    else machine.write(places.Z, 1n);
    begun = true;
  }
  return begun;
}

/** Sets elements, none of them zero, to their inverses with one inversion (Montgomery's trick); `spare` has room for as many. */
function invertAll(machine: Machine, elements: readonly number[], spare: number): void {
  const { run } = machine;
  const running = places.T1;
  const inverted = places.T2;
  machine.write(running, 1n);
  for (const [index, element] of elements.entries()) {
    machine.copy(spare + index * size, running);
    run.multiply(running, running, element);
  }
  machine.invert(running);
  for (const [index, element] of [...elements.entries()].reverse()) {
    run.multiply(inverted, running, spare + index * size);
    run.multiply(running, running, element);
    machine.copy(element, inverted);
  }
}
