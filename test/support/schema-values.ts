import * as fc from 'fast-check';
import type { JsonSchema } from '../../scripts/docs/json-schema.ts';

/** Texts that YAML readers get wrong. */
const odd = fc.constantFrom(
  'NO',
  '0644',
  '1e3',
  '~',
  'null',
  '',
  ' x ',
  'a: b',
  '- a',
  '# a',
  '{{x}}',
  '"',
  "'",
  'é\n\n',
  '!tag',
  '&a',
  '*a',
  '|',
  'x\ny',
  '__proto__',
);
export const text = fc.oneof(
  odd,
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((one) => !/[$\p{C}]/u.test(one)),
);

/** Texts for the forms that look ahead, which cannot be generated. */
const examples = ['/a', '/a/b c', '/', '//a//', '/opt/data/', 'name', 'a/b.py', './x', 'x..y', '*.py', 'a b']
  .concat(['{{x}}', 'a{{x}}b', '$$SCONE::s$$', 'ab'.repeat(32), 'ab'.repeat(16), '../x'])
  .concat(['CREATOR', 'INTEL-SA-00586', 'debug-mode', '/session=a', '/session=a,secret=s', '/session=a,volume=v']);

/** Texts of a form. */
function matching(pattern: RegExp): fc.Arbitrary<string> {
  if (/\(\?[=!]/.test(pattern.source)) return fc.constantFrom(...examples.filter((one) => pattern.test(one)));
  return fc.stringMatching(pattern).filter((one) => !/[$\p{Cc}]/u.test(one));
}

/** Any value that a schema allows, as our reader gives it: every scalar a text. */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.not !== undefined) return fc.constant(null);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valuesOf));
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'boolean');
  const [type] = types;
  if (type === 'string' || type === undefined) {
    return schema.pattern === undefined ? text : matching(new RegExp(schema.pattern));
  }
  if (type === 'null') return fc.constant(null);
  if (type === 'array')
    return fc.array(valuesOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 2 });
  if (type === 'object') {
    const members = Object.entries(schema.properties ?? {});
    if (members.length === 0) return fc.dictionary(fc.constantFrom('A', 'NO', '0644', 'x y'), text, { maxKeys: 2 });
    const entries = Object.fromEntries(members.map(([name, member]) => [name, valuesOf(member)]));
    return fc.record(entries, { requiredKeys: schema.required ?? [] });
  }
  return fc.constant('true');
}
