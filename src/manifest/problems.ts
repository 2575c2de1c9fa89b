import type { z } from 'zod';
import { type ErrorDetails, SconeError } from '../core/errors.ts';
import { repeated } from '../language/repeat.ts';
import { didYouMean, suggest } from '../language/suggest.ts';
import { secretFields } from '../language/vocabulary.ts';
import { asVariable, foreignKey, formHint, keysOf, placeOfKey, schemaAt, writeHint } from './schema-help.ts';
import type { Tree, TreeMap } from './tree.ts';
import type { Path, YamlSource } from './yaml.ts';

type Issue = z.core.$ZodIssue;

/** More than anybody will read. */
const most = 300;

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
  const problems = withoutPairs(source, schema, issues.slice(0, most), what, base).flatMap((issue) =>
    issue instanceof SconeError ? [issue] : describe(source, schema, issue, what, base),
  );
  // Without the unknown keys the rest can often be read, so that its problems come to light in the same run.
  const known = schema.safeParse(issues.reduce(withoutKeys, tree));
  return known.success ? { value: known.data, problems } : { problems };
}

/** `- API_USER: myself` is one mistake, not three: a key too many, and neither name nor value. */
function withoutPairs(
  source: YamlSource,
  schema: z.ZodType,
  issues: readonly Issue[],
  what: string,
  base: Path,
): (Issue | SconeError)[] {
  const told = new Map<string, SconeError>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys' || issue.keys.length !== 1) continue;
    const [key = ''] = issue.keys;
    const inside = issue.path.filter((step) => typeof step !== 'symbol');
    const path = [...base, ...inside];
    const known = keysOf(schemaAt(schema, inside));
    const given = valueAt(source.value, path);
    const alone = typeof given === 'object' && given !== null && Object.keys(given).length === 1;
    if (!alone || !known.includes('name') || !known.includes('value') || suggest(key, known) !== undefined) continue;
    const at = source.keyAt([...path, key]);
    const message = `${pathText(path, what)} must have a name and a value`;
    told.set(JSON.stringify(inside), new SconeError(source.code, message, { at, hint: asVariable(key) }));
  }
  return issues.flatMap((issue): (Issue | SconeError)[] => {
    const own = told.get(JSON.stringify(issue.path));
    if (own !== undefined && issue.code === 'unrecognized_keys') return [own];
    return told.has(JSON.stringify(issue.path.slice(0, -1))) ? [] : [issue];
  });
}

function withoutKeys(tree: Tree | undefined, issue: Issue): Tree | undefined {
  if (issue.code !== 'unrecognized_keys') return tree;
  const { path } = issue;
  const keys = new Set(issue.keys);
  const prune = (value: Tree | undefined, depth: number): Tree | undefined => {
    if (typeof value !== 'object' || value === null) return value;
    const step = path[depth];
    if (Array.isArray(value))
      return value.map((item, index) => (index === step ? (prune(item, depth + 1) ?? null) : item));
    const rest: TreeMap = Object.create(null);
    for (const [name, member] of Object.entries(value)) {
      if (depth === path.length && keys.has(name)) continue;
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
    return issue.keys.slice(0, most).map((key) =>
      error(`"${repeated(key)}" is no key of ${name}`, {
        at: source.keyAt([...path, key]),
        hint: keyHint(schema, inside, key, known),
      }),
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
    return [
      error(`${name} must be a ${expected}, and is a ${typeName(given)}`, {
        hint: formHint(schema, inside, expected, given),
      }),
    ];
  }
  if (issue.code === 'invalid_value') {
    const known = differing(issue.values.map(String));
    const expected = known.length === 1 ? `${known[0]}` : `one of ${known.join(', ')}`;
    const meant = typeof given === 'string' ? didYouMean(given, known) : `write ${expected}`;
    return [error(`${name} must be ${expected}`, { expected, ...found, hint: meant })];
  }
  const scheme = typeof given === 'string' ? /^[a-z][a-z0-9+.-]*:\/\/(?=.)/.exec(given)?.[0] : undefined;
  const advice = scheme === undefined ? help : { hint: `leave out ${scheme}` };
  return [error(`${name} ${issue.message}`, { ...found, ...advice })];
}

function keyHint(schema: z.ZodType, path: Path, key: string, known: readonly string[]): string {
  const foreign = foreignKey(path, key);
  if (foreign !== undefined) return foreign;
  const meant = suggest(key, known);
  if (meant !== undefined) return `did you mean "${meant}"?`;
  const place = placeOfKey(schema, key);
  if (place === '') return 'it is a key of the file itself: move it there, and indent it not at all';
  return place === undefined ? didYouMean(key, known) : `it is a key of ${place}: indent it, or move it there`;
}

/** Words without those that are another spelling of one before. */
function differing(values: readonly string[]): string[] {
  const fold = (value: string) => value.toLowerCase().replaceAll(' ', '');
  return values.filter((value, index) => values.findIndex((one) => fold(one) === fold(value)) === index);
}

function typeName(value: Tree): string {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : 'map';
}

/** Fields whose text is never repeated in an error. */
function secretField(path: Path): boolean {
  return path.some((step) => typeof step === 'string' && secretFields.includes(step));
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
