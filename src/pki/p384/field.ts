import {
  and,
  type Code,
  get,
  integer,
  load,
  minus,
  type Procedure,
  plus,
  set,
  shiftLeft,
  shiftRight,
  store,
  times,
} from './wasm.ts';

/** The prime of P-384: 2^384 − 2^128 − 2^96 + 2^32 − 1 (SP 800-186, 3.2.1.4). */
export const p = (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n;

/**
 * Field elements are 14 signed words of 28 bits, least significant first, in Montgomery's form: `a` stands for a·R with
 * R = 2^392. Signed words make subtraction as cheap as addition, and the room above 28 bits lets both go without carries;
 * `Bound` says how far.
 */
export const words = 14;
export const wordBits = 28;
/** Bytes of an element in memory. */
export const size = 4 * words;
export const R = 1n << BigInt(words * wordBits);

const mask = integer(2 ** wordBits - 1);
const indexes = Array.from({ length: words }, (_, index) => index);
const sum = (terms: readonly Code[]): Code => terms.reduce(plus);

/**
 * Montgomery multiplication (dst, a, b): a·b/R mod p. Product scanning, one column of weight 2^(28k) after the other. The
 * lower 14 columns are made zero by adding m_k·p·2^(28k): since p ≡ −1 mod 2^28, m_k is the column's lowest 28 bits, and
 * the sparse p takes shifts instead of multiplications: its terms 2^32, −2^96, −2^128 and 2^384 meet the columns
 * k + 1, k + 3, k + 4 and k + 13. Loads everything before it stores, so that dst may be a or b.
 */
export const multiplication: Procedure = montgomery('multiply', 3, (k, a, b) => {
  const products = indexes.filter((i) => inRange(k - i)).map((i) => times(a(i), b(k - i)));
  return products.length === 0 ? [] : [sum(products)];
});

/** The same of (dst, a): a²/R mod p, with every mixed product only once. */
export const squaring: Procedure = montgomery('square', 2, (k, a) => {
  const mixed = indexes.filter((i) => inRange(k - i) && i < k - i).map((i) => times(a(i), a(k - i)));
  const middle = k % 2 === 0 && inRange(k / 2) ? [times(a(k / 2), a(k / 2))] : [];
  return mixed.length === 0 ? middle : [...middle, shiftLeft(sum(mixed), 1)];
});

function inRange(index: number): boolean {
  return index >= 0 && index < words;
}

type Word = (index: number) => Code;

function montgomery(
  name: string,
  parameters: 2 | 3,
  column: (k: number, a: Word, b: Word) => readonly Code[],
): Procedure {
  const first = parameters;
  const operands = parameters - 1;
  const carry = first + operands * words;
  const m = (k: number): number => carry + 1 + k;
  const word =
    (operand: number): Word =>
    (index) =>
      get(first + operand * words + index);
  const body: Code[] = [];
  for (let operand = 0; operand < operands; operand++) {
    for (const i of indexes) body.push(set(first + operand * words + i, load(get(1 + operand), 4 * i)));
  }
  for (let k = 0; k < 2 * words; k++) {
    const quotient = (back: number, bits: number): Code[] =>
      inRange(k - back) ? [shiftLeft(get(m(k - back)), bits)] : [];
    const added = [...column(k, word(0), word(1)), ...quotient(13, 20), ...quotient(1, 4)];
    const all = [...(k === 0 ? [] : [get(carry)]), ...added];
    const total = [...quotient(3, 12), ...quotient(4, 16)].reduce(minus, sum(all));
    body.push(set(carry, total));
    const low = and(get(carry), mask);
    if (k < words) body.push(set(m(k), low));
    else body.push(store(get(0), 4 * (k - words), k === 2 * words - 1 ? get(carry) : low));
    body.push(set(carry, shiftRight(get(carry), wordBits)));
  }
  return { name, parameters, locals: operands * words + 1 + words, body: body.flat() };
}

/** Local variables that `reduction` needs. */
export const reductionLocals = words;

/**
 * Brings words (already in the locals from `first` on) to 28 bits and the value near [0, p): the carries run, then the top
 * word's share above 2^384 comes off as a multiple q of p, and the carries run again.
 */
export function reduction(first: number): Code {
  const word = (index: number): Code => get(first + index);
  const carries = indexes
    .slice(1)
    .flatMap((i) => [
      ...set(first + i, plus(word(i), shiftRight(word(i - 1), wordBits))),
      ...set(first + i - 1, and(word(i - 1), mask)),
    ]);
  const top = words - 1;
  const q = shiftRight(word(top), 20);
  return [
    ...carries,
    ...set(first, plus(word(0), q)),
    ...set(first + 1, minus(word(1), shiftLeft(q, 4))),
    ...set(first + 3, plus(word(3), shiftLeft(q, 12))),
    ...set(first + 4, plus(word(4), shiftLeft(q, 16))),
    ...set(first + top, and(word(top), integer(2 ** 20 - 1))),
    ...carries,
  ];
}

/** The words of the element that stands for an integer from 0 to p − 1. */
export function toWords(value: bigint): number[] {
  let rest = (value * R) % p;
  return indexes.map(() => {
    const word = Number(rest & 0xfffffffn);
    rest >>= 28n;
    return word;
  });
}

/** The value of the words at an index as they are: not divided by R, not reduced, perhaps negative. */
export function rawValue(memory: Int32Array, at: number): bigint {
  let value = 0n;
  for (let i = at + words - 1; i >= at; i--) value = (value << 28n) + BigInt(memory[i] ?? 0);
  return value;
}
