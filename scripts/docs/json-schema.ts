import { z } from 'zod';

/** The part of JSON Schema 2020-12 that our schemas are written in, with our notes. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  type?: string | string[];
  description?: string;
  examples?: unknown[];
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  not?: JsonSchema;
  properties?: { [name: string]: JsonSchema };
  patternProperties?: { [pattern: string]: JsonSchema };
  propertyNames?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  /** What holds between fields. */
  allOf?: JsonSchema[];
  if?: JsonSchema;
  then?: JsonSchema;
  else?: JsonSchema;
  // Notes of ours, which a published schema has in other words.
  example?: string;
  default?: string;
  since?: string;
  support?: string;
}

/** What a schema of ours says beside its notes: see `shapes` and `textMap` of the languages, and `rules.ts`. */
interface Extras {
  shapes?: () => z.ZodType[];
  texts?: true;
  also?: object;
  patterns?: { [pattern: string]: () => z.ZodType };
}

/** A schema of ours as JSON Schema with our notes, for the reference. */
export function noted(schema: z.ZodType): JsonSchema {
  const found = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    override: ({ jsonSchema }) => {
      const { shapes, texts, also, patterns } = jsonSchema as Extras;
      if (shapes !== undefined) {
        delete jsonSchema['shapes'];
        jsonSchema.anyOf = shapes().map((one) => withoutHead(noted(one)) as typeof jsonSchema);
      }
      if (texts === true) {
        delete jsonSchema['texts'];
        jsonSchema.type = 'object';
        jsonSchema.propertyNames = { pattern: '^[^=\\0]+$' };
        jsonSchema.additionalProperties = { anyOf: [{ type: 'string' }, { type: 'null' }] };
      }
      if (patterns !== undefined) {
        delete jsonSchema['patterns'];
        jsonSchema.patternProperties = Object.fromEntries(
          Object.entries(patterns).map(([pattern, member]) => [
            pattern,
            withoutHead(noted(member())) as typeof jsonSchema,
          ]),
        );
      }
      if (also !== undefined) {
        delete jsonSchema['also'];
        Object.assign(jsonSchema, also);
      }
    },
  });
  return found as JsonSchema;
}

function withoutHead({ $schema: _, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

/** Files of older kinds, which may lack fields that others must have. */
export interface Older {
  kinds: readonly string[];
  schema: z.ZodType;
}

/**
 * The schema as it is published: numbers and booleans are texts too, as in our files; a text may hold `$NAME`, which is
 * replaced before anything looks at it; notes are in words that editors show.
 */
export function published(schema: z.ZodType, name: string, title: string, older?: Older): JsonSchema {
  const { $schema: _, ...rest } = openUp(noted(older?.schema ?? schema));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:sconectl:schema:${name}`,
    title,
    ...rest,
    ...(older === undefined
      ? {}
      : {
          if: { properties: { kind: { enum: [...older.kinds] } }, required: ['kind'] },
          else: moreDemands(noted(schema), noted(older.schema)),
        }),
  };
}

/** What one schema demands and the other leaves out, in the maps of their first level. */
function moreDemands(strict: JsonSchema, loose: JsonSchema): JsonSchema {
  const differing = Object.entries(strict.properties ?? {}).filter(
    ([name, { required = [] }]) => required.length !== (loose.properties?.[name]?.required ?? []).length,
  );
  const demand = ({ required = [] }: JsonSchema): JsonSchema => ({
    required,
    properties: Object.fromEntries(required.map((name) => [name, { not: { type: 'null' } }])),
  });
  return { properties: Object.fromEntries(differing.map(([name, member]) => [name, demand(member)])) };
}

/** A text that is not final yet. Two dollars are no variable, and neither is one behind a backslash. */
const variable = '(?:^|[^$\\\\])(?:\\$\\$)*\\$[A-Za-z_{]';

function openUp(schema: JsonSchema): JsonSchema {
  const { example, default: fallback, since, support, description, ...rest } = schema;
  const notes = [
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
    ...(since === undefined ? [] : [`since ${since}`]),
    ...(support === undefined ? [] : [support === 'ignored' ? 'ignored' : 'known, not supported yet']),
  ];
  const about = [description, notes.length === 0 ? undefined : `(${notes.join('; ')})`].filter(
    (part) => part !== undefined,
  );
  const opened: JsonSchema = {
    ...(about.length === 0 ? {} : { description: about.join(' ') }),
    ...(example === undefined ? {} : { examples: [example] }),
    ...rest,
  };
  if (rest.properties !== undefined) {
    opened.properties = Object.fromEntries(
      Object.entries(rest.properties).map(([key, member]) => [
        key,
        orNothing(openUp(member), rest.required?.includes(key)),
      ]),
    );
  }
  if (rest.items !== undefined) opened.items = openUp(rest.items);
  if (rest.anyOf !== undefined) opened.anyOf = rest.anyOf.map(openUp);
  if (rest.oneOf !== undefined) opened.oneOf = rest.oneOf.map(openUp);
  if (rest.allOf !== undefined) opened.allOf = rest.allOf.map(openUp);
  // What is asked about is the text itself: a condition stays as it is.
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  if (rest.then !== undefined) opened.then = openUp(rest.then);
  if (rest.patternProperties !== undefined) {
    opened.patternProperties = Object.fromEntries(
      Object.entries(rest.patternProperties).map(([pattern, member]) => [pattern, openUp(member)]),
    );
  }
  if (typeof rest.additionalProperties === 'object') opened.additionalProperties = openUp(rest.additionalProperties);
  if (rest.enum !== undefined) return withEnum(opened, rest.enum);
  if (rest.const !== undefined) return withEnum(opened, [rest.const]);
  const types = typeof rest.type === 'string' ? [rest.type] : (rest.type ?? []);
  if (!types.includes('string')) return opened;
  const { numbers, others } = nativeForms(rest.pattern);
  const text = {
    type: [...types, ...others],
    ...(rest.pattern === undefined ? {} : { pattern: `${rest.pattern}|${variable}` }),
  };
  if (numbers.length === 0) return { ...opened, ...text };
  const { pattern: _, type: __, ...kept } = opened;
  return { ...kept, anyOf: [text, { enum: numbers }] };
}

/** What another reader may take a text of this form for: any number, or only some. */
function nativeForms(pattern: string | undefined): { numbers: number[]; others: string[] } {
  const form = new RegExp(pattern ?? '', 'u');
  const whole = ['1', '12', '400'].some((text) => form.test(text));
  return {
    numbers: !whole && form.test('0.3') ? [0.3] : [],
    others: [...(whole ? ['number'] : []), ...(form.test('true') ? ['boolean'] : [])],
  };
}

/** A field with shapes may be null like any other that need not be there. */
function orNothing(schema: JsonSchema, required = false): JsonSchema {
  if (required || schema.anyOf === undefined || schema.anyOf.some(({ type }) => type === 'null')) return schema;
  return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
}

function withEnum(schema: JsonSchema, values: readonly unknown[]): JsonSchema {
  const { enum: _, const: __, type: ___, ...rest } = schema;
  const native = values.flatMap((value) => (value === 'true' ? [true] : value === 'false' ? [false] : []));
  return { ...rest, anyOf: [{ enum: [...values, ...native] }, { type: 'string', pattern: variable }] };
}
