import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf, noteOf } from '../../scripts/docs/language.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { type CorpusFile, corpus, variables } from '../../test/corpus/files.ts';
import { SconeError } from '../core/errors.ts';
import { explicitValues } from './explicit-values.ts';
import { loadManifest } from './load.ts';
import { notYet } from './not-yet.ts';
import type { ServiceManifest } from './service.ts';

function service(name: string): { manifest: ServiceManifest; later: string[] } {
  const file = corpus('service').find(({ file: one }) => one === `service/${name}.yml`) ?? assert.fail(name);
  const { kind, manifest } = loadManifest(file.text, file.file, { variables });
  assert.ok(kind === 'genservice');
  return { manifest, later: notYet(manifest).map(({ message }) => message.replace(/,? is known, and .*/, '')) };
}

test('a manifest of April 2022 takes its name from the image, and engine and command from its base', () => {
  const { manifest, later } = service('gen-image-base');
  const { name, kind, argv, commandText } = manifest.build;
  assert.deepEqual([name, kind, argv, commandText], ['app', 'python', [], '']);
  assert.deepEqual(later, [
    'a manifest without build.kind, which its base decides',
    'a manifest without build.command, which its base decides',
    'build.from registry.example.org/hello/python',
    'build.run',
    'build.gen_policy',
  ]);
  const now = () => loadManifest('apiVersion: scone/5.8\nkind: genservice\nbuild: {to: a}\n', 'f.yml', { variables });
  assert.throws(now, (error: unknown) => error instanceof SconeError && error.errors.length === 3);
});

test('hex may be broken over lines, and lines may end as on Windows', () => {
  const { TRUSTSTORE_P12_HEX, LONG } = explicitValues(service('binary-lines').manifest);
  assert.deepEqual([TRUSTSTORE_P12_HEX, LONG], ['feedfeed00', '00112233aabbccdd']);
  assert.equal(service('crlf').manifest.injection_files[0]?.content, 'a\tb\n\nc\n');
});

test('engines with a blank, slashes at the end and booleans of YAML have one normal form', () => {
  const { kind, pwd } = service('java-8').manifest.build;
  assert.deepEqual([kind, pwd], ['java8', '/java']);
  const [key, word] = service('yaml-words').manifest.secrets.global;
  assert.deepEqual([key?.migrate, word?.export_public], [true, false]);
});

test('what only the original tool could do is refused by name, with what to do instead', () => {
  assert.deepEqual(service('java-8').later, [
    'build.kind java8',
    'the absolute path /app/build/libs/app.jar in build.copy',
  ]);
  assert.deepEqual(service('open-placeholder').later, ['$$SCONE::password, a placeholder that is not closed']);
  assert.deepEqual(service('init-containers').later, ['waiting for another service (INIT_CONTAINER1_ENABLE)']);
  assert.deepEqual(service('path-template').later, ['{{…}} in the path /etc/nginx/certs/{{host}}.crt']);
  assert.deepEqual(service('session-fields').later.slice(0, 1), ['secrets.global[].export']);
  const { manifest } = service('java-8');
  assert.equal(notYet(manifest)[1]?.hint, 'name it from the folder of the manifest: app/build/libs/app.jar');
});

/** Fields that are refused with the kind or the list that they belong to, which is named instead. */
const namedBy: readonly [field: RegExp, name: RegExp][] = [
  [/^secrets\.global\[\]\.(?!san|export)/, /^the secret kind /],
  [/^secrets\.import$/, /^importing the secret /],
  [/^build\.gen_policy\.policy$/, /^build\.gen_policy$/],
];

for (const language of ['service', 'mesh'] as const) {
  test(`46: wherever a field of the ${language} language that is not supported stands, it is refused by its name`, () => {
    const refused = fieldsOf(languages[language]?.schema ?? assert.fail()).filter(
      ({ schema }) => noteOf(schema, 'support') === 'refused',
    );
    assert.ok(refused.length > 8);
    for (const { path } of refused) {
      const places = corpus(language).filter((file) => hasValue(file, path));
      assert.ok(places.length > 0, `${path} stands nowhere`);
      const [, said] = namedBy.find(([field]) => field.test(path)) ?? [undefined, undefined];
      for (const { file, text } of places) {
        const names = loadManifest(text, file, { variables }).manifest.unsupported.map(({ what }) => what);
        const own = path.replace(/\[\]$/, '');
        const last = own.replace(/^cas\[\]\./, '');
        const found = names.some((name) => (said === undefined ? name === own || name === last : said.test(name)));
        assert.ok(found, `${file} has ${path}, and only these are refused: ${names.join('; ')}`);
      }
    }
  });
}

/** Whether a file has something at a path such as `secrets.global[].name`, other than what means nothing. */
function hasValue({ native }: CorpusFile, path: string): boolean {
  let found: unknown[] = [native];
  for (const step of path.split('.')) {
    const key = step.replace(/\[\]$/, '');
    found = found
      .map((one) => (typeof one === 'object' && one !== null ? (one as { [name: string]: unknown })[key] : undefined))
      .flatMap((one) => (step.endsWith('[]') ? (Array.isArray(one) ? one : []) : [one]));
  }
  return found.some((one) => one !== undefined && one !== null && !(Array.isArray(one) && one.length === 0));
}
