import { multiplication, size, squaring } from './field.ts';
import { address, get, moduleOf, type Procedure } from './wasm.ts';
import { type Bound, type Place, product, Writer } from './writer.ts';

/** Fixed places, one element each, from the beginning of memory. */
const names = ['X', 'Y', 'Z', 'x2', 'y2', 'T1', 'T2', 'T3', 'T4', 'half3'] as const;
export const places = Object.fromEntries(names.map((name, index) => [name, index * size])) as Record<
  (typeof names)[number],
  number
>;
/** The first byte behind them. */
export const free = names.length * size;

const fixed = (name: (typeof names)[number]): Place => ({ pointer: address(places[name]), offset: 0, name });
const [X, Y, Z] = [fixed('X'), fixed('Y'), fixed('Z')];
const [x2, y2] = [fixed('x2'), fixed('y2')];
const [T1, T2, T3, T4] = [fixed('T1'), fixed('T2'), fixed('T3'), fixed('T4')];
/** The constant 3/2, put there once. */
const half3 = fixed('half3');

/** A coordinate in a table: a product, or reduced, which is less. */
const coordinate = product;
/** One that may have been negated. */
const eitherSign: Bound = { words: [-1, 1], value: [-1.25, 1.25] };

/** What holds of the running point before and after each procedure: Y is a difference of two products. */
const running: readonly (readonly [Place, Bound])[] = [
  [X, product],
  [Y, { words: [-1.1, 1.1], value: [-1.5, 1.5] }],
  [Z, product],
];

/**
 * `add`: (X, Y, Z) += (x2, y2), Jacobian and affine, 8 M + 3 S: madd-2004-hmv of the Explicit-Formulas Database. With
 * H = x2·Z² − X and r = y2·Z³ − Y it is Z' = Z·H, X' = r² − H³ − 2·X·H², Y' = r·(X·H² − X') − Y·H³.
 *
 * Where both have the same x (equal or opposite points) that is no addition, but H = 0 makes Z' = 0; and with Z = 0 every
 * later Z is 0 again. So one look at Z in the end tells whether all additions were some.
 */
function addition(): Procedure {
  const write = new Writer(0, [...running, [x2, coordinate], [y2, eitherSign]]);
  write.square(T1, Z);
  write.multiply(T2, T1, Z);
  write.multiply(T1, T1, x2);
  write.multiply(T2, T2, y2);
  write.difference(T1, T1, X);
  write.difference(T2, T2, Y);
  write.multiply(Z, Z, T1);
  write.square(T3, T1);
  write.multiply(T4, T3, T1);
  write.multiply(T3, T3, X);
  write.square(X, T2);
  write.reducedDifference(X, X, T4, T3, T3);
  write.difference(T3, T3, X);
  write.multiply(T3, T3, T2);
  write.multiply(T4, T4, Y);
  write.difference(Y, T3, T4);
  return write.end('add', 0, running);
}

/**
 * `double`: (X, Y, Z) doubled. The tangent (SEC 1, 2.2.1) with a = −3 and x = X/Z², y = Y/Z³ has the slope
 * λ = 3(x² − 1)/(2y) = M/(Y·Z) with M = 3/2·(X − Z²)·(X + Z²). With Z' = Y·Z that is X' = M² − 2·X·Y² and
 * Y' = M·(X·Y² − X') − Y⁴.
 */
function doubling(): Procedure {
  const write = new Writer(0, [...running, [half3, product]]);
  write.square(T1, Z);
  write.sum(T2, X, T1);
  write.difference(T1, X, T1);
  write.multiply(T1, T1, T2);
  write.multiply(T1, T1, half3);
  write.multiply(Z, Z, Y);
  write.square(T2, Y);
  write.multiply(T3, T2, X);
  write.square(T2, T2);
  write.square(X, T1);
  write.reducedDifference(X, X, T3, T3);
  write.difference(T3, T3, X);
  write.multiply(T3, T3, T1);
  write.difference(Y, T3, T2);
  return write.end('double', 0, running);
}

/**
 * `chord` (to, a, b, inverse): a + b, affine, with 1/(b.x − a.x) given (SEC 1, 2.2.1): λ = (b.y − a.y)/(b.x − a.x),
 * x = λ² − a.x − b.x, y = λ·(a.x − x) − a.y. `to` must be another place than a and b.
 */
function chord(): Procedure {
  const point = (parameter: number, name: string): readonly [Place, Place] => [
    { pointer: get(parameter), offset: 0, name: `${name}.x` },
    { pointer: get(parameter), offset: size, name: `${name}.y` },
  ];
  const [x, y] = point(0, 'to');
  const [ax, ay] = point(1, 'a');
  const [bx, by] = point(2, 'b');
  const inverse: Place = { pointer: get(3), offset: 0, name: 'inverse' };
  const write = new Writer(4, [
    [ax, coordinate],
    [ay, coordinate],
    [bx, coordinate],
    [by, coordinate],
    [inverse, product],
  ]);
  write.difference(T1, by, ay);
  write.multiply(T1, T1, inverse);
  write.square(T2, T1);
  write.reducedDifference(x, T2, ax, bx);
  write.difference(T3, ax, x);
  write.multiply(T3, T3, T1);
  write.reducedDifference(y, T3, ay);
  return write.end('chord', 4, [
    [x, coordinate],
    [y, coordinate],
  ]);
}

/** `difference` (to, a, b): a − b of two coordinates in a table. */
function difference(): Procedure {
  const place = (parameter: number, name: string): Place => ({ pointer: get(parameter), offset: 0, name });
  const [to, a, b] = [place(0, 'to'), place(1, 'a'), place(2, 'b')];
  const write = new Writer(3, [
    [a, coordinate],
    [b, coordinate],
  ]);
  write.difference(to, a, b);
  return write.end('difference', 3, []);
}

/** The module, with a memory of this many pages. The writer knows the places of the first two. */
export function program(pages: number): Uint8Array<ArrayBuffer> {
  return moduleOf([multiplication, squaring, addition(), doubling(), chord(), difference()], pages);
}
