import type { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';
import { repeated } from '../language/repeat.ts';
import type { Tree } from './tree.ts';
import type { Path } from './yaml.ts';

/** The schema of a field, without the wrappers that make it optional. */
export function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema;
  for (const step of path) {
    const shape = bare(at);
    at = typeof step === 'number' ? shape?.element : shape?.shape?.[step];
  }
  // A note may sit on any of the wrappers; the outermost one counts.
  while (at !== undefined && at.meta() === undefined && inner(at) !== undefined) at = inner(at);
  return at;
}

/** The keys that a map of this schema may have. */
export function keysOf(schema: z.ZodType | undefined): string[] {
  return Object.keys(bare(schema)?.shape ?? {});
}

/** What to write for a field that is not there or has another form; nothing where the schema says nothing about it. */
export function writeHint(schema: z.ZodType, path: Path): { hint?: string } {
  const field = schemaAt(schema, path);
  const below = partOf(field);
  const last = path.at(-1);
  const begin = typeof last === 'number' ? '- ' : `${last ?? 'value'}: `;
  if (below !== undefined && typeof last === 'string') return { hint: `write "${last}:" and below it "${below}"` };
  const note = field?.meta() as Partial<FieldNote> | undefined;
  if (note?.description === undefined) return {};
  const example = note.example === undefined ? '' : `, such as ${note.example}`;
  return { hint: `write "${begin}<${note.description}>"${example}` };
}

/** What to change where a field has another form than the one it wants. */
export function formHint(schema: z.ZodType, path: Path, expected: 'list' | 'map' | 'text', given: Tree): string {
  if (expected === 'text') return writeHint(schema, path).hint ?? 'write one text';
  if (expected === 'map') {
    if (Array.isArray(given)) return 'take away the "- " in front of its keys';
    const [, name] = typeof given === 'string' ? (/^([A-Za-z_][A-Za-z0-9_]*)=/.exec(given) ?? []) : [];
    return name === undefined ? 'write "key: value" lines below it' : asVariable(name);
  }
  const entries = membersOf(schemaAt(schema, [...path, 0]));
  const [first] = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  if (first !== undefined && entries[first] !== undefined) return `write "- " in front of "${first}", its first key`;
  if (first !== undefined && entries['name'] !== undefined) {
    return entries['value'] === undefined
      ? `write "- name: ${repeated(first)}" and the rest below it`
      : asVariable(first);
  }
  if (typeof given === 'string' && /^-\S/.test(given)) return 'write a blank behind the "-"';
  return 'write each entry on a line of its own, after "- "';
}

/** How a variable is written, for somebody who wrote `NAME: value` or `NAME=value`. */
export function asVariable(name: string): string {
  return `write "- name: ${repeated(name)}", and "value: …" on the line below`;
}

/** Keys that sessions have in the same place, and what manifests have instead. */
const ofSessions: { readonly [place: string]: string } = {
  'build.volumes[].export[].to': 'only sessions have "to": write session in its place, beside the other keys',
};

/** What to write instead of a key that another language has in this place. */
export function foreignKey(from: Path, key: string): string | undefined {
  return ofSessions[`${placeText(from)}.${key}`];
}

/**
 * Where else in the language a key belongs, that has no business where it stands: `secrets.global[]`, or nothing (`''`)
 * for the top level. `undefined` where no place has it, or several: which one was meant nobody knows.
 */
export function placeOfKey(schema: z.ZodType, key: string): string | undefined {
  const places: string[] = [];
  const walk = (at: z.ZodType | undefined, path: string): void => {
    const { shape, element } = bare(at) ?? {};
    if (element !== undefined) walk(element, `${path}[]`);
    if (shape === undefined) return;
    if (Object.hasOwn(shape, key)) places.push(path);
    for (const [name, member] of Object.entries(shape)) walk(member, path === '' ? name : `${path}.${name}`);
  };
  walk(schema, '');
  return places.length === 1 ? places[0] : undefined;
}

function placeText(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}

/** The keys of a map, in any of the shapes that it may have. */
function membersOf(schema: z.ZodType | undefined): { [key: string]: z.ZodType } {
  const { shapes } = (schema?.meta() ?? {}) as { shapes?: () => readonly z.ZodType[] };
  if (shapes === undefined) return bare(schema)?.shape ?? {};
  return Object.fromEntries(shapes().flatMap((one) => Object.entries(membersOf(one))));
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

/** The first key that a map must have, or the first entry of a list, as a line to write. */
function partOf(field: z.ZodType | undefined): string | undefined {
  const { shape, element } = bare(field) ?? {};
  const members = shape ?? bare(element)?.shape;
  if (members === undefined) return undefined;
  const [name, member] = Object.entries(members).find(([, one]) => !one.isOptional()) ?? [];
  if (name === undefined || member === undefined) return undefined;
  const note = schemaAt(member, [])?.meta() as Partial<FieldNote> | undefined;
  return `${shape === undefined ? '- ' : ''}${name}: ${note?.example ?? (note?.description === undefined ? '…' : `<${note.description}>`)}`;
}
