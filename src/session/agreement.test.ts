import assert from 'node:assert/strict';
import { test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { published } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { corpus, variables } from '../../test/corpus/files.ts';
import { changed, nothing, placesIn } from '../../test/support/changes.ts';
import { SconeError } from '../core/errors.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { readYaml } from '../manifest/yaml.ts';
import { parseCompleteSession } from './parse.ts';

/**
 * What only the reader sees, because it lies between parts of a session or inside of a text. Everything else a JSON
 * Schema can say, and ours says it.
 */
const beyondSchemas: readonly [rule: RegExp, why: string][] = [
  [/is \S+ a second time$|repeats the path/, 'names in a list differ'],
  [/which (?:images|volumes|secrets) does not define$/, 'a name is defined in another list'],
  [/names (?:the secret .*,|a secret) which the session lacks$/, 'a name is defined in another list'],
  [/names a secret of kind|names a key of type/, 'what is named has the right kind'],
  [/a placeholder refers to the secret/, 'a placeholder names a secret'],
  [/cannot be written as|has no \.\w+$/, 'a placeholder has a format of its secret'],
  [/a placeholder does not have the form of one/, 'the text inside of a placeholder'],
  [/which cannot stand here$|where only text can be$/, 'a placeholder stands for a secret that fits'],
  [/has a placeholder beside other text/, 'the text of a claim'],
  [/leads back to the certificate itself/, 'certificates form no circle'],
  [/lacks "attestation"/, 'security decides whether services are attested'],
  [/lacks "token"/, 'there is exactly one aad-token'],
  [/is less than isvsvn_min/, 'one number is less than another'],
  [/must be a list of at least \d+ entries/, 'a number in a key counts a list'],
  [/its length or checksum is wrong|unknown version byte/, 'the checksum of a key hash'],
  [/is no certificate and no public key in PEM|a key that cannot sign sessions/, 'the bytes of a PEM'],
  [/has a quote that is not closed/, 'the words of a command'],
  [/is a text that names no session|which means nothing here|lacks session|is refused: \w+ /, 'the parts of a URL'],
  [/has a path from here, which one text cannot have/, 'the parts of a URL'],
  [/must be octal/, 'how a number was written'],
  [/needs a salt, so that/, 'the salt that a command brings'],
];

const { schema, title } = languages['session'] ?? assert.fail();
const validate = new Ajv2020.default({ strict: false }).compile(published(schema, 'session', title));

/** Our own verdict: nothing, or the problems as texts. */
function problemsOf(yaml: string): string[] {
  try {
    parseCompleteSession(readSessionSource(yaml, 's.yml', variables), { salt: '00'.repeat(16) });
    return [];
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    return (error.errors.length === 0 ? [error] : error.errors).map(({ message }) => message);
  }
}

/** Texts that are right in some field, and ones that are right in none. */
const texts = [
  '',
  'x',
  'a b',
  '/data',
  '/data/',
  '/a/../b',
  'relative',
  '0.3.13',
  '12',
  '70000',
  'true',
  'CREATOR',
  'NONE',
  'ANY',
  '*',
  'debug-mode',
  'INTEL-SA-00586',
  'x509',
  'ascii',
  'maa',
  'none',
  'ephemeral',
  'client',
  '90 days',
  '../sibling',
  '/session=a',
  'dns:x',
  'AB'.repeat(32),
  'ab'.repeat(16),
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  '$$SCONE::word$$',
  'https://x.y',
];
const values = [nothing, null, true, false, 12, [], {}, ['x'], [12], { x: 1 }, { session: 'a' }, ...texts];

test('another validator agrees with ours about every single change of every session of the corpus', () => {
  const disagreements: string[] = [];
  let refused = 0;
  let compared = 0;
  // As texts: what a number was written like is lost in another reader.
  const places = corpus('session').flatMap(({ file, text }) => {
    const { value } = readYaml(text, file, 'E_SESSION');
    return placesIn(value).map((path) => ({ file, value, path }));
  });
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.constantFrom(...values), ({ file, value, path }, into) => {
      const other = changed(value, path, into);
      const ours = problemsOf(stringify(other, { aliasDuplicateObjects: false }));
      const cross = ours.filter((message) => beyondSchemas.some(([rule]) => rule.test(message)));
      const theirs = validate(other);
      compared++;
      if (!theirs) refused++;
      if (theirs ? ours.length > cross.length : ours.length === 0) {
        const detail = theirs
          ? ours.join('; ')
          : JSON.stringify(validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`));
        disagreements.push(`${file} ${path.join('.')} = ${JSON.stringify(into) ?? 'nothing'}: ${detail}`);
      }
    }),
    { numRuns: 1500 },
  );
  assert.deepEqual(disagreements, []);
  // Both verdicts occur often, or nothing was compared.
  assert.ok(refused > compared / 5 && refused < (compared * 9) / 10, `${refused} of ${compared}`);
});
