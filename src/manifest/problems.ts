import type { z } from 'zod';
import { type ErrorDetails, SconeError } from '../core/errors.ts';
import type { FieldNote } from '../language/field-note.ts';
import { didYouMean } from './suggest.ts';
import type { Tree, TreeMap } from './tree.ts';
import type { Path, YamlSource } from './yaml.ts';

type Issue = z.core.$ZodIssue;

/**
 * Checks a file, or the part of it below `base`, against a schema. All problems, each at its position, with what was
 * expected and what to change; and the parsed value, unless more is wrong than unknown keys.
 *
 * @param what how to call the whole document: `a service manifest`
 */
export function checkSource<T>(
  source: YamlSource,
  schema: z.ZodType<T>,
  what: string,
  base: Path = [],
): { value?: T; problems: SconeError[] } {
  const tree = valueAt(source.value, base);
  const result = schema.safeParse(tree);
  if (result.success) return { value: result.data, problems: [] };
  const { issues } = result.error;
  const problems = issues.flatMap((issue) => describe(source, schema, issue, what, base));
  // Without the unknown keys the rest can often be read, so that its problems come to light in the same run.
  const known = schema.safeParse(issues.reduce(withoutKeys, tree));
  return known.success ? { value: known.data, problems } : { problems };
}

function withoutKeys(tree: Tree | undefined, issue: Issue): Tree | undefined {
  if (issue.code !== 'unrecognized_keys') return tree;
  const { path, keys } = issue;
  const prune = (value: Tree | undefined, depth: number): Tree | undefined => {
    if (typeof value !== 'object' || value === null) return value;
    const step = path[depth];
    if (Array.isArray(value))
      return value.map((item, index) => (index === step ? (prune(item, depth + 1) ?? null) : item));
    const rest: TreeMap = Object.create(null);
    for (const [name, member] of Object.entries(value)) {
      if (depth === path.length && keys.includes(name)) continue;
      rest[name] = name === step ? (prune(member, depth + 1) ?? null) : member;
    }
    return rest;
  };
  return prune(tree, 0);
}

/** `build.copy[0]`, or the name of the document for its root. */
export function pathText(path: Path, what: string): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text === '' ? what : text;
}

function describe(source: YamlSource, schema: z.ZodType, issue: Issue, what: string, base: Path): SconeError[] {
  const inside = issue.path.filter((step) => typeof step !== 'symbol');
  const path = [...base, ...inside];
  const name = pathText(path, what);
  const error = (message: string, details: ErrorDetails) =>
    new SconeError(source.code, message, { at: source.at(path), ...details });

  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemaAt(schema, inside));
    return issue.keys.map((key) =>
      error(`"${key}" is no key of ${name}`, { at: source.keyAt([...path, key]), hint: didYouMean(key, known) }),
    );
  }
  const help = writeHint(schema, inside);
  const given = valueAt(source.value, path);
  if (given === undefined) {
    return [error(`${pathText(path.slice(0, -1), what)} lacks "${path.at(-1)}"`, help)];
  }
  if (given === null) return [error(`${name} has no value`, help)];
  const found = secretField(path) ? {} : { found: show(given) };
  if (issue.code === 'invalid_type') {
    const expected = issue.expected === 'array' ? 'list' : issue.expected === 'string' ? 'text' : 'map';
    return [error(`${name} must be a ${expected}, and is a ${typeName(given)}`, { hint: formHint[expected] })];
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const expected = known.length === 1 ? `${known[0]}` : `one of ${known.join(', ')}`;
    const meant = typeof given === 'string' ? didYouMean(given, known) : `write ${expected}`;
    return [error(`${name} must be ${expected}`, { expected, ...found, hint: meant })];
  }
  return [error(`${name} ${issue.message}`, { ...found, ...help })];
}

function writeHint(schema: z.ZodType, path: Path): { hint?: string } {
  const note = schemaAt(schema, path)?.meta() as Partial<FieldNote> | undefined;
  if (note?.description === undefined) return {};
  const key = path.findLast((step) => typeof step === 'string') ?? 'value';
  const example = note.example === undefined ? '' : `, such as ${note.example}`;
  return { hint: `write "${key}: <${note.description}>"${example}` };
}

const formHint = {
  list: 'write each entry on a line of its own, after "- "',
  map: 'write "key: value" lines below it',
  text: 'write one text',
} as const;

function typeName(value: Tree): string {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : 'map';
}

/** Fields whose text is never repeated in an error. */
function secretField(path: Path): boolean {
  return path.some((step) => step === 'value' || step === 'content' || step === 'application_secret');
}

function show(value: Tree): string {
  if (typeof value !== 'string') return `a ${typeName(value)}`;
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}

function valueAt(tree: Tree, path: Path): Tree | undefined {
  let value: Tree | undefined = tree;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as { [step: string | number]: Tree })[step];
  }
  return value;
}

/** The schema of a field, without the wrappers that make it optional. */
function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema;
  for (const step of path) {
    const shape = bare(at);
    at = typeof step === 'number' ? shape?.element : shape?.shape?.[step];
  }
  // A note may sit on any of the wrappers; the outermost one counts.
  while (at !== undefined && at.meta() === undefined && inner(at) !== undefined) at = inner(at);
  return at;
}

interface Shaped {
  shape?: { [key: string]: z.ZodType };
  element?: z.ZodType;
}

function bare(schema: z.ZodType | undefined): Shaped | undefined {
  let at = schema;
  while (at !== undefined) {
    const next = inner(at);
    if (next === undefined) break;
    at = next;
  }
  return at as Shaped | undefined;
}

function inner(schema: z.ZodType): z.ZodType | undefined {
  const { innerType, in: input } = schema.def as { innerType?: z.ZodType; in?: z.ZodType };
  return innerType ?? input;
}

function keysOf(schema: z.ZodType | undefined): string[] {
  return Object.keys(bare(schema)?.shape ?? {});
}
