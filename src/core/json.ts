import { utf8, utf8Text } from './bytes.ts';
import { SconeError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
/** An object without a prototype, so that `__proto__` is a name like any other. */
export interface JsonObject {
  [name: string]: Json;
}

const maxDepth = 64;

/**
 * Parses JSON (RFC 8259) more strictly than `JSON.parse`: bytes must be UTF-8, names must not repeat, lone surrogates,
 * numbers beyond 2^53 and nesting below 64 are refused, and objects have no prototype. Two readers of a signed
 * document can then not disagree on what it says (threat model 68). Throws `E_FORMAT`.
 */
export function parseJson(bytes: Uint8Array | string, what = 'document'): Json {
  const text = typeof bytes === 'string' ? bytes : utf8Text(bytes, what);
  const reader = new Reader(text, what);
  const value = reader.value(0);
  reader.end();
  return value;
}

/**
 * RFC 8785 (JCS) text: names sorted by UTF-16 code units, no blanks, ECMAScript strings and numbers. Numbers must be
 * safe integers, since nothing here needs more and other languages print fractions differently.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new SconeError('E_FORMAT', 'a text holds a lone surrogate');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new SconeError('E_FORMAT', `the number ${value} is no safe integer`);
    return String(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`).join(',')}}`;
  }
  throw new SconeError('E_FORMAT', `a ${typeof value} has no canonical JSON`);
}

export function canonicalBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return utf8(canonicalJson(value));
}

const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;
const numbers = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly what: string;

  constructor(text: string, what: string) {
    this.text = text;
    this.what = what;
  }

  value(depth: number): Json {
    if (depth > maxDepth) this.fail(`is nested deeper than ${maxDepth}`);
    this.blanks();
    const character = this.text[this.at];
    if (character === '{') return this.object(depth);
    if (character === '[') return this.array(depth);
    if (character === '"') return this.string();
    for (const [word, value] of words) {
      if (character === word[0] && this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  end(): void {
    this.blanks();
    if (this.at !== this.text.length) this.fail('has something behind its end');
  }

  private object(depth: number): JsonObject {
    const object: JsonObject = Object.create(null);
    this.at++;
    this.blanks();
    if (this.take('}')) return object;
    for (;;) {
      this.blanks();
      if (this.text[this.at] !== '"') this.fail('lacks a name');
      const name = this.string();
      if (Object.hasOwn(object, name)) this.fail(`holds the name ${JSON.stringify(name)} twice`);
      this.blanks();
      if (!this.take(':')) this.fail('lacks a colon');
      object[name] = this.value(depth + 1);
      this.blanks();
      if (this.take('}')) return object;
      if (!this.take(',')) this.fail('lacks a comma or a brace');
    }
  }

  private array(depth: number): Json[] {
    const array: Json[] = [];
    this.at++;
    this.blanks();
    if (this.take(']')) return array;
    for (;;) {
      array.push(this.value(depth + 1));
      this.blanks();
      if (this.take(']')) return array;
      if (!this.take(',')) this.fail('lacks a comma or a bracket');
    }
  }

  private string(): string {
    const start = this.at;
    do {
      const end = this.text.indexOf('"', this.at + 1);
      this.at = end < 0 ? this.text.length : end;
      if (end < 0) this.fail('ends inside a text');
    } while (this.escaped());
    this.at++;
    const parsed = this.native(start);
    if (typeof parsed !== 'string' || !parsed.isWellFormed()) this.fail('holds a lone surrogate');
    return parsed;
  }

  /** Whether an odd number of backslashes stands in front; runs of them are disjoint, so all together are read once. */
  private escaped(): boolean {
    let from = this.at;
    while (this.text[from - 1] === '\\') from--;
    return (this.at - from) % 2 === 1;
  }

  private number(): number {
    numbers.lastIndex = this.at;
    const found = numbers.exec(this.text);
    if (found === null) this.fail('holds something that is no JSON');
    this.at += found[0].length;
    const value = Number(found[0]);
    // Beyond 2^53 a number would be rounded here and not by another reader, however it is written: 1e16 and 1.0 too.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) this.fail('holds a number out of range');
    return value;
  }

  private native(start: number): unknown {
    try {
      return JSON.parse(this.text.slice(start, this.at));
    } catch {
      return this.fail('holds something that is no JSON');
    }
  }

  private blanks(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.at++;
    }
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private fail(problem: string): never {
    throw new SconeError('E_FORMAT', `the ${this.what} ${problem} (at character ${this.at})`);
  }
}
