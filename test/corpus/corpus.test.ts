import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { type JsonSchema, noted, published } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { SconeError } from '../../src/core/errors.ts';
import { loadManifest } from '../../src/manifest/load.ts';
import { notYet } from '../../src/manifest/not-yet.ts';
import { readSessionSource } from '../../src/manifest/session-source.ts';
import { parseCompleteSession } from '../../src/session/parse.ts';
import { type CorpusFile, corpus, languageNames, variables, wrongFiles } from './files.ts';

const root = join(import.meta.dirname, '..', '..');

/** What is known and not supported yet in a file; throws what is wrong with it. */
function load({ language, file, text }: CorpusFile): SconeError[] {
  if (language === 'session') {
    return parseCompleteSession(readSessionSource(text, file, variables), { salt: '00'.repeat(16) }).unsupported;
  }
  return notYet(loadManifest(text, file, { variables }).manifest);
}

/** Fields of a schema as `build.volumes.name`: lists and their entries are one. */
function fieldsOf(schema: JsonSchema, path = ''): { path: string; schema: JsonSchema }[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [{ path: at, schema: member }, ...fieldsOf(member, at)];
  });
  const inside = [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])];
  return [...own, ...inside.flatMap((member) => fieldsOf(member, path))];
}

function fieldsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsIn(item, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [at, ...fieldsIn(member, at)];
  });
}

/** Notes of a field, which may stand in an alternative. */
function supportOf(schema: JsonSchema): string | undefined {
  return schema.support ?? schema.anyOf?.map(supportOf).find((support) => support !== undefined);
}

for (const language of languageNames) {
  test(`every ${language} of the corpus is read`, () => {
    const files = corpus(language);
    for (const file of files) {
      try {
        load(file);
      } catch (error) {
        if (!(error instanceof SconeError)) throw error;
        assert.fail(`${file.file}: ${error.errors.map(({ message }) => message).join('; ') || error.message}`);
      }
    }
  });

  test(`every field of the ${language} language occurs in the corpus`, () => {
    const { schema } = languages[language] ?? assert.fail();
    const known = new Set(fieldsOf(noted(schema)).map(({ path }) => path));
    const used = new Set(
      [...corpus(language), ...wrongFiles()].flatMap((file) =>
        file.language === language ? fieldsIn(file.native) : [],
      ),
    );
    assert.deepEqual(
      [...known].filter((path) => !used.has(path)),
      [],
    );
    assert.ok(known.size > 25);
  });

  test(`46: every field of the ${language} language that is not supported is named where it occurs`, () => {
    const { schema } = languages[language] ?? assert.fail();
    const refused = fieldsOf(noted(schema)).filter(({ schema: field }) => supportOf(field) === 'refused');
    assert.ok(refused.length > 5);
    const silent = refused
      .map(({ path }) => path)
      .filter((path) => {
        const files = corpus(language).filter(({ native }) => fieldsIn(native).includes(path));
        return !files.some((file) => load(file).length > 0);
      });
    assert.deepEqual(silent, []);
  });

  test(`another validator agrees with ours about every ${language} of the corpus`, () => {
    const { schema, title, older } = languages[language] ?? assert.fail();
    const ajv = new Ajv2020.default({ allErrors: true, strict: false });
    const validate = ajv.compile(published(schema, language, title, older));
    for (const file of corpus(language)) {
      assert.ok(validate(file.native), `${file.file}: ${ajv.errorsText(validate.errors)}`);
    }
    const wrong = wrongFiles().filter((file) => file.language === language);
    assert.ok(wrong.length >= 5);
    for (const file of wrong) {
      assert.equal(validate(file.native), false, file.file);
      assert.throws(() => load(file), SconeError, file.file);
    }
  });

  test(`the published schema of the ${language} language is the one that the sources make`, () => {
    const { schema, title, older } = languages[language] ?? assert.fail();
    const file = readFileSync(join(root, 'schemas', `${language}.schema.json`), 'utf8');
    assert.deepEqual(JSON.parse(file), JSON.parse(JSON.stringify(published(schema, language, title, older))));
  });
}

test('the corpus has at least 80 files, and each tells editors which schema it has', () => {
  const files = languageNames.flatMap(corpus);
  assert.ok(files.length >= 80, String(files.length));
  for (const { file, text } of files) {
    const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    assert.ok(existsSync(join(import.meta.dirname, file, '..', schema)), file);
  }
  for (const name of ['service', 'mesh']) {
    const text = readFileSync(join(root, 'examples', 'hello', `${name}.yml`), 'utf8');
    assert.match(text, new RegExp(`^# yaml-language-server: \\$schema=\\S*${name}\\.schema\\.json$`, 'm'));
    assert.ok(parse(text));
  }
});
