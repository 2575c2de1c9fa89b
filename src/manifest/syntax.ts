import { Lexer } from 'yaml';

/** What is wrong with the syntax of a file, where, and what to change. */
export interface SyntaxMistake {
  offset: number;
  message: string;
  hint?: string;
}

/** What the parser says about a file that is not YAML. */
interface Told {
  code: string;
  message: string;
  offset: number;
}

type Words = (text: string, told: Told) => Omit<SyntaxMistake, 'offset'> & { offset?: number };

/** By the parser's code or the beginning of its message: the words of a person. */
const words: readonly [said: RegExp, Words][] = [
  [
    /^MULTIPLE_DOCS/,
    () => ({
      message: 'the file holds several YAML documents',
      hint: 'split the file at `---`: one document in each file',
    }),
  ],
  [
    /^TAB_AS_INDENT/,
    () => ({
      message: 'a tab is used for indentation; YAML wants blanks',
      hint: 'put two blanks in its place; editors can show tabs',
    }),
  ],
  [
    /^BAD_SCALAR_START.* (\S+)$/,
    (_, { message }) => ({
      message: `a value cannot begin with ${message.slice(-1)} unless it stands in quotes`,
      hint: 'put quotes around the value: "…"',
    }),
  ],
  [
    /^BAD_ALIAS Alias/,
    () => ({
      message: 'a * without quotes repeats a value that has a name',
      hint: 'put it in quotes where the character is meant: "*"',
    }),
  ],
  [
    /^BAD_DQ_ESCAPE/,
    (_, { message }) => ({
      message: `${message.replace(/^.* /, '').slice(0, 2)} means nothing in double quotes`,
      hint: 'write the backslash twice, or put the value in single quotes',
    }),
  ],
  [
    /^BLOCK_AS_IMPLICIT_KEY/,
    (text, { offset }) => {
      const [line = ''] = text.slice(offset).split(/\r?\n/, 1);
      return /:(?:\s|$)/.test(line.replace(/\s#.*$/, ''))
        ? {
            message: 'there is a second ": " on this line',
            hint: 'put quotes around the value, or begin a new line with the second key',
          }
        : {
            message: 'the lines below are indented as if they belonged to this value',
            hint: 'let them begin in the column of the key of this line',
          };
    },
  ],
  [
    /^MULTILINE_IMPLICIT_KEY|^MISSING_CHAR Implicit map keys/,
    () => ({
      message: 'a key and its value need ": " between them',
      hint: 'write "key: value", with a blank behind the colon',
    }),
  ],
  [
    /^BAD_INDENT All mapping/,
    () => ({
      message: 'this line begins in another column than the keys beside it',
      hint: 'let it begin below the key that it follows, or two blanks deeper than the key it belongs to',
    }),
  ],
  [
    /^BAD_INDENT Flow|^BLOCK_IN_FLOW/,
    (_, { message }) => ({
      message: `a ${/sequence/.test(message) ? 'list in [ ]' : 'map in { }'} is not closed before this line`,
      hint: `close it with ${/sequence/.test(message) ? ']' : '}'}, and put commas between its entries`,
    }),
  ],
  [
    /^MISSING_CHAR Sequence item/,
    () => ({
      message: 'this line stands between the entries of a list, and is none of them',
      hint: 'let it begin in the column of the keys of its entry (behind "- "), or write "- " in front',
    }),
  ],
  [
    /^MISSING_CHAR Missing closing/,
    (text, { message, offset }) => {
      const quote = message.includes('"') ? '"' : "'";
      return {
        message: `a text in ${quote} is not closed`,
        hint: `close it with ${quote}`,
        offset: lastOpening(text, quote) ?? offset,
      };
    },
  ],
  [
    /^UNEXPECTED_TOKEN Unexpected scalar at node end/,
    (text, { offset }) =>
      text.slice(0, offset).endsWith('}}')
        ? needsQuotes(text, offset)
        : {
            message: 'there is more behind the end of this value',
            hint: 'put the whole value in one pair of quotes; inside single quotes a single quote is written twice',
          },
  ],
  [
    /^UNEXPECTED_TOKEN Unexpected block-seq-ind/,
    () => ({ message: 'a list cannot begin on the line of its key', hint: 'begin a new line with "- "' }),
  ],
  [
    /^UNEXPECTED_TOKEN Block scalar header/,
    () => ({
      message: 'behind | or > the text begins on the next line',
      hint: 'put the text on lines of its own below, indented, or in quotes without | and >',
    }),
  ],
];

/** Says in plain words what a parser found; `offset` may be nearer to the cause than where the parser gave up. */
export function syntaxMistake(text: string, told: Told): SyntaxMistake {
  const conflict = /^(?:<{7}|={7}|>{7})(?: |\r?$)/m.exec(text);
  if (conflict !== null) {
    const hint = 'settle the conflict, and remove the lines <<<<<<<, ======= and >>>>>>>';
    return { offset: conflict.index, message: 'the file holds the marks of a merge conflict', hint };
  }
  const odd = /^[ \t]*(?![ \t\r\n\ufeff])(\s)/m.exec(text.slice(1));
  const blank = odd?.[1];
  if (odd !== null && blank !== undefined && odd.index < told.offset + 120) {
    const point = (blank.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return {
      offset: odd.index + odd[0].length,
      message: `a line begins with the blank U+${point}, which means nothing in YAML`,
      hint: 'put ordinary blanks in its place; editors can show such characters',
    };
  }
  const said = `${told.code} ${told.message}`;
  const [, say] = words.find(([pattern]) => pattern.test(said)) ?? [];
  if (say !== undefined) {
    const { message, hint, offset = told.offset } = say(text, told);
    return { offset, message, ...(hint === undefined ? {} : { hint }) };
  }
  // Behind a colon the parser repeats text of the file, which may be of a secret (item 56).
  const message = told.message.replace(/(?<=\w): .*$/s, '');
  return {
    offset: told.offset,
    message: `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1).replace(/\.$/, '')}`,
  };
}

/** A `{{…}}` without quotes is a map in a map to YAML. */
export function needsQuotes(text: string, near: number): Omit<SyntaxMistake, 'offset'> & { offset?: number } {
  const start = text.lastIndexOf('{{', near);
  const [variable = '{{…}}'] = /^\{\{[^{}\n]{0,40}\}\}/.exec(text.slice(Math.max(start, 0))) ?? [];
  return {
    message: 'a value that begins with {{ needs quotes',
    hint: `write "${variable}" in quotes`,
    ...(start < 0 ? {} : { offset: start }),
  };
}

/** Where the text in quotes begins that has no end. */
function lastOpening(text: string, quote: string): number | undefined {
  let offset = 0;
  let opening: number | undefined;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.startsWith(quote)) opening = offset;
    // Marks of the lexer, which are no characters of the text.
    if (!['\u0002', '\u0018', '\u001f'].includes(lexeme)) offset += lexeme.length;
  }
  return opening;
}
