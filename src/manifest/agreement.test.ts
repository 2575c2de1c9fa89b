import assert from 'node:assert/strict';
import { test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { published } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { corpus, variables } from '../../test/corpus/files.ts';
import { changed, nothing, placesIn } from '../../test/support/changes.ts';
import { beyondSchemas } from '../../test/support/manifest-rules.ts';
import { SconeError } from '../core/errors.ts';
import { loadManifest } from './load.ts';
import type { Tree } from './tree.ts';
import { substituteVariables } from './variables.ts';
import { readYaml, type YamlSource } from './yaml.ts';

/** Texts that are right in some field, and ones that are right in none. */
const texts = [
  '',
  ' ',
  'x',
  'a b',
  '/data',
  '/data/',
  '//',
  '/a/../b',
  '../x',
  'relative',
  'scone/5.7',
  'scone/5.10.1',
  'scone/6',
  'genAppImage',
  'genservice',
  'mesh',
  'java 8',
  'python',
  'Registry/x',
  'r.example:5000/a/b:1',
  'a@sha256:0',
  '0',
  '12',
  '70000',
  'true',
  'FALSE',
  'yes',
  '*',
  '*, *',
  'outdated-tcb,, hyperthreading',
  'debug',
  'INTEL-SA-00586, INTEL-SA-00614',
  'INTEL-SA-1',
  'security',
  'cas',
  'host:0',
  'host:65536',
  'cas_1.x:8081',
  'http://h',
  '-C -G',
  '-CGX',
  '--mrenclave',
  '-c x',
  'EncryptedManifest',
  'x509',
  'ascii',
  'private-key',
  'P-384',
  'ephemeral',
  'client',
  '90 days',
  'soon',
  '{{x}}',
  'a=b',
  'AB'.repeat(32),
];
const values = [nothing, null, [], {}, [null], ['x'], { x: '1' }, { name: 'a', value: 'b' }, ...texts];

for (const language of ['service', 'mesh'] as const) {
  const { schema, title, older } = languages[language] ?? assert.fail();
  const validate = new Ajv2020.default({ strict: false }).compile(published(schema, language, title, older));

  test(`another validator agrees with ours about single changes of every ${language} of the corpus`, () => {
    const disagreements: string[] = [];
    let refused = 0;
    let compared = 0;
    // As texts, and with the values of its variables: what an editor shows is judged before they are known.
    const places = corpus(language).flatMap(({ file, text }) => {
      const { value } = literally(substituteVariables(readYaml(text, file), variables).source);
      return [...placesIn(value), ['unknown'], ['kind']].map((place) => ({ file, value, place }));
    });
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom(...values), ({ file, value, place }, into) => {
        const other = changed(value, place, into);
        const kind = (other as { kind?: unknown }).kind;
        // Which language a file is in is decided before it is judged.
        fc.pre(typeof kind !== 'string' || (kind === 'mesh') === (language === 'mesh'));
        const ours = problemsOf(stringify(other, { aliasDuplicateObjects: false, schema: 'yaml-1.1' }));
        const single = ours.filter((message) => !beyondSchemas.some(([rule]) => rule.test(message)));
        const theirs = validate(other);
        compared++;
        if (!theirs) refused++;
        if (theirs !== (single.length === 0)) {
          const said = theirs
            ? single.join('; ')
            : JSON.stringify(validate.errors?.map((error) => error.instancePath + error.message));
          disagreements.push(`${file} ${place.join('.')} = ${JSON.stringify(into) ?? 'nothing'}: ${said}`);
        }
      }),
      { numRuns: 3000 },
    );
    assert.deepEqual(disagreements.slice(0, 20), []);
    // Both verdicts occur often, or nothing was compared.
    assert.ok(refused > compared / 5 && refused < (compared * 9) / 10, `${refused} of ${compared}`);
  });
}

/** The same with every `$NAME` that is a text by now written as one. */
function literally(source: YamlSource): YamlSource {
  const walk = (value: Tree): Tree => {
    if (typeof value === 'string') {
      return value.replace(/(\$\$SCONE::.*?\$\$|\$\$)|\$(?=[A-Za-z_{])/gs, (_, keep?: string) => keep ?? '\\$');
    }
    if (Array.isArray(value)) return value.map(walk);
    if (value === null) return null;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]));
  };
  return source.withValue(walk(source.value));
}

/** Our own verdict: nothing, or the problems as texts. */
function problemsOf(yaml: string): string[] {
  try {
    loadManifest(yaml, 'f.yml', { variables: new Map() });
    return [];
  } catch (error) {
    assert.ok(error instanceof SconeError && error.errors.length > 0, String(error));
    return error.errors.map(({ message }) => message);
  }
}
