/** One number, and what it is compared with. */
export interface Row {
  name: string;
  value: number;
  unit: string;
  /** What the project promises; a bound from below for throughput. */
  target?: { atMost: number } | { atLeast: number };
  /** What nothing on this machine can be better than, measured in the same minute. */
  floor?: { name: string; value: number };
  /** Anything else that helps to read the number. */
  note?: string;
}

/** One line of the table. */
export function rowText({ name, value, unit, target, floor, note }: Row): string {
  const parts = [`  ${name.padEnd(44)} ${quantity(value).padStart(8)} ${unit.padEnd(10)}`];
  if (target !== undefined) {
    const [sign, bound, met] =
      'atMost' in target
        ? ['<=', target.atMost, value <= target.atMost]
        : ['>=', target.atLeast, value >= target.atLeast];
    parts.push(`target ${sign} ${quantity(bound)} ${met ? 'met' : 'NOT met'}`.padEnd(24));
  }
  if (floor !== undefined) parts.push(`floor ${quantity(floor.value)} (${floor.name})`);
  if (note !== undefined) parts.push(note);
  return parts.join('  ').trimEnd();
}

function quantity(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
