import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseJson } from '../core/json.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { sameContent, sessionBytes, sessionHash } from './canonical.ts';
import { normaliseSession, parseCompleteSession, parseSession } from './parse.ts';
import { renderSessionYaml } from './render.ts';
import type { Session, Variant } from './types.ts';

function read(yaml: string): Session {
  return parseSession(readSessionSource(yaml, 's.yml', new Map())).session;
}

function hashOf(yaml: string): string {
  return sessionHash(sessionBytes(read(yaml)));
}

/** Any session in normal form without placeholders. */
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const name = fc.stringMatching(/^[A-Za-z0-9_.~-]{1,12}$/);
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((one) => !/\0|\$\$SCONE::/.test(one) && one.isWellFormed());
const variable = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'NO', '0644', 'a b', '{{x}}', '- '),
  text.filter((one) => one !== '' && !one.includes('=')),
);
const environment = fc.dictionary(variable, text, { maxKeys: 4, noNullPrototype: false });
const variant: fc.Arbitrary<Variant> = fc.oneof(
  fc.record({ sim: fc.record({ mrenclave: fc.array(hash, { maxLength: 2 }) }) }),
  fc.record({
    sgx: fc.record({ mrsigner: hash, isvprodid: fc.constant('1'), isvsvn_min: fc.constantFrom('0', '65535') }),
  }),
);
function withNames<T>(entry: (name: string) => fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.uniqueArray(name, { maxLength: 3 }).chain((names) => fc.tuple(...names.map(entry)));
}
const anySession: fc.Arbitrary<Session> = fc.record(
  {
    version: fc.constant('0.3.12' as const),
    name: fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    predecessor: hash,
    salt: fc.stringMatching(/^[0-9a-f]{32}$/),
    access_policy: fc.record({
      read: fc.constantFrom(['CREATOR'], ['ANY'], ['NONE']),
      update: fc.constantFrom(['CREATOR'], ['NONE']),
      create_sessions: fc.constantFrom(['CREATOR'], ['ANY']),
    }),
    services: withNames((one) =>
      fc.record(
        {
          name: fc.constant(one),
          command: fc.array(text, { minLength: 1, maxLength: 3 }),
          pwd: fc.constantFrom('/', '/a/b'),
          environment,
          init_data: fc.array(hash, { maxLength: 2 }),
          attestation: fc.array(variant, { maxLength: 2 }),
        },
        { requiredKeys: ['name', 'command', 'environment', 'init_data', 'attestation'] },
      ),
    ),
    images: fc.constant([]),
    secrets: withNames((one) =>
      fc.record(
        {
          name: fc.constant(one),
          kind: fc.constantFrom('ascii' as const, 'binary' as const),
          size: fc.integer({ min: 1, max: 99999 }).map(String),
          export_public: fc.constant(true as const),
        },
        { requiredKeys: ['name', 'kind', 'size'] },
      ),
    ),
  },
  { requiredKeys: ['version', 'name', 'access_policy', 'services', 'images', 'secrets'] },
);

test('the test vectors of the reference hold', () => {
  const page = readFileSync(new URL('../../docs/reference/session-hash.md', import.meta.url), 'utf8');
  const vectors = [
    ...page.matchAll(/### (.+)\n\n```yaml\n([^]*?)```\n\n```json\n([^]*?)\n```\n\n```\n([0-9a-f]{64})\n```/g),
  ];
  assert.equal(vectors.length, page.match(/^### /gm)?.length);
  assert.ok(vectors.length >= 6);
  for (const [, title = '', yaml = '', canonical, expected] of vectors) {
    const source = readSessionSource(yaml, 's.yml', new Map());
    const bytes = sessionBytes(parseCompleteSession(source).session);
    assert.equal(Buffer.from(bytes).toString(), canonical, title);
    assert.equal(sessionHash(bytes), expected, title);
  }
});

test('the Python of the reference gives the hashes of the reference, whatever the order of the keys', (t) => {
  if (spawnSync('python3', ['--version']).error !== undefined) return t.skip('python3 is not installed');
  const page = readFileSync(new URL('../../docs/reference/session-hash.md', import.meta.url), 'utf8');
  const [, script = ''] = /```python\n([^]*?)```/.exec(page) ?? [];
  const vectors = [...page.matchAll(/```json\n([^]*?)\n```\n\n```\n([0-9a-f]{64})\n```/g)];
  assert.ok(vectors.length >= 6);
  for (const [, canonical = '', expected] of vectors) {
    const turned = Object.fromEntries(Object.entries(JSON.parse(canonical) as object).toReversed());
    const { stdout, stderr } = spawnSync('python3', ['-c', script], { input: JSON.stringify(turned, null, 1) });
    assert.equal(stdout.toString().trim(), expected, stderr.toString());
  }
});

test('54: order of keys, comments, quotes, escapes, number form and blanks do not change the hash', () => {
  const plain = hashOf('version: "0.3.12"\nname: a\nsecrets: [{name: e, kind: ascii, size: 10}]');
  const others = [
    '# comment\nname: a\nversion: 0.3.12 # more\nsecrets:\n  - size: "10"\n    kind: ascii\n    name: e\n',
    '{"secrets": [{"kind": "ascii", "name": "\\u0065", "size": 10}], "version": "0.3", "name": "a"}',
    "version: '0.3.1'\nname: 'a'\nservices: []\nimages: ~\npredecessor: ~\nsecrets: [{name: e, kind: ascii, size: 10, export_public: false}]",
    'version: "0.3"\nname: a\naccess_policy: {update: CREATOR}\nsecrets: [{name: "\\x65", kind: ascii, size: 10}]\n',
  ];
  for (const yaml of others) assert.equal(hashOf(yaml), plain, yaml);
});

test('54: anything else changes the hash', () => {
  const base = (change: { command?: string; env?: string; rest?: string }) =>
    hashOf(
      `version: "0.3"\nname: a\nservices:\n- name: p\n  command: ${change.command ?? '[p, x]'}\n` +
        `  attestation: []\n  environment: ${change.env ?? '{A: x, B: y}'}\n${change.rest ?? ''}`,
    );
  const hashes = [
    base({}),
    base({ command: '[p, "x "]' }),
    base({ command: '[x, p]' }),
    base({ command: '[p, x, ""]' }),
    base({ env: '{A: y, B: x}' }),
    base({ env: '{a: x, B: y}' }),
    base({ env: '{A: é, B: y}' }),
    base({ env: '{A: e\u0301, B: y}' }),
    base({ env: '{A: 10, B: y}' }),
    base({ env: '{A: 010, B: y}' }),
    base({ env: '{A: 1e1, B: y}' }),
    base({ env: '{A: x, B: y, __proto__: ""}' }),
    base({ rest: 'access_policy: {read: NONE}' }),
    base({ rest: 'secrets: [{name: s, kind: ascii}]' }),
    base({ rest: 'secrets: [{name: s, kind: binary}]' }),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

test('54: the normal form of any session survives JSON and YAML unchanged, byte for byte', () => {
  fc.assert(
    fc.property(anySession, (session) => {
      const bytes = sessionBytes(session);
      assert.deepEqual(sessionBytes(normaliseSession(parseJson(bytes))), bytes);
      const yaml = renderSessionYaml(session);
      assert.deepEqual(sessionBytes(read(yaml)), bytes, yaml);
      assert.equal(renderSessionYaml(read(yaml)), yaml);
    }),
  );
});

test('the place in a history does not count as content, everything else does', () => {
  const session = read('version: "0.3"\nname: a/b');
  const other = { ...session, predecessor: '1'.repeat(64), creator: 'x' };
  assert.equal(sameContent(session, other), true);
  assert.equal(sameContent({ ...session, namespace_hash: '2'.repeat(64) }, other), true);
  assert.equal(sameContent(session, { ...session, salt: '0'.repeat(32) }), false);
  assert.equal(sameContent(session, { ...session, name: 'a/c' }), false);
});

test('a rendered session reads back dollars, whatever stands around them', () => {
  const dollars = fc.array(fc.constantFrom('$', '\\', 'A', '{', '}', '$$SCONE::', ' '), { maxLength: 8 });
  fc.assert(
    fc.property(dollars, (pieces) => {
      const text = pieces.join('').replaceAll('$$SCONE::', () => '$$SCONE::s$$');
      const session: Session = {
        ...read('version: "0.3"\nname: a\nsecrets: [{name: s, kind: ascii}]'),
        services: [{ name: 'p', command: [text], environment: {}, init_data: [], attestation: [] }],
      };
      assert.deepEqual(read(renderSessionYaml(session)).services[0]?.command, [text]);
    }),
  );
});

test('a rendered session quotes what another reader could take for a number, a boolean or nothing', () => {
  const yaml = renderSessionYaml(
    read(
      'version: "0.3"\nname: a\nservices: [{name: p, command: [p], attestation: [], environment: {A: NO, B: 0644, C: "", D: "~", E: 1e3}}]',
    ),
  );
  for (const line of ['A: "NO"', 'B: "0644"', 'C: ""', 'D: "~"', 'E: "1e3"', 'attestation: []']) {
    assert.ok(yaml.includes(line), `${line} in\n${yaml}`);
  }
});
