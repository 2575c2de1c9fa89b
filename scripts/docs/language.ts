import type { z } from 'zod';
import { type JsonSchema, noted } from './json-schema.ts';
import { code, table } from './page.ts';

/** One field of a language, as the reference shows it. */
export interface Field {
  path: string;
  schema: JsonSchema;
  required: boolean;
}

/** A row for every field: meaning, form, default, example, since when, and whether it has its effect. */
export function languageTable(schema: z.ZodType): string {
  const rows = fieldsOf(schema).map(({ path, schema: field, required }) => [
    code(path),
    `${required ? 'Required. ' : ''}${noteOf(field, 'description') ?? ''}`,
    form(field),
    noteOf(field, 'default') ?? '',
    example(field),
    noteOf(field, 'since') ?? '',
    support(field),
  ]);
  return table(['Field', 'Meaning', 'Form', 'Default', 'Example', 'Since', 'Support'], rows);
}

/** Every field of a schema once; entries of a list as `list[].field`. */
export function fieldsOf(schema: z.ZodType): Field[] {
  const fields = new Map<string, Field>();
  walk(noted(schema), '', fields);
  return [...fields.values()];
}

function walk(schema: JsonSchema, path: string, fields: Map<string, Field>): void {
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) === true && !takesNothing(member);
    if (!fields.has(at)) fields.set(at, { path: at, schema: member, required });
    walk(member, at, fields);
  }
  if (schema.items !== undefined) walk(schema.items, `${path}[]`, fields);
  for (const other of alternatives(schema)) walk(other, path, fields);
}

/** `anyOf` without the alternative that a field may be null, which means the same as not being there. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  return (schema.anyOf ?? []).filter((one) => one.type !== 'null');
}

function takesNothing(schema: JsonSchema): boolean {
  return [schema, ...(schema.anyOf ?? [])].some(
    ({ type }) => type === 'null' || (Array.isArray(type) && type.includes('null')),
  );
}

/** A note, which may stand at the field or at what it may hold. */
export function noteOf(
  schema: JsonSchema,
  note: 'description' | 'default' | 'example' | 'since' | 'support',
): string | undefined {
  return (
    schema[note] ??
    (schema.anyOf?.length === 2 && alternatives(schema).length === 1
      ? noteOf(alternatives(schema)[0] ?? {}, note)
      : undefined)
  );
}

function support(schema: JsonSchema): string {
  const said = noteOf(schema, 'support');
  return said === 'refused'
    ? `refused (${code('E_NOT_YET')})`
    : said === 'ignored'
      ? 'accepted and ignored'
      : 'supported';
}

function example(schema: JsonSchema): string {
  const said = noteOf(schema, 'example');
  return said === undefined ? '' : code(said);
}

function form(schema: JsonSchema): string {
  if (typeof schema.const === 'string') return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  const others = [...new Set(alternatives(schema).map(form))];
  if (others.length > 0) return others.join(' or ');
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'null');
  if (types.includes('array')) return `list of ${schema.items === undefined ? 'anything' : form(schema.items)}`;
  if (types.includes('string')) return 'text';
  if (types.includes('object')) return 'map';
  return types.includes('boolean') ? 'flag' : 'anything';
}
