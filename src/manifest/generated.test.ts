import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { noted } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { valuesOf } from '../../test/support/schema-values.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { sessionBytes } from '../session/canonical.ts';
import { normaliseCompleteSession, parseCompleteSession } from '../session/parse.ts';
import { renderSessionYaml } from '../session/render.ts';
import { readSessionSource } from './session-source.ts';
import { readYaml } from './yaml.ts';

for (const [language, { schema }] of Object.entries(languages)) {
  const values = valuesOf(noted(schema)).filter((value) => typeof value === 'object' && value !== null);

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
}

test('what the session schema generates is read again as the same model, or refused with our error', () => {
  const { schema } = languages['session'] ?? assert.fail();
  let accepted = 0;
  fc.assert(
    fc.property(valuesOf(noted(schema)), (value) => {
      const yaml = stringify({ ...(value as object), ...head }, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
      try {
        again(yaml);
        accepted++;
      } catch (error) {
        if (!(error instanceof SconeError) || error.code === 'E_INTERNAL') throw error;
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(accepted > 0, 'nothing of it was accepted');
});

/** What only a person would get right: the version, and names between parts. */
const head = {
  version: '0.3.12',
  name: 'a/b',
  services: [],
  images: [],
  creator: null,
  access_policy: null,
  security: null,
};

/** Reads a session, writes what was read, and reads that: both say the same. */
function again(yaml: string): void {
  const { session } = parseCompleteSession(readSessionSource(yaml, 'f.yml', new Map()), { salt: '00'.repeat(16) });
  const bytes = sessionBytes(session);
  assert.deepEqual(sessionBytes(normaliseCompleteSession(parseJson(bytes))), bytes);
  const rendered = renderSessionYaml(session);
  assert.deepEqual(
    sessionBytes(parseCompleteSession(readSessionSource(rendered, 'f.yml', new Map())).session),
    bytes,
    rendered,
  );
}
