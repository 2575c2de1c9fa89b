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
  not?: JsonSchema;
  properties?: { [name: string]: JsonSchema };
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  items?: JsonSchema;
  minItems?: number;
  anyOf?: JsonSchema[];
  // Notes of ours, which a published schema has in other words.
  example?: string;
  default?: string;
  since?: string;
  support?: string;
}

/** A schema of ours as JSON Schema with our notes, for the reference. */
export function noted(schema: z.ZodType): JsonSchema {
  const found = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    override: ({ jsonSchema }) => {
      const { shapes, texts } = jsonSchema as { shapes?: () => z.ZodType[]; texts?: true };
      if (shapes !== undefined) {
        delete jsonSchema['shapes'];
        jsonSchema.anyOf = shapes().map((one) => withoutHead(noted(one)) as typeof jsonSchema);
      }
      if (texts === true) {
        delete jsonSchema['texts'];
        jsonSchema.type = 'object';
        jsonSchema.additionalProperties = { anyOf: [{ type: 'string' }, { type: 'null' }] };
      }
    },
  });
  return found as JsonSchema;
}

function withoutHead({ $schema: _, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

/**
 * The schema as it is published: numbers and booleans are texts too, as in our files; a text may hold `$NAME`, which is
 * replaced before anything looks at it; notes are in words that editors show.
 */
export function published(schema: z.ZodType, name: string, title: string): JsonSchema {
  const { $schema: _, ...rest } = openUp(noted(schema));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:sconectl:schema:${name}`,
    title,
    ...rest,
  };
}

/** A text that is not final yet. */
const variable = '\\$[A-Za-z_{]';

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
  if (typeof rest.additionalProperties === 'object') opened.additionalProperties = openUp(rest.additionalProperties);
  if (rest.enum !== undefined) return withEnum(opened, rest.enum);
  if (rest.const !== undefined) return withEnum(opened, [rest.const]);
  const types = typeof rest.type === 'string' ? [rest.type] : (rest.type ?? []);
  if (!types.includes('string')) return opened;
  return {
    ...opened,
    type: [...types, ...nativeTypes(rest.pattern)],
    ...(rest.pattern === undefined ? {} : { pattern: `${rest.pattern}|${variable}` }),
  };
}

/** What another reader may take a text of this form for. */
function nativeTypes(pattern: string | undefined): string[] {
  const form = new RegExp(pattern ?? '', 'u');
  return [
    ...(['1', '12', '400', '0.3'].some((text) => form.test(text)) ? ['number'] : []),
    ...(form.test('true') ? ['boolean'] : []),
  ];
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
