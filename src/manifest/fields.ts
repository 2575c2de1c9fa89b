import { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';

// Each file is checked once: compiling a validator for every map costs more than it saves. No CAS loads this room.
z.config({ jitless: true });

/** A text; numbers and booleans of the file are texts too, as they were written. */
export function text(note: FieldNote): z.ZodString {
  return z.string().meta({ ...note });
}

/** A text of a certain form. `rule` completes a sentence that begins with the field: `must be an absolute path`. */
export function textLike(pattern: RegExp, rule: string, note: FieldNote): z.ZodString {
  return z
    .string()
    .regex(pattern, rule)
    .meta({ ...note });
}

/** The value of a variable: nothing is the empty text. */
export function variableValue(note: FieldNote) {
  return z
    .string()
    .nullable()
    .transform((value) => value ?? '')
    .meta({ ...note });
}

/** `true` or `false`, in the three spellings that YAML 1.2 has for each. */
export function flag(note: FieldNote) {
  return z
    .enum(['true', 'false', 'True', 'False', 'TRUE', 'FALSE'])
    .transform((value) => value.toLowerCase() === 'true')
    .meta({ ...note });
}

/** A field that may be missing or null; both are `undefined`. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined);
}

/** A list that may be missing or null; both are empty. */
export function optionalList<T extends z.ZodType>(item: T, note: FieldNote) {
  return z
    .array(item)
    .nullish()
    .transform((items): z.output<T>[] => items ?? [])
    .meta({ ...note });
}

/** One text, or a list of texts; `pattern` is for the published JSON Schema, as in `textReadAs`. */
export function oneOrMore(note: FieldNote, pattern?: RegExp) {
  const one = pattern === undefined ? z.string() : z.string().meta({ pattern: pattern.source });
  return z
    .union([one, z.array(one)], { error: 'must be a text or a list of texts' })
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .meta({ ...note });
}

/** One of several words. */
export function choice<const T extends readonly string[]>(values: T, note: FieldNote) {
  return z.enum(values).meta({ ...note });
}

/**
 * A field whose value has one of several shapes, which the reader tells apart; the schemas are for the reference and the
 * published JSON Schema.
 */
export function shapes(note: FieldNote, alternatives: () => readonly z.ZodType[]) {
  return z.unknown().meta({ ...note, shapes: alternatives });
}

/**
 * A text whose form is checked when its value is made, with better words than a pattern has; the pattern is for the
 * published JSON Schema, and a test compares the two.
 */
export function textReadAs(pattern: RegExp, note: FieldNote): z.ZodString {
  return z.string().meta({ ...note, pattern: pattern.source });
}

/** A field whose form does not matter, because it is refused by name or ignored. */
export function anything(note: FieldNote) {
  return z.unknown().meta({ ...note });
}

/** `scone/<version>`, at least 5.8; a version may be one before a release (`6.0.0-rc.1`). */
export const apiVersion = textLike(
  /^scone\/(?:5\.(?:[89]|[1-9][0-9]+)(?:\.[0-9]+)?|(?:[6-9]|[1-9][0-9]+)(?:\.[0-9]+){0,2})(?:-[0-9A-Za-z.-]+)?$/,
  'must be scone/ and a version of at least 5.8',
  { description: 'version of the manifest language', example: 'scone/5.8' },
);

const namePattern = /^[A-Za-z0-9_.~-]{1,128}$/;
const nameRule = 'may only have letters, digits and _ - . ~ (1 to 128 of them)';

/** A name that becomes part of a session name, or of a placeholder. */
export function plainName(note: FieldNote): z.ZodString {
  return textLike(namePattern, nameRule, note);
}

/** A name as above, or one that the mesh makes: with `{{…}}` in it. */
export function nameOrTemplate(note: FieldNote): z.ZodString {
  return textLike(/^[A-Za-z0-9_.~-]{1,128}$|^(?=.*\{\{)(?:[A-Za-z0-9_.~-]|\{\{[^{}]{1,200}\}\})+$/, nameRule, note);
}

/** The name of an environment variable: anything but empty, `=` and NUL. */
export const variableName = z
  .string()
  .regex(/^[^=\0]+$/, 'must be the name of a variable: not empty and without "="')
  .meta({ description: 'name of the variable', example: 'API_USER' });

/** The path of a file: absolute, and it names what it says: no `.` or `..`, no `//`, no slash at its end. */
export function filePath(note: FieldNote): z.ZodString {
  return textLike(
    /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/,
    'must be the absolute path of a file, without "//", "." and ".." parts',
    note,
  );
}

/** The path of a folder: absolute; slashes that change nothing are left out of the normal form. */
export function folderPath(note: FieldNote) {
  return z
    .string()
    .regex(/^\/+$|^(?:\/+(?!\.{1,2}(?:\/|$))[^/\0]+)+\/*$/, 'must be an absolute path without "." and ".." parts')
    .transform((path) => path.replace(/\/+/g, '/').replace(/(?!^)\/$/, ''))
    .meta({ ...note });
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?)';
const repository = `(?:${host}/)?${component}(?:/${component})*`;
const tag = '(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?';

/** The name of an image that is to be made: no digest, since that is known afterwards. */
export function newImage(note: FieldNote): z.ZodString {
  return textLike(
    new RegExp(`^${repository}${tag}$`),
    'must be the name of an image: [host[:port]/]path[:tag], the path in lower case',
    note,
  );
}

/** The name of an image that exists. */
export function anyImage(note: FieldNote): z.ZodString {
  return textLike(
    new RegExp(`^${repository}${tag}(?:@sha256:[0-9a-f]{64})?$`),
    'must be the name of an image: [host[:port]/]path[:tag][@sha256:…], the path in lower case',
    note,
  );
}
