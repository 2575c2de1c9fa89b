import type { Position } from '../core/errors.ts';

const width = 120;

/**
 * The line of a position with a caret below its column, for a terminal:
 * ```
 *  12 |   comand: python3 print_env.py
 *     |   ^
 * ```
 * Long lines are cut around the caret, and explicit values of secrets are left out: errors end up in logs (item 56).
 * Nothing where the position names no line of the text.
 */
export function excerpt(text: string, at: Position): string | undefined {
  const lines = text.split(/\r\n|\n|\r/);
  const index = (at.line ?? 0) - 1;
  if (lines[index] === undefined || at.column === undefined) return undefined;
  const shown = withoutValues(lines, index)
    .replace(/\t/g, ' ')
    .replace(/[^\P{C}]/gu, '\ufffd');
  const caret = Math.min(at.column - 1, shown.length);
  const from = caret < width - 20 ? 0 : caret - Math.floor(width / 2);
  const gutter = ` ${at.line} |`;
  const cut = shown.slice(from, from + width).trimEnd();
  return `${gutter} ${cut}\n${' '.repeat(gutter.length - 1)}| ${' '.repeat(caret - from)}^`;
}

const secrets = /^(.*?)["']?\bsecrets["']?\s*:/;
const anyKey = /^\s*(?:-\s+)*["']?[A-Za-z_][\w-]*["']?\s*:|^\s*(?:-\s+)*[[{]/;

/** A line, without the values of secrets where it stands below the key `secrets`, in block or flow form. */
function withoutValues(lines: readonly string[], index: number): string {
  const line = lines[index] ?? '';
  const start = lines.findLastIndex((other, place) => place <= index && secrets.test(other));
  if (start < 0) return line;
  const [, before = ''] = secrets.exec(lines[start] ?? '') ?? [];
  const ended = lines.slice(start + 1, index + 1).some((other) => {
    const blanks = other.search(/\S/);
    return blanks >= 0 && blanks <= before.search(/\S|$/) && (other.startsWith('---') || !/^\s*[-#\]}]/.test(other));
  });
  if (ended) return line;
  // What has no key of its own goes on with the value of a line above, or is the name of an imported secret.
  const above = lines.slice(start, index).findLast((other) => anyKey.test(other)) ?? '';
  if (/^\s*import\s*:\s*(?:#.*)?$/.test(above)) return line;
  if (!anyKey.test(line) && index > start) return line.replace(/\S.*$/s, '…');
  return line.replace(/(["']?\bvalue["']?\s*:\s*)\S.*$/s, '$1…');
}
