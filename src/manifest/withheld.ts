import { commonFields, kindFields, secretFields } from '../language/vocabulary.ts';

/** Keys of what a secret says about others. */
const inShares = ['session', 'session_hash', 'namespace', 'secret', 'vault', 'secret_name', 'for'];
/** Keys that only hold others. */
const sections = ['secrets', 'global'];
/**
 * Keys below `secrets` whose values are shown. All others are left out, known or not: behind a key with a typing error
 * may be the secret.
 */
const shownKeys = new Set(
  [...sections, ...commonFields, ...Object.values(kindFields).flat(), ...inShares].filter(
    (field) => !secretFields.includes(field) && field !== 'payload',
  ),
);
/** Elsewhere a `value` is one of the environment, and is shown. */
const hiddenKeys = secretFields.filter((field) => field !== 'value');
const mentioned = new RegExp(`\\b(?:secrets|${hiddenKeys.join('|')})\\b`);

/** What stands in `private_key` is mostly the name of a secret, and no private key is as short as this. */
const name = /^\s*(["']?)[A-Za-z0-9_.~-]{1,40}\1\s*(?:[,}]|$)/;

/** No key is longer with its indentation, and hostile ones shall not take time. */
const longest = 256;

/** Of the last file: a command shows many errors of one file. */
let last: { text: string; lines: readonly string[] } = { text: '', lines: [''] };

/**
 * The lines of a file, with an ellipsis in the place of whatever may be a secret (item 56): below `secrets` everything
 * but the values of harmless keys, elsewhere what stands in `secretFields`. The file need not be YAML, since most errors
 * are about one that is not quite; so in doubt nothing is shown.
 */
export function withoutSecrets(text: string): readonly string[] {
  if (last.text !== text) {
    const state = new Reading();
    last = { text, lines: text.split(/\r\n|\n|\r/).map((line) => state.shown(line)) };
  }
  return last.lines;
}

/** Where the reading of a file stands, from line to line. */
class Reading {
  /** Column of the line with `secrets`, as long as what it holds goes on. */
  private section: number | undefined;
  /** A value that was left out is still open: it began with this quote, */
  private quote: string | undefined;
  /** or it goes on with all lines that begin behind this column. */
  private deeper: number | undefined;
  /** Column of a harmless key whose list goes on in the lines below. */
  private list: number | undefined;

  shown(line: string): string {
    const column = line.search(/\S/);
    if (this.quote !== undefined) {
      if (closes(line, this.quote)) this.quote = undefined;
      return withoutText(line);
    }
    if (column < 0) return line;
    if (this.deeper !== undefined && column > this.deeper) return withoutText(line);
    this.deeper = undefined;
    const ends = column <= (this.section ?? -1) && /^(?:---|["']?[a-z][\w-]*["']?\s*:)/.test(line.slice(column));
    if (ends) this.section = undefined;
    if (this.section === undefined && !mentioned.test(line)) return line;
    if (line[column] === '#') return this.section === undefined ? line : withoutText(line);
    const [code = line] = /^[^"']*?(?=\s#)/.exec(line) ?? [];
    const end = this.end(code, column);
    if (end !== undefined) return line.slice(0, end) + withoutText(line.slice(end));
    return this.section === undefined ? line : code + withoutText(line.slice(code.length));
  }

  /** Where a line has to end, if it has to; and what follows from it for the lines below. */
  private end(line: string, column: number): number | undefined {
    const goesOn =
      this.list !== undefined && (column > this.list || (column === this.list && line.startsWith('- ', column)));
    let open = '';
    /** Whether a text here belongs to a harmless key. */
    let harmless = goesOn;
    let keys = 0;
    let from = 0;
    for (const { 0: mark, index } of [...line.matchAll(/[{}[\],:]/g), { 0: '', index: line.length }]) {
      const start = from;
      from = index + 1;
      const text = line.slice(start, index);
      if (mark === ':') {
        if (this.keepsValue(text, column) || (bare(text) === 'private_key' && name.test(line.slice(from, from + 64)))) {
          keys++;
          harmless = !sections.includes(bare(text));
          continue;
        }
        this.hide(line.slice(from), start + text.search(/[^\s-]|$/));
        return this.section === undefined || bare(text) !== '' ? from : start;
      }
      if (this.section !== undefined && !harmless && /[^\s-]/.test(text)) {
        this.hide(text, column);
        return start;
      }
      if (mark === '{' || mark === '[') open += mark;
      if (mark === '}' || mark === ']') open = open.slice(0, -1);
      if (mark === '}' || (mark === ',' && !open.endsWith('[') && (keys > 0 || !goesOn))) harmless = false;
    }
    const empty = line.slice(line.lastIndexOf(':') + 1).trim() === '';
    if (keys > 0 || !goesOn) this.list = harmless && (empty || open.endsWith('[')) ? column : undefined;
    return undefined;
  }

  /** Whether the value behind this key may be shown. */
  private keepsValue(key: string, column: number): boolean {
    if (this.section !== undefined) return shownKeys.has(bare(key));
    const [, word = ''] = /([\w-]+)["']?\s*$/.exec(key.slice(-longest)) ?? [];
    if (word === 'secrets') this.section = column;
    return !hiddenKeys.includes(word);
  }

  /** A value is left out, and so are the lines that go on with it. */
  private hide(value: string, column: number): void {
    const [, quote] = /^\s*(?:[!&]\S*\s+)*(["'])/.exec(value) ?? [];
    if (quote !== undefined && !closes(value.slice(value.indexOf(quote) + 1), quote)) this.quote = quote;
    this.deeper = column;
    this.list = undefined;
  }
}

/** A key without what may stand around it: the dash of a list, quotes. */
function bare(key: string): string {
  const [, , name = ''] = /^[\s-]*(["']?)([\w-]+)\1\s*$/.exec(key.length > longest ? '' : key) ?? [];
  return name;
}

function closes(text: string, quote: string): boolean {
  return (quote === '"' ? text.replace(/\\./g, '') : text.replaceAll("''", '')).includes(quote);
}

function withoutText(line: string): string {
  return line.replace(/\S.*$/s, '…');
}
