import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { noted } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { valuesOf } from '../../test/support/schema-values.ts';
import { readYaml } from './yaml.ts';

// Sessions have rules between their fields, and a test of their own.
for (const language of ['service', 'mesh']) {
  const { schema } = languages[language] ?? assert.fail();
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
