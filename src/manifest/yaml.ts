import { Lexer, parseDocument } from 'yaml';
import { type ErrorCode, type Position, SconeError } from '../core/errors.ts';
import { type Lines, lineStarts, positionIn } from './lines.ts';
import { syntaxMistake } from './syntax.ts';
import { type Fail, type Place, type Say, type Tree, Walk, yamlLimits } from './tree.ts';

/** Local tags of the session language (c.5). */
const sessionTags = ['!cas', '!akv'];

/** The lexer makes fewer than four elements of one character. */
const shortText = yamlLimits.lexemes / 4;

export type Path = readonly (string | number)[];

/** A YAML file that was read: its value, and where everything in it stands. */
export class YamlSource {
  readonly file: string;
  readonly text: string;
  /** The code of errors about this file. */
  readonly code: ErrorCode;
  readonly value: Tree;
  readonly place: Place;
  private readonly lines: Lines;

  constructor(file: string, text: string, code: ErrorCode, lines: Lines, root: { value: Tree; place: Place }) {
    this.file = file;
    this.text = text;
    this.code = code;
    this.lines = lines;
    this.value = root.value;
    this.place = root.place;
  }

  /** The same file with other scalars; positions stay. */
  withValue(value: Tree): YamlSource {
    return new YamlSource(this.file, this.text, this.code, this.lines, { value, place: this.place });
  }

  /** Where the value at this path stands; if there is none, its nearest parent. */
  at(path: Path): Position {
    const { place, depth } = this.find(path);
    return this.position(depth < path.length && place.key !== undefined ? place.key : place.start);
  }

  /** Where the key of this member stands. */
  keyAt(path: Path): Position {
    const { place } = this.find(path);
    return this.position(place.key ?? place.start);
  }

  /** The place of the value at this path, where there is one. */
  placeOf(path: Path): Place | undefined {
    const { place, depth } = this.find(path);
    return depth === path.length ? place : undefined;
  }

  position(offset: number): Position {
    return positionIn(this.lines, this.file, offset);
  }

  private find(path: Path): { place: Place; depth: number } {
    let place = this.place;
    let depth = 0;
    for (const step of path) {
      const next = place.members?.get(step);
      if (next === undefined) break;
      place = next;
      depth++;
    }
    return { place, depth };
  }
}

/**
 * Reads one YAML document. Scalars keep their source text: `0777`, `NO` and long integers are what was written
 * (threat model 52); only a plain `~`, `null` or nothing is null. Duplicate keys, tags, several documents and input
 * beyond `yamlLimits` are refused. Throws an error of the given code whose `errors` each have a position.
 */
export function readYaml(text: string, file: string, code: ErrorCode = 'E_MANIFEST'): YamlSource {
  const lines = lineStarts(text);
  const fail = (offset: number, message: string, hint?: string): never => {
    const at = positionIn(lines, file, offset);
    throw summary(file, code, [new SconeError(code, message, { at, ...(hint === undefined ? {} : { hint }) })]);
  };
  checkText(text, fail);
  const document = parseDocument(withoutLastMark(text), {
    schema: 'failsafe',
    // The library compares each key with every other; the walk below does it in linear time.
    uniqueKeys: false,
    prettyErrors: false,
    // At 'silent' the library reads the first of several documents and says nothing of the others.
    logLevel: 'error',
  });
  // What the parser says after its first error is mostly a consequence of it.
  const [broken] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (broken !== undefined) {
    const told = { code: broken.code, message: broken.message, offset: broken.pos[0] };
    if (/call stack/.test(told.message)) fail(told.offset, `the file is nested deeper than ${yamlLimits.depth} levels`);
    const { offset, message, hint } = syntaxMistake(text, told);
    fail(offset, message, hint);
  }
  const problems: SconeError[] = [];
  const say: Say = (offset, message, hint) =>
    problems.push(new SconeError(code, message, { at: positionIn(lines, file, offset), hint }));
  const walk = new Walk(text, say, fail, code === 'E_SESSION' ? sessionTags : []);
  const root = document.contents === null ? empty() : walk.node(document.contents, 0);
  if (problems.length > 0) throw summary(file, code, problems);
  return new YamlSource(file, text, code, lines, root);
}

/** More than anybody will read; each takes time to show. */
const mostProblems = 100;

/** One error for all problems of a file; its `errors` are sorted by position, and the first hundred. */
export function summary(file: string, code: ErrorCode, problems: readonly SconeError[]): SconeError {
  const errors = problems.toSorted(byPosition);
  const count = errors.length > mostProblems ? `more than ${mostProblems}` : errors.length;
  const message = errors.length === 1 ? `${file} has a problem` : `${file} has ${count} problems`;
  const at = errors[0]?.at;
  const next = errors[mostProblems];
  if (next !== undefined) {
    const more = 'there are more problems from here on, which are not shown';
    errors.splice(
      mostProblems,
      errors.length,
      new SconeError(code, more, next.at === undefined ? {} : { at: next.at }),
    );
  }
  return new SconeError(code, message, { errors, ...(at === undefined ? {} : { at }) });
}

export function byPosition(a: SconeError, b: SconeError): number {
  return (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0);
}

/** A `---` at the end, with nothing behind it, begins no document. */
function withoutLastMark(text: string): string {
  const mark = /\n---[ \t]*(?:#.*)?(?:\r?\n[ \t]*(?:#.*)?)*$/.exec(text);
  return mark === null ? text : text.slice(0, mark.index + 1);
}

function empty(): { value: Tree; place: Place } {
  return { value: null, place: { start: 0, end: 0 } };
}

/** What can be refused before the parser, which recurses, sees it. */
function checkText(text: string, fail: Fail): void {
  if (text.length > yamlLimits.length) {
    fail(0, `the file is longer than ${yamlLimits.length} characters`, 'manifests hold settings; move data into files');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: YAML 1.2, 5.1 forbids exactly these
  const odd = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u.exec(
    text.replace(/^\ufeff/, ' '),
  );
  if (odd !== null) {
    const point = (odd[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    fail(odd.index, `the character U+${point} may not be in a YAML file`, 'save the file as UTF-8 text');
  }
  // A text this short, with this few brackets, is within both limits; nearly every manifest is.
  const brackets = text.length < shortText ? (text.match(/[[{]/g)?.length ?? 0) : Number.POSITIVE_INFINITY;
  if (brackets <= yamlLimits.depth) return;
  let lexemes = 0;
  let depth = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++lexemes > yamlLimits.lexemes) fail(offset, `the file has more than ${yamlLimits.lexemes} lexical elements`);
    if (lexeme === '[' || lexeme === '{') depth++;
    if (lexeme === ']' || lexeme === '}') depth--;
    if (depth > yamlLimits.depth) fail(offset, `the file is nested deeper than ${yamlLimits.depth} levels`);
    offset += lexeme.length;
  }
}
