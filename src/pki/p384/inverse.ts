/** The inverse of a number from 1 to m − 1 modulo a prime, by Euclid's extended algorithm. */
export function inverse(value: bigint, m: bigint): bigint {
  let [left, right] = [m, value];
  let [a, b] = [0n, 1n];
  // left ≡ a·value and right ≡ b·value (mod m).
  while (right !== 0n) {
    const quotient = left / right;
    [left, right] = [right, left - quotient * right];
    [a, b] = [b, a - quotient * b];
  }
  return a < 0n ? a + m : a;
}
