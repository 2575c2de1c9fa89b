import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { repeated } from '../language/repeat.ts';
import { needsQuotes } from './syntax.ts';

/** A YAML value: scalars as the text they were written with, maps without a prototype. */
export type Tree = null | string | Tree[] | TreeMap;
export interface TreeMap {
  [name: string]: Tree;
}

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
  /** UTF-16 units of all texts after aliases were followed. */
  characters: 4 * 1024 * 1024,
} as const;

/** Ends the reading. */
export type Fail = (offset: number, message: string, hint?: string) => never;
/** Records a problem. */
export type Say = (offset: number, message: string, hint: string) => void;

/** Behind a * may be a password, which no message repeats (item 56). */
const aliasHint = 'put it in quotes where the * is part of the text';

/** Turns nodes into trees and places, in one pass. */
export class Walk {
  private values = 0;
  private characters = 0;
  private following = false;
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<Node>();
  private readonly text: string;
  private readonly tags: readonly string[];
  private readonly say: Say;
  private readonly fail: Fail;

  /** @param tags local tags that are read: `!akv {…}` as the map `{akv: {…}}` */
  constructor(text: string, say: Say, fail: Fail, tags: readonly string[] = []) {
    this.text = text;
    this.tags = tags;
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
    const tagged = this.tags.includes(node.tag ?? '');
    if (node.tag !== undefined && node.tag !== null && !tagged) {
      // Behind a ! may be a password (item 56); the names that YAML itself has are none.
      const [name = 'tag'] = /^!![a-z]+$/.exec(shortTag(node.tag)) ?? [];
      this.say(
        start,
        name === 'tag' ? 'a tag is not used here' : `the tag ${name} is not used here`,
        'write the value without a tag, or in quotes where the ! is part of it',
      );
    }
    if (node.anchor !== undefined && !this.following) this.anchors.set(node.anchor, node);
    const place: Place = { start, end };
    if (isScalar(node)) {
      const value = scalarText(node);
      this.characters += value?.length ?? 0;
      if (this.characters > yamlLimits.characters) {
        this.fail(start, `the file has more than ${yamlLimits.characters} characters once its aliases are followed`);
      }
      if (value?.includes('\0') === true || value?.isWellFormed() === false) {
        this.say(start, 'the text holds a NUL or half a character', 'write the text without such escapes');
      }
      return tagged ? withTag(node.tag, value === '' ? null : value, place) : { value, place };
    }
    this.open.add(node);
    let value: Tree = null;
    if (isSeq(node)) value = this.list(node.items as Node[], place, depth);
    if (isMap(node)) value = this.map(node.items as Pair<Node, Node | null>[], place, depth);
    this.open.delete(node);
    return tagged ? withTag(node.tag, value, place) : { value, place };
  }

  private alias(name: string, start: number, depth: number): { value: Tree } {
    const target = this.anchors.get(name);
    if (target === undefined) return this.fail(start, 'this alias stands before its anchor or has none', aliasHint);
    if (this.open.has(target)) return this.fail(start, 'this alias stands inside what it repeats', aliasHint);
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
      if (isMap(key) && key.flow === true && this.text.charAt(keyStart - 1) === '{') {
        const { offset = keyStart, message, hint = '' } = needsQuotes(this.text, keyStart);
        this.say(offset, message, hint);
        continue;
      }
      const keyValue = this.node(key, depth + 1).value;
      if (keyValue !== null && typeof keyValue !== 'string') {
        this.say(keyStart, 'a key must be a text', 'write the key as one word or in quotes');
        continue;
      }
      const name = keyValue ?? this.text.slice(keyStart, key.range?.[1]);
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        this.say(keyStart, 'merge keys (<<) are not used here', 'write the keys themselves in each place');
        continue;
      }
      const member =
        value === null ? { value: null, place: { start: keyStart, end: keyStart } } : this.node(value, depth + 1);
      if (members.has(name)) {
        this.say(
          keyStart,
          `the key ${JSON.stringify(repeated(name))} stands here a second time`,
          'remove one of the two',
        );
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

/** A tagged value as a map with the tag's name as its key. */
function withTag(tag: string | undefined, value: Tree, place: Place): { value: Tree; place: Place } {
  const name = (tag ?? '').slice(1);
  const map: TreeMap = Object.create(null);
  // `!cas` has nothing behind it, and still is there.
  map[name] = value ?? '';
  return { value: map, place: { start: place.start, end: place.end, members: new Map([[name, place]]) } };
}

function shortTag(tag: string): string {
  return tag.replace(/^tag:yaml\.org,2002:/, '!!');
}
