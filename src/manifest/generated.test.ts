import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { type JsonSchema, noted } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { sessionBytes } from '../session/canonical.ts';
import { normaliseCompleteSession, parseCompleteSession } from '../session/parse.ts';
import { renderSessionYaml } from '../session/render.ts';
import { loadManifest } from './load.ts';
import { readSessionSource } from './session-source.ts';
import { readYaml } from './yaml.ts';

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
const text = fc.oneof(
  odd,
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((one) => !/[$\p{C}]/u.test(one)),
);

const examples = ['/a', '/a/b c', 'name', '{{x}}', 'a{{x}}b', '$$SCONE::s$$', 'ab'.repeat(32), 'ab'.repeat(16), '../x'];

/** Texts of a form; forms that look ahead cannot be generated, and get examples. */
function matching(pattern: RegExp): fc.Arbitrary<string> {
  if (!/\(\?[=!]/.test(pattern.source)) return fc.stringMatching(pattern);
  return fc.constantFrom(...examples.filter((one) => pattern.test(one)));
}

/** Any value that a schema allows, as our reader gives it: every scalar a text. */
function valueOf(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  if (schema.not !== undefined) return fc.constant(null);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => valueOf(one, depth)));
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'boolean');
  const [type] = types;
  if (type === 'string' || type === undefined) {
    return schema.pattern === undefined ? text : matching(new RegExp(schema.pattern));
  }
  if (type === 'null') return fc.constant(null);
  if (type === 'array') {
    return fc.array(valueOf(schema.items ?? {}, depth + 1), { minLength: schema.minItems ?? 0, maxLength: 2 });
  }
  if (type === 'object') {
    const members = Object.entries(schema.properties ?? {});
    const entries = Object.fromEntries(members.map(([name, member]) => [name, valueOf(member, depth + 1)]));
    if (members.length === 0) return fc.dictionary(fc.constantFrom('A', 'NO', '0644', 'x y'), text, { maxKeys: 2 });
    return fc.record(entries, { requiredKeys: schema.required ?? [] });
  }
  return fc.constant('true');
}

for (const [language, { schema }] of Object.entries(languages)) {
  const values = valueOf(noted(schema)).filter((value) => typeof value === 'object' && value !== null);

  test(`52: what the ${language} schema generates survives YAML as it is`, () => {
    fc.assert(
      fc.property(values, (value) => {
        const yaml = stringify(value, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
        const read = readYaml(yaml, 'f.yml').value;
        assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(value)), yaml);
      }),
      { numRuns: 60 },
    );
  });

  test(`what the ${language} schema generates is read again as the same model, or refused with our error`, () => {
    let accepted = 0;
    fc.assert(
      fc.property(values, (value) => {
        const header = { ...value, ...heads[language] };
        const yaml = stringify(header, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
        try {
          again(language, yaml);
          accepted++;
        } catch (error) {
          if (!(error instanceof SconeError) || error.code === 'E_INTERNAL') throw error;
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(accepted > 0, 'nothing of it was accepted');
  });
}

/** What only a person would get right: the version, and names between parts. */
const heads: { readonly [language: string]: object } = {
  service: { apiVersion: 'scone/5.8', kind: 'genservice' },
  mesh: { apiVersion: 'scone/5.8', kind: 'mesh', cas: [{ name: 'cas', cas_url: 'h' }] },
  session: {
    version: '0.3.12',
    name: 'a/b',
    services: [],
    images: [],
    creator: null,
    access_policy: null,
    security: null,
  },
};

/** Reads a file, writes what was read, and reads that: the two models say the same. */
function again(language: string, yaml: string): void {
  if (language === 'session') {
    const { session } = parseCompleteSession(readSessionSource(yaml, 'f.yml', new Map()), { salt: '00'.repeat(16) });
    const bytes = sessionBytes(session);
    assert.deepEqual(sessionBytes(normaliseCompleteSession(parseJson(bytes))), bytes);
    const rendered = renderSessionYaml(session);
    assert.deepEqual(
      sessionBytes(parseCompleteSession(readSessionSource(rendered, 'f.yml', new Map())).session),
      bytes,
      rendered,
    );
    return;
  }
  const model = (text: string) =>
    JSON.stringify(loadManifest(text, 'f.yml', { variables: new Map() }).manifest, (key, member: unknown) =>
      key === 'at' ? undefined : member,
    );
  const first = model(yaml);
  const other = stringify(readYaml(yaml, 'f.yml').value, {
    aliasDuplicateObjects: false,
    defaultStringType: 'QUOTE_DOUBLE',
  });
  assert.equal(model(other), first);
}
