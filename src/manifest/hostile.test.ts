import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../core/errors.ts';
import { excerpt } from './excerpt.ts';
import { loadManifest } from './load.ts';
import { mentionsIn } from './mentions.ts';
import { readYaml } from './yaml.ts';

const long = 900_000;
const head = 'apiVersion: scone/5.8\nkind: genservice\n';
const build = (more = '') => `${head}build: {name: a, kind: python, to: a, command: p${more}}\n`;
const value = (text: string) => `${build()}environment:\n  local:\n  - {name: A, value: '${text}'}\n`;
const mesh = (cas: string, policy = '', rest = '') =>
  `apiVersion: scone/5.8\nkind: mesh\ncas: [{cas_url: h${cas}}]\npolicy: {namespace: n${policy}}\nservices: [{image: a}]\n${rest}`;
const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join();

/** Files that are small enough to be read, and made to cost time behind the YAML. */
const files: [string, string][] = [
  ['a placeholder without an end', value(`$$SCONE::${'a'.repeat(long)}`)],
  ['placeholders that nobody defines', value('$$SCONE::x$$'.repeat(long / 12))],
  ['placeholders that all differ', value(many(40_000, (i) => `$$SCONE::x${i}$$`))],
  ['beginnings of templates', value('{{ a | default(value="'.repeat(long / 25))],
  ['beginnings of raw texts', value('{% raw %}'.repeat(long / 9))],
  ['the names of placeholders', value('SCONE::'.repeat(long / 7))],
  ['templates in a name', `${build()}secrets: {import: ["${'{{a}}'.repeat(long / 5)}!"]}\n`],
  ['quotes in a command', `${head}build: {name: a, kind: python, to: a, command: "${"'".repeat(long)}"}\n`],
  ['a long image', build(`, from: ${'a-'.repeat(long / 2)}`).replace('to: a', `to: ${'a-'.repeat(long / 20)}!`)],
  ['slashes', build(`, pwd: ${'/'.repeat(long)}.`)],
  ['folders above', build(`, copy: ["${'a/'.repeat(long / 2)}.."]`)],
  ['a long version', build().replace('5.8', `5.8-${'a'.repeat(long)}!`)],
  ['flags', mesh(`, tolerance: "${'-C '.repeat(long / 3)}x"`)],
  ['blanks between flags', mesh(`, tolerance: "-C${' '.repeat(long)}x"`)],
  ['advisories', mesh('', `, ignore_advisories: "${'x,'.repeat(long / 2)}"`)],
  ['commas', mesh('', `, tolerate: "${', '.repeat(long / 2)}x"`)],
  ['a long life', `${build()}secrets: {global: [{name: a, kind: x509, valid_for: "${'1m'.repeat(long / 2)}x"}]}\n`],
  [
    'beginnings of PEM',
    `${build()}secrets: {global: [{name: a, kind: x509, value: "${'-----BEGIN A'.repeat(long / 12)}"}]}\n`,
  ],
  ['unknown keys', build() + many(12_000, (i) => `\nunknown_key_with_a_long_name_${i}: 1`).replaceAll(',', '')],
  [
    'suggestions',
    `${value('$$SCONE::nobody_at_all$$'.repeat(20_000))}secrets: {import: [${many(7000, (i) => `some_secret_${i}`)}]}\n`,
  ],
  [
    'issuers',
    `${build()}secrets: {global: [${many(1200, (i) => `{name: s${i}, kind: x509-ca, private_key: s0, issuer: s${i + 1}}`)}]}\n`,
  ],
  [
    'blocks for services that are not there',
    mesh('', '', `env: [${many(2000, (i) => `{service: t${i}, env: []}`)}]\n`),
  ],
  ['names of JavaScript', `${build(', __proto__: {x: 1}, toString: 2')}__proto__: {x: 1}\nconstructor: 1\n`],
];

for (const [what, text] of files) {
  test(`52: ${what}: an answer in under a second, with at most a hundred problems to read`, () => {
    const start = process.cpuUsage();
    try {
      loadManifest(text, 'f.yml', { variables: new Map() });
    } catch (error) {
      assert.ok(error instanceof SconeError && error.code === 'E_MANIFEST', String(error));
      assert.ok(error.errors.length >= 1 && error.errors.length <= 101);
      for (const { at } of error.errors.slice(0, 20)) assert.ok(at === undefined || excerpt(text, at) !== undefined);
    }
    mentionsIn(readYaml(text, 'f.yml'));
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
  });
}

test('what is beyond the hundredth problem is said to be there', () => {
  const text = `${build()}environment: {local: [${many(200, () => '{nam: A}')}]}\n`;
  assert.throws(
    () => loadManifest(text, 'f.yml', { variables: new Map() }),
    (error: unknown) =>
      error instanceof SconeError &&
      error.message === 'f.yml has more than 100 problems' &&
      error.errors.at(-1)?.message === 'there are more problems from here on, which are not shown',
  );
});
