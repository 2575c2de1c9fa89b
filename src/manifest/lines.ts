import type { Position } from '../core/errors.ts';

/** Offsets at which lines begin, ascending. */
export type Lines = readonly number[];

export function lineStarts(text: string): Lines {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column of an offset; both count from 1. */
export function positionIn(lines: Lines, file: string, offset: number): Position {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file, line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
}
