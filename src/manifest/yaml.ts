import { isAlias, isMap, isScalar, isSeq, Lexer, type Node, parseDocument, type Pair } from 'yaml';
import { type ErrorCode, type Position, SconeError } from '../core/errors.ts';

/** A YAML value: scalars as the text they were written with, maps without a prototype. */
export type Tree = null | string | Tree[] | TreeMap;
export interface TreeMap {
  [name: string]: Tree;
}

export type Path = readonly (string | number)[];

/** Where a value stands in the text, by offsets, and its members. */
export interface Place {
  start: number;
  end: number;
  /** Of a map's member: where its key stands. */
  key?: number;
  members?: Map<string | number, Place>;
}

/** Documented limits; each bounds the time that hostile input can take (threat model 52). */
export const yamlLimits = {
  /** UTF-16 units of a file. */
  length: 1024 * 1024,
  /** Lexical elements of a file: about seven for each line. */
  lexemes: 100_000,
  /** Levels of nesting. */
  depth: 64,
  /** Values after aliases were followed. */
  values: 100_000,
} as const;

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
  const document = parseDocument(text, {
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
    fail(
      broken.pos[0],
      syntaxMessage(broken.code, broken.message),
      broken.code === 'MULTIPLE_DOCS' ? 'split the file at `---`: one document in each file' : undefined,
    );
  }
  const problems: SconeError[] = [];
  const say: Say = (offset, message, hint) =>
    problems.push(new SconeError(code, message, { at: positionIn(lines, file, offset), hint }));
  const anchors = new Map<string, Node>();
  const walk = new Walk(text, anchors, say, fail);
  const root = document.contents === null ? empty() : walk.node(document.contents, 0);
  if (problems.length > 0) throw summary(file, code, problems);
  return new YamlSource(file, text, code, lines, root);
}

/** One error for all problems of a file; its `errors` are sorted by position. */
export function summary(file: string, code: ErrorCode, problems: readonly SconeError[]): SconeError {
  const errors = problems.toSorted(byPosition);
  const message = errors.length === 1 ? `${file} has a problem` : `${file} has ${errors.length} problems`;
  const at = errors[0]?.at;
  return new SconeError(code, message, { errors, ...(at === undefined ? {} : { at }) });
}

export function byPosition(a: SconeError, b: SconeError): number {
  return (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0);
}

type Fail = (offset: number, message: string, hint?: string) => never;
type Say = (offset: number, message: string, hint: string) => void;

function empty(): { value: Tree; place: Place } {
  return { value: null, place: { start: 0, end: 0 } };
}

/** Offsets at which lines begin, ascending. */
type Lines = readonly number[];

function lineStarts(text: string): Lines {
  const starts = [0];
  if (text.length > yamlLimits.length) return starts;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function positionIn(lines: Lines, file: string, offset: number): Position {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file, line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
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

function syntaxMessage(kind: string, message: string): string {
  if (kind === 'MULTIPLE_DOCS') return 'the file holds several YAML documents';
  if (kind === 'TAB_AS_INDENT') return 'a tab is used for indentation; YAML wants blanks';
  if (/call stack/.test(message)) return `the file is nested deeper than ${yamlLimits.depth} levels`;
  return `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1).replace(/\.$/, '')}`;
}

/** Turns nodes into trees and places, in one pass. */
class Walk {
  private values = 0;
  private following = false;
  private readonly open = new Set<Node>();
  private readonly text: string;
  private readonly anchors: Map<string, Node>;
  private readonly say: Say;
  private readonly fail: Fail;

  constructor(text: string, anchors: Map<string, Node>, say: Say, fail: Fail) {
    this.text = text;
    this.anchors = anchors;
    this.say = say;
    this.fail = fail;
  }

  node(node: Node, depth: number): { value: Tree; place: Place } {
    const [start, end] = node.range ?? [0, 0];
    if (++this.values > yamlLimits.values) {
      this.fail(start, `the file has more than ${yamlLimits.values} values once its aliases are followed`);
    }
    if (depth > yamlLimits.depth) this.fail(start, `the file is nested deeper than ${yamlLimits.depth} levels`);
    if (isAlias(node)) return { ...this.alias(node.source, start, depth), place: { start, end } };
    if (node.tag !== undefined && node.tag !== null) {
      this.say(start, `the tag ${shortTag(node.tag)} is not used here`, 'write the value without a tag');
    }
    if (node.anchor !== undefined && !this.following) this.anchors.set(node.anchor, node);
    const place: Place = { start, end };
    if (isScalar(node)) {
      const value = scalarText(node);
      if (value?.includes('\0') === true || value?.isWellFormed() === false) {
        this.say(start, 'the text holds a NUL or half a character', 'write the text without such escapes');
      }
      return { value, place };
    }
    this.open.add(node);
    let value: Tree = null;
    if (isSeq(node)) value = this.list(node.items as Node[], place, depth);
    if (isMap(node)) value = this.map(node.items as Pair<Node, Node | null>[], place, depth);
    this.open.delete(node);
    return { value, place };
  }

  private alias(name: string, start: number, depth: number): { value: Tree } {
    const target = this.anchors.get(name);
    if (target === undefined) return this.fail(start, `the alias *${name} stands before its anchor or has none`);
    if (this.open.has(target)) return this.fail(start, `the alias *${name} stands inside what it repeats`);
    const outer = this.following;
    this.following = true;
    const { value } = this.node(target, depth + 1);
    this.following = outer;
    return { value };
  }

  private list(items: readonly Node[], place: Place, depth: number): Tree[] {
    const members = new Map<string | number, Place>();
    place.members = members;
    return items.map((item, index) => {
      const member = this.node(item, depth + 1);
      members.set(index, member.place);
      return member.value;
    });
  }

  private map(items: readonly Pair<Node, Node | null>[], place: Place, depth: number): TreeMap {
    const map: TreeMap = Object.create(null);
    const members = new Map<string | number, Place>();
    place.members = members;
    for (const { key, value } of items) {
      const keyStart = key.range?.[0] ?? place.start;
      const keyValue = this.node(key, depth + 1).value;
      if (keyValue !== null && typeof keyValue !== 'string') {
        this.say(keyStart, 'a key must be a text', 'write the key as one word or in quotes');
        continue;
      }
      const name = keyValue ?? this.text.slice(keyStart, key.range?.[1]);
      const member =
        value === null ? { value: null, place: { start: keyStart, end: keyStart } } : this.node(value, depth + 1);
      if (members.has(name)) {
        this.say(keyStart, `the key ${JSON.stringify(name)} stands here a second time`, 'remove one of the two');
      }
      members.set(name, { ...member.place, key: keyStart });
      map[name] = member.value;
    }
    return map;
  }
}

/** The text of a scalar; null only for a plain `~`, `null` or nothing, as YAML 1.2's core schema has it. */
function scalarText(node: { value: unknown; type?: string | undefined }): string | null {
  const text = typeof node.value === 'string' ? node.value : '';
  return node.type === 'PLAIN' && /^(?:|~|null|Null|NULL)$/.test(text) ? null : text;
}

function shortTag(tag: string): string {
  return tag.replace(/^tag:yaml\.org,2002:/, '!!');
}
