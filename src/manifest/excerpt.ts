import type { Position } from '../core/errors.ts';
import { withoutSecrets } from './withheld.ts';

const width = 120;

/**
 * The line of a position with a caret below its column, for a terminal:
 * ```
 *  12 |   comand: python3 print_env.py
 *     |   ^
 * ```
 * Long lines are cut around the caret, and what may be a secret is left out: errors end up in logs (item 56). Nothing
 * where the position names no line of the text.
 */
export function excerpt(text: string, at: Position): string | undefined {
  const line = withoutSecrets(text)[(at.line ?? 0) - 1];
  if (line === undefined || at.column === undefined) return undefined;
  const shown = line.replace(/\t/g, ' ').replace(/[^\P{C}]/gu, '\ufffd');
  const caret = Math.min(at.column - 1, shown.length);
  const from = caret < width - 20 ? 0 : caret - Math.floor(width / 2);
  const gutter = ` ${at.line} |`;
  const cut = shown.slice(from, from + width).trimEnd();
  return `${gutter} ${cut}\n${' '.repeat(gutter.length - 1)}| ${' '.repeat(caret - from)}^`;
}
