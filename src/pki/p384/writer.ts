import { reduction, reductionLocals, words } from './field.ts';
import { addressPlus, type Code, call, get, load, minus, type Procedure, plus, set, store } from './wasm.ts';

/** Where an element is in memory. */
export interface Place {
  pointer: Code;
  offset: number;
  /** Names it in the account of bounds. */
  name: string;
}

/**
 * What is known of an element: its words, in multiples of 2^28, and its value, in multiples of p. While a procedure is
 * written each operation is checked against these, so a procedure that could overflow cannot be made.
 */
export interface Bound {
  words: Interval;
  value: Interval;
}

type Interval = readonly [least: number, most: number];

/** After a multiplication with |a·b| ≤ 64·p²: (a·b + m·p)/R with 0 ≤ m < R and p < R/2^8; words run by carries. */
export const product: Bound = { words: [-0.1, 1], value: [-0.25, 1.25] };
/** After a reduction of at most 8·p either way: 0 to 2^384, and q·2^128 more or less. */
export const reduced: Bound = { words: [-0.1, 1], value: [-0.1, 1.1] };
/** The indexes that multiplication and squaring must have in the module. */
export const multiply = 0;
export const square = 1;

const most = (interval: Interval): number => Math.max(-interval[0], interval[1]);

/** Writes one procedure in terms of field elements. */
export class Writer {
  readonly #code: Code[] = [];
  readonly #bounds = new Map<string, Bound>();
  readonly #first: number;

  /** `first`: index of the first free local, behind the parameters. */
  constructor(first: number, given: readonly (readonly [Place, Bound])[]) {
    this.#first = first;
    for (const [place, bound] of given) this.#bounds.set(place.name, bound);
  }

  multiply(to: Place, a: Place, b: Place): void {
    this.#product(to, a, b, call(multiply, at(to), at(a), at(b)));
  }

  square(to: Place, a: Place): void {
    this.#product(to, a, a, call(square, at(to), at(a)));
  }

  /** to = a + b, without carries. */
  sum(to: Place, a: Place, b: Place): void {
    const [left, right] = [this.#bound(a), this.#bound(b)];
    for (let i = 0; i < words; i++) this.#store(to, i, plus(word(a, i), word(b, i)));
    this.#bounds.set(to.name, stored({ words: sum(left.words, right.words), value: sum(left.value, right.value) }));
  }

  /** to = a − b − …, without carries. */
  difference(to: Place, a: Place, ...others: readonly Place[]): void {
    const bound = this.#difference(a, others);
    for (let i = 0; i < words; i++) this.#store(to, i, differences(i, a, others));
    this.#bounds.set(to.name, stored(bound));
  }

  /** The same, brought near [0, p). */
  reducedDifference(to: Place, a: Place, ...others: readonly Place[]): void {
    const bound = this.#difference(a, others);
    if (most(bound.value) > 8) throw new Error(`${to.name} may be too far from [0, p) to be reduced`);
    for (let i = 0; i < words; i++) this.#code.push(set(this.#first + i, differences(i, a, others)));
    this.#code.push(reduction(this.#first));
    for (let i = 0; i < words; i++) this.#store(to, i, get(this.#first + i));
    this.#bounds.set(to.name, reduced);
  }

  /** The procedure; each place named must be within its bound at the end. */
  end(name: string, parameters: number, results: readonly (readonly [Place, Bound])[]): Procedure {
    for (const [place, bound] of results) {
      const found = this.#bound(place);
      const inside =
        found.words[0] >= bound.words[0] &&
        found.words[1] <= bound.words[1] &&
        found.value[0] >= bound.value[0] &&
        found.value[1] <= bound.value[1];
      if (!inside) throw new Error(`${name} leaves ${place.name} outside its bound`);
    }
    return { name, parameters, locals: reductionLocals, body: this.#code.flat() };
  }

  #bound(place: Place): Bound {
    const bound = this.#bounds.get(place.name);
    if (bound === undefined) throw new Error(`${place.name} has no value yet`);
    return bound;
  }

  #store(to: Place, index: number, value: Code): void {
    this.#code.push(store(to.pointer, to.offset + 4 * index, value));
  }

  #product(to: Place, a: Place, b: Place, code: Code): void {
    const [left, right] = [this.#bound(a), this.#bound(b)];
    // A column sums 14 products of words: 14·9·2^56 is 2^57 below 2^63, more than all else that is added.
    if (most(left.words) * most(right.words) > 9) throw new Error(`${a.name} · ${b.name} may overflow a column`);
    if (most(left.value) * most(right.value) > 64) throw new Error(`${a.name} · ${b.name} may be too large`);
    this.#code.push(code);
    this.#bounds.set(to.name, product);
  }

  #difference(a: Place, others: readonly Place[]): Bound {
    return others.reduce<Bound>((bound, other) => {
      const { words, value } = this.#bound(other);
      return { words: sum(bound.words, negative(words)), value: sum(bound.value, negative(value)) };
    }, this.#bound(a));
  }
}

function sum(a: Interval, b: Interval): Interval {
  return [a[0] + b[0], a[1] + b[1]];
}

function negative(interval: Interval): Interval {
  return [-interval[1], -interval[0]];
}

/** Words are stored as 32 bits with a sign. */
function stored(bound: Bound): Bound {
  if (most(bound.words) >= 8) throw new Error('words may not fit into 32 bits');
  return bound;
}

function word({ pointer, offset }: Place, index: number): Code {
  return load(pointer, offset + 4 * index);
}

function differences(index: number, a: Place, others: readonly Place[]): Code {
  return others.map((other) => word(other, index)).reduce(minus, word(a, index));
}

/** The address as a value. */
function at({ pointer, offset }: Place): Code {
  return offset === 0 ? pointer : addressPlus(pointer, offset);
}
