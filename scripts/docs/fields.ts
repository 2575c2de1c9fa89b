import { z } from 'zod';
import { code, table } from './page.ts';

/** The parts of a JSON Schema that a table of fields shows. */
interface Schema {
  type?: string | readonly string[];
  description?: string;
  example?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  properties?: { [name: string]: Schema };
  additionalProperties?: Schema | boolean;
  required?: readonly string[];
  items?: Schema;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
}

/** A table of every field of a schema: its path, form, whether it must be there, and what it is for. */
export function fieldTable(schema: z.ZodType): string {
  const root = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as Schema;
  const rows: string[][] = [];
  addFields(rows, '', root);
  if (rows.length === 0) return 'No fields.';
  const described = rows.some((row) => row[3] !== '');
  const heads = ['Field', 'Form', 'Required', 'What'];
  return table(described ? heads : heads.slice(0, 3), described ? rows : rows.map((row) => row.slice(0, 3)));
}

function addFields(rows: string[][], path: string, schema: Schema): void {
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) === true && !takesNothing(member) ? 'yes' : '';
    rows.push([code(at), form(member), required, about(member)]);
    addBelow(rows, at, member);
  }
}

function addBelow(rows: string[][], path: string, schema: Schema): void {
  addFields(rows, path, schema);
  if (schema.items !== undefined) addBelow(rows, `${path}[]`, schema.items);
  for (const other of alternatives(schema)) addBelow(rows, path, other);
}

/** `anyOf` without the alternative that a field may be null, which means the same as not being there. */
function alternatives(schema: Schema): readonly Schema[] {
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter((one) => one.type !== 'null');
}

function takesNothing(schema: Schema): boolean {
  return [schema, ...(schema.anyOf ?? [])].some(
    ({ type }) => type === 'null' || (Array.isArray(type) && type.includes('null')),
  );
}

function form(schema: Schema): string {
  if (schema.const !== undefined) return code(plain(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(plain(value))).join(', ');
  const others = [...new Set(alternatives(schema).map(form))];
  if (others.length > 0) return others.join(' or ');
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== 'null');
    return types.map((type) => form({ ...schema, type })).join(' or ');
  }
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : form(schema.items)}`;
  if (schema.type === 'string') return 'text';
  if (schema.type === 'object') return 'map';
  return typeof schema.type === 'string' ? schema.type : 'anything';
}

function about(schema: Schema): string {
  const own =
    schema.description ?? alternatives(schema).find((one) => one.description !== undefined)?.description ?? '';
  const example = schema.example ?? alternatives(schema).find((one) => one.example !== undefined)?.example;
  return example === undefined ? own : `${own}; for example ${code(plain(example))}`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
