/**
 * What holds between the fields of one map, as members of its JSON Schema. The reader has a check of its own for each,
 * with words that fit; a test proves that both agree about every corpus file and about changes of it. Null counts as
 * absent, as everywhere in the language.
 */
export interface Rule {
  readonly [keyword: string]: unknown;
}

export function has(...names: readonly string[]): Rule {
  return { required: names, properties: Object.fromEntries(names.map((name) => [name, { not: { type: 'null' } }])) };
}

export function lacks(...names: readonly string[]): Rule {
  return { properties: Object.fromEntries(names.map((name) => [name, { type: 'null' }])) };
}

/** The field is there and is one of these. */
export function is(name: string, ...values: readonly unknown[]): Rule {
  return { required: [name], properties: { [name]: { enum: values } } };
}

/** The field, if it is there, is a text of this form. */
export function like(name: string, pattern: RegExp): Rule {
  return { properties: { [name]: { type: ['string', 'null'], pattern: pattern.source } } };
}

export function all(...rules: readonly Rule[]): Rule {
  return { allOf: rules };
}

export function some(...rules: readonly Rule[]): Rule {
  return { anyOf: rules };
}

export function one(...rules: readonly Rule[]): Rule {
  return { oneOf: rules };
}

export function never(rule: Rule): Rule {
  return { not: rule };
}

export function when(condition: Rule, rule: Rule): Rule {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  return { if: condition, then: rule };
}
