import { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';
import type { Fragment } from './complete.ts';

/** A text; numbers and booleans of a file are texts too, as they were written. */
export const text = z.string().refine((value) => !value.includes('\0') && value.isWellFormed(), 'must not hold NUL');

export function words(note: FieldNote) {
  return text.meta({ ...note });
}

/** A text of a certain form. `rule` completes a sentence that begins with the field: `must be an absolute path`. */
export function matching(pattern: RegExp, rule: string, note: FieldNote) {
  return text.regex(pattern, rule).meta({ ...note });
}

export function choice<const T extends readonly string[]>(values: T, note: FieldNote) {
  return z.enum(values).meta({ ...note });
}

/** A SHA-256 in hex; the normal form has small letters. */
export function hash(note: FieldNote) {
  return text
    .regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in hex: 64 digits')
    .transform((digits) => digits.toLowerCase())
    .meta({ ...note });
}

/** A whole number of 16 bits, decimal. */
export const uint16Pattern =
  /^(?:0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))$/;

const flagPattern = /^(?:(true|True|TRUE)|false|False|FALSE)$/;

/** `true` or `false`, in the spellings that YAML has for them. */
export function flag(note: FieldNote) {
  return z
    .union([z.boolean(), text.regex(flagPattern)], { error: 'must be true or false' })
    .transform((value) => value === true || (value !== false && flagPattern.exec(value)?.[1] !== undefined))
    .meta({ ...note });
}

/** The same, or a placeholder that becomes one. */
export function flagOrPlaceholder(note: FieldNote) {
  const form = new RegExp(`${flagPattern.source}|${placeholderPattern.source}`);
  return z
    .union([z.boolean(), text.regex(form)], { error: 'must be true or false, or a placeholder' })
    .transform((value): boolean | Fragment => {
      if (typeof value === 'boolean') return value;
      const [whole, truth] = flagPattern.exec(value) ?? [];
      return whole === undefined ? (value as Fragment) : truth !== undefined;
    })
    .meta({ ...note });
}

/** A field that may be missing or null; both are `undefined`. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined);
}

/** A list that may be missing or null; both are empty. */
export function list<T extends z.ZodType>(item: T, note: FieldNote) {
  return z
    .array(item)
    .nullish()
    .transform((items): z.output<T>[] => items ?? [])
    .meta({ ...note });
}

/** One text, or a list of them. */
export function oneOrMore<T extends z.ZodType<string>>(item: T, note: FieldNote) {
  return z
    .union([item, z.array(item)], { error: 'must be one such text or a list of them' })
    .transform((value): string[] => (Array.isArray(value) ? value : [value]))
    .meta({ ...note });
}

/**
 * A field whose value has one of several shapes. The reader looks which one it is and checks that one, so that its
 * errors are about what was written; the schemas are for the reference and the published JSON Schema.
 */
export function shapes(note: FieldNote, alternatives: () => readonly z.ZodType[]) {
  return z.unknown().meta({ ...note, shapes: alternatives });
}

/** A map of texts without a prototype. Not `z.record`, which drops a member called `__proto__` (M12). */
export function textMap(note: FieldNote) {
  return z
    .custom<{ [name: string]: string | null }>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'must be a map',
    )
    .transform((map, context) => {
      const texts: { [name: string]: string } = Object.create(null);
      for (const [key, value] of Object.entries(map)) {
        const result = text.safeParse(value ?? '');
        if (result.success) texts[key] = result.data;
        else context.addIssue({ code: 'custom', message: 'must be a text', path: [key] });
        if (key === '' || /[=\0]/.test(key) || !key.isWellFormed()) {
          context.addIssue({ code: 'custom', message: 'has a name that no variable can have', path: [key] });
        }
      }
      return texts;
    })
    .meta({ ...note, texts: true });
}

const segment = '[A-Za-z0-9_.~-]{1,128}';
const nameRule = 'may only have letters, digits and _ - . ~ (1 to 128 of them)';

export const namePattern = new RegExp(`^${segment}$`);

/** The name of a service or a secret. */
export function plainName(note: FieldNote) {
  return matching(namePattern, nameRule, note);
}

/** The name of a session with its namespace; `/` is the root. */
export function sessionName(note: FieldNote) {
  return text
    .max(512, 'must not be longer than 512 characters')
    .regex(
      new RegExp(`^(?:/|${segment}(?:/${segment})*)$`),
      'must be names of letters, digits and _ - . ~, with "/" between them',
    )
    .meta({ ...note });
}

/** How a session names another one: its name, the root, or a path from here (`../sibling`, since 0.3.10). */
export function sessionPath(note: FieldNote) {
  return matching(
    new RegExp(`^(?:/|(?:\\.{1,2}/)*(?:\\.{1,2}|${segment}(?:/${segment})*))$`),
    'must be the name of a session, or a path such as ../sibling',
    note,
  );
}

export function absolutePath(note: FieldNote) {
  return matching(
    /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/,
    'must be an absolute path without "//", "." and ".." parts or a slash at its end',
    note,
  );
}

/** An absolute path of a folder, as people write it: `/data/`. */
export function folderPath(note: FieldNote) {
  return matching(/^(?!(?:[^]*\/)?\.{1,2}(?:\/|$))\//, 'must be an absolute path without "." and ".." parts', note);
}

/** A name that is free, as volumes and images have it. */
export function freeName(note: FieldNote) {
  return text.min(1, 'is empty').meta({ ...note });
}

/** A text that is nothing but one placeholder. */
export const placeholderPattern = /^\$\$SCONE::(?:(?!\$\$)[^])+\$\$$/;

/** A text of a form, or a placeholder that becomes one. */
export function orPlaceholder(pattern: RegExp, rule: string, note: FieldNote) {
  return matching(
    new RegExp(`(?:${pattern.source})|(?:${placeholderPattern.source})`),
    `${rule}, or a placeholder`,
    note,
  );
}

/** Nothing but a placeholder. No transformation: schemas with one lose their notes of defaults. */
export function placeholder(note: FieldNote): z.ZodType<Fragment> {
  return text
    .regex(placeholderPattern, 'must be a placeholder: $$SCONE::name$$')
    .meta({ ...note }) as z.ZodType as z.ZodType<Fragment>;
}
