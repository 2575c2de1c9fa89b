import { styleText } from 'node:util';
import type { SconeError } from '../../core/errors.ts';
import { excerpt } from '../../manifest/excerpt.ts';
import type { Streams } from './reporter.ts';

type Colour = Parameters<typeof styleText>[0];

/** Text that may hold anything, without what would steer a terminal; lines and tabs stay. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, '\ufffd');
}

export function paint(streams: Streams, colour: Colour, text: string): string {
  return streams.colours ? styleText(colour, text, { validateStream: false }) : text;
}

/** All problems of an error, the single ones where it is a summary. */
export function problemsOf(error: SconeError): readonly SconeError[] {
  return error.errors.length === 0 ? [error] : error.errors.flatMap(problemsOf);
}

/**
 * An error for people: code and message, place with its line, what was expected and found, causes, and what to change.
 */
export function renderError(streams: Streams, error: SconeError, kind: 'error' | 'warning'): string {
  const head = paint(streams, ['bold', kind === 'error' ? 'red' : 'yellow'], `${kind} ${error.code}:`);
  const lines = [`${head} ${indented(error.message, 2)}`];
  if (error.at !== undefined) {
    const { file, line, column } = error.at;
    lines.push(`  at ${[file, line, column].filter((part) => part !== undefined).join(':')}`);
    const text = streams.readText(file);
    const shown = text === undefined ? undefined : excerpt(text, error.at);
    if (shown !== undefined) lines.push(shown);
  }
  if (error.expected !== undefined) lines.push(`  expected: ${indented(error.expected, 12)}`);
  if (error.found !== undefined) lines.push(`  found:    ${indented(error.found, 12)}`);
  for (const cause of error.causes) lines.push(`  Caused by: ${indented(cause, 13)}`);
  if (error.hint !== undefined) lines.push(`  ${paint(streams, 'bold', 'Hint:')} ${indented(error.hint, 8)}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Later lines of a text stand below its first one. */
function indented(text: string, columns: number): string {
  return printable(text)
    .trimEnd()
    .replaceAll('\n', `\n${' '.repeat(columns)}`);
}
