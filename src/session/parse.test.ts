import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hex } from '../core/bytes.ts';
import { hmacLp, keyHash, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { sessionBytes } from './canonical.ts';
import { normaliseSession, parseSession } from './parse.ts';
import { renderSessionYaml } from './render.ts';

const aa = 'aa'.repeat(32);
const bb = 'bb'.repeat(32);
const someone = keyHash(sha256(Uint8Array.of(1)), 'production');

function read(yaml: string, opts?: { salt?: string }) {
  return parseSession(readSessionSource(yaml, 's.yml', new Map()), opts);
}

/** The problems of a session as `line:column code message`. */
function problems(yaml: string, opts?: { salt?: string }): string[] {
  try {
    read(yaml, opts);
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    return error.errors.map(({ at, code, message }) => `${at?.line}:${at?.column} ${code} ${message}`);
  }
  return [];
}

/** A session with one service and the given further lines. */
function withService(lines: string, rest = ''): string {
  return `version: "0.3.12"\nname: a/b\nservices:\n- name: p\n  command: [p]\n${lines}\n${rest}`;
}

test('a session as conventions write it becomes its normal form, with every default filled in', () => {
  const { session, warnings } = read(`
version: "0.3.12"
name: myPythonApp/pythonapp
services:
- name: python3
  command: [python3, print_env.py]
  pwd: /python
  environment: {A: 1, B: ~}
  init_data: ${aa.toUpperCase()}
  attestation: [{sim: {mrenclave: ${bb}}}]
secrets: [{name: password, kind: ascii}]
`);
  assert.deepEqual(warnings, []);
  assert.deepEqual(JSON.parse(JSON.stringify(session)), {
    version: '0.3.12',
    name: 'myPythonApp/pythonapp',
    access_policy: { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR'] },
    services: [
      {
        name: 'python3',
        command: ['python3', 'print_env.py'],
        pwd: '/python',
        environment: { A: '1', B: '' },
        init_data: [aa],
        attestation: [{ sim: { mrenclave: [bb] } }],
      },
    ],
    images: [],
    secrets: [{ name: 'password', kind: 'ascii', size: '20' }],
  });
});

test('what access_policy leaves out belongs to the creator, and creating follows updating (M13)', () => {
  const access = (text: string) => read(`version: "0.3"\nname: a\naccess_policy: ${text}`).session.access_policy;
  assert.deepEqual(access('~'), { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR'] });
  assert.deepEqual(access(`{update: [CREATOR, ${someone}]}`), {
    read: ['CREATOR'],
    update: ['CREATOR', someone],
    create_sessions: ['CREATOR', someone],
  });
  assert.deepEqual(access('{read: ANY, update: NONE}'), { read: ['ANY'], update: ['NONE'], create_sessions: ['NONE'] });
  assert.deepEqual(access('{read: [NONE], create_sessions: [ANY]}').create_sessions, ['ANY']);
});

test('an access list that is empty, mixed or not understood is refused', () => {
  const wrong = (text: string) => problems(`version: "0.3"\nname: a\naccess_policy: {read: ${text}}`);
  assert.deepEqual(wrong('[]'), ['3:23 E_SESSION access_policy.read is empty; to allow nobody, write NONE']);
  assert.deepEqual(wrong('[ANY, CREATOR]'), ['3:24 E_SESSION access_policy.read[0] is ANY, which must stand alone']);
  assert.match(wrong('[creator]')[0] ?? '', /E_SESSION access_policy\.read\[0\] is refused: the entry/);
  assert.match(
    wrong('[{signer: x}]')[0] ?? '',
    /E_SESSION access_policy\.read\[0\] is signer, which has no meaning for read/,
  );
  assert.match(
    wrong('["-----BEGIN CERTIFICATE-----"]')[0] ?? '',
    /E_SESSION access_policy\.read\[0\] is refused: the entry is no certificate/,
  );
});

test('48: unknown keys are errors everywhere, and the hint names the known one', () => {
  const cases: [string, string, string][] = [
    [
      'version: "0.3"\nname: a\nservces: []',
      '3:1 E_SESSION "servces" is no key of a session',
      'did you mean "services"?',
    ],
    [
      withService('  attestation: []\n  enviroment: {}'),
      '7:3 E_SESSION "enviroment" is no key of services[0]',
      'did you mean "environment"?',
    ],
    [
      'version: "0.3"\nname: a\nsecrets: [{name: x, kind: ascii, sise: 3}]',
      '3:34 E_SESSION "sise" is no key of secrets[0]',
      'did you mean "size"?',
    ],
    [
      'version: "0.3"\nname: a\naccess_policy: {write: NONE}',
      '3:17 E_SESSION "write" is no key of access_policy',
      'known here: read, update, create_sessions, list_sessions',
    ],
    [
      'version: "0.3"\nname: a\nsecurity: {attestation: {tolerat: [debug-mode]}}',
      '3:26 E_SESSION "tolerat" is no key of security.attestation',
      'did you mean "tolerate"?',
    ],
  ];
  for (const [yaml, problem, hint] of cases) {
    assert.deepEqual(problems(yaml), [problem]);
    assert.throws(
      () => read(yaml),
      (error: SconeError) => error.errors[0]?.hint === hint,
    );
  }
  assert.throws(() => normaliseSession({ version: '0.3', name: 'a', extra: '1' }), {
    code: 'E_SESSION',
    causes: ['the session has the key "extra", which the language does not know'],
  });
  const variant = withService('  attestation: [{sim: {mrenclave: [], mrsigner: x}}]');
  assert.deepEqual(problems(variant), ['6:39 E_SESSION "mrsigner" is no key of services[0].attestation[0].sim']);
});

test('48: __proto__ is a name like any other: kept as a variable, refused as a key', () => {
  const { session } = read(withService('  attestation: []\n  environment: {__proto__: x, constructor: y}'));
  assert.deepEqual(Object.entries(session.services[0]?.environment ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  const again = normaliseSession(parseJson(sessionBytes(session)));
  assert.deepEqual(sessionBytes(again), sessionBytes(session));
  assert.deepEqual(problems('version: "0.3"\nname: a\n__proto__: {}'), [
    '3:1 E_SESSION "__proto__" is no key of a session',
  ]);
});

test('46: without attestation a service is refused; an empty list is valid and admits nobody', () => {
  assert.deepEqual(problems(withService('')), ['4:3 E_SESSION services[0] lacks "attestation"']);
  assert.deepEqual(read(withService('  attestation: []')).session.services[0]?.attestation, []);
});

test('46: what the CAS knows nothing about is refused by name, not ignored', () => {
  const named = (yaml: string) => problems(yaml).map((problem) => problem.replace(/^\S+ /, ''));
  const suffix = 'is known, and not supported yet';
  const top = 'version: "0.3"\nname: a\n';
  assert.deepEqual(named(`${top}volumes: [{name: v}]`), [`E_NOT_YET volumes ${suffix}`]);
  assert.deepEqual(named(`${top}secrets: [{name: k, kind: private-key, key_type: P-256}]`), [
    `E_NOT_YET the secret kind private-key ${suffix}`,
  ]);
  assert.deepEqual(named(`${top}secrets: [{name: k, kind: ascii, export: [{session: b}]}]`), [
    `E_NOT_YET export of a secret ${suffix}`,
  ]);
  assert.deepEqual(named(`${top}security: {attestation: {mode: none}, singleton_enclaves: true}`), [
    `E_NOT_YET the attestation mode none ${suffix}`,
    `E_NOT_YET security.singleton_enclaves ${suffix}`,
  ]);
  assert.deepEqual(named(withService('  attestation: [{tdx: {mrtd: x}}]')), [`E_NOT_YET attestation of tdx ${suffix}`]);
  assert.deepEqual(
    named(withService(`  attestation: [{sgx: {mrenclave: ${aa}, mrsigner: ${aa}, isvprodid: 1, isvsvn_min: 1}}]`)),
    [`E_NOT_YET mrenclave beside a signer ${suffix}`],
  );
  assert.deepEqual(named(withService(`  attestation: []\n  platforms: [${aa}]`)), [
    `E_NOT_YET platforms of a service ${suffix}`,
  ]);
  assert.throws(() => read(`${top}volumes: [{name: v}]`), { code: 'E_NOT_YET' });
});

test('17: a signer without product and least version is refused', () => {
  const sgx = (text: string) => withService(`  attestation: [{sgx: ${text}}]`);
  assert.deepEqual(problems(sgx(`{mrsigner: ${aa}}`)), [
    '6:23 E_SESSION services[0].attestation[0].sgx must have mrenclave, or all of mrsigner, isvprodid and isvsvn_min',
  ]);
  assert.equal(problems(sgx(`{mrsigner: ${aa}, mrenclave: ${bb}, isvprodid: 1, isvsvn_min: 1}`)).length, 1);
  assert.deepEqual(read(sgx(`{mrsigner: ${aa}, isvprodid: 1, isvsvn_min: 2}`)).session.services[0]?.attestation, [
    { sgx: { mrsigner: aa, isvprodid: '1', isvsvn_min: '2' } },
  ]);
});

test('a variant names exactly one TEE', () => {
  assert.deepEqual(problems(withService('  attestation: [{}]')), [
    '6:17 E_SESSION services[0].attestation[0] must name exactly one TEE',
  ]);
  assert.equal(problems(withService('  attestation: [{sim: {mrenclave: []}, sgx: {mrenclave: []}}]')).length, 1);
  assert.deepEqual(problems(withService('  attestation: {sim: {mrenclave: []}}')), []);
  assert.equal(problems(withService('  attestation: {sim: {mrenclave: []}, mrenclave: []}')).length, 1);
});

test('the old mrenclaves are SGX or, where only that is accepted, simulation; beside attestation they are refused', () => {
  const { session, warnings } = read(withService(`  mrenclaves: [${aa}]`));
  assert.deepEqual(session.services[0]?.attestation, [{ sgx: { mrenclave: [aa] } }, { sim: { mrenclave: [aa] } }]);
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['services[0].mrenclaves stands without init_data, so this service never starts'],
  );
  assert.deepEqual(read(withService(`  mrenclaves: [${aa}]\n  init_data: [${bb}]`)).warnings, []);
  assert.deepEqual(problems(withService(`  mrenclaves: [${aa}]\n  attestation: []`)), [
    '6:15 E_SESSION services[0].mrenclaves stands beside attestation',
  ]);
});

test('placeholders are checked where they stand: their form, their secret, their bytes', () => {
  const secrets = 'secrets: [{name: word, kind: ascii}, {name: key, kind: binary}]';
  const variable = (value: string) => withService(`  attestation: []\n  environment:\n    X: "${value}"`, secrets);
  assert.deepEqual(problems(variable('$$SCONE::word$$:$$SCONE::key:hex$$')), []);
  assert.deepEqual(problems(variable('$$SCONE::wrod$$')), [
    '8:8 E_SESSION services[0].environment.X is refused: a placeholder refers to the secret wrod, which the session lacks',
  ]);
  assert.deepEqual(problems(variable('$$SCONE::word')), [
    '8:8 E_NOT_YET services[0].environment.X has a placeholder that is not closed, and would stay as it is: $$SCONE::word',
  ]);
  assert.deepEqual(problems(variable('$$SCONE::key$$')), [
    '8:8 E_NOT_YET services[0].environment.X puts the bytes of the binary secret key where only text can be',
  ]);
  const file = `${secrets}\nimages: [{name: i, injection_files: [{path: /k, content: $$SCONE::key$$, permission: 0o400}]}]`;
  const { session } = read(withService('  attestation: []\n  image_name: i', file));
  assert.deepEqual(session.images, [
    { name: 'i', injection_files: [{ path: '/k', content: '$$SCONE::key$$', permission: '0400' }] },
  ]);
  assert.deepEqual(problems(withService('  attestation: []\n  image_name: i')), [
    '7:15 E_SESSION services[0].image_name is i, which images does not define',
  ]);
});

test('an explicit value becomes an HMAC under the salt and travels beside the session', () => {
  const salt = '00112233445566778899aabbccddeeff';
  const yaml =
    'version: "0.3"\nname: a\nsecrets: [{name: k, kind: binary, value: 0A0b}, {name: t, kind: ascii, value: hunter2}]';
  const { session, values } = read(yaml, { salt });
  assert.deepEqual({ ...values }, { k: '0a0b', t: 'hunter2' });
  assert.equal(session.salt, salt);
  const expected = hex(hmacLp(Buffer.from(salt, 'hex'), 'sconectl explicit secret v1', 't', 'hunter2'));
  assert.deepEqual(session.secrets[1], { name: 't', kind: 'ascii', size: '20', value_hmac: expected });
  assert.equal(Buffer.from(sessionBytes(session)).includes('hunter2'), false);
  assert.equal(renderSessionYaml(session).includes('hunter2'), false);
});

test('an explicit value without a salt, or inside a session for the API, is refused without showing it', () => {
  const yaml = 'version: "0.3"\nname: a\nsecrets: [{name: t, kind: ascii, value: hunter2}]';
  assert.deepEqual(problems(yaml), [
    '3:41 E_SESSION secrets[0].value needs a salt, so that the hash of the session does not give it away',
  ]);
  const value = { version: '0.3', name: 'a', secrets: [{ name: 't', kind: 'ascii', value: 'hunter2' }] };
  assert.throws(
    () => normaliseSession(value),
    (error: SconeError) => {
      assert.deepEqual(error.causes, ['secrets[0].value is in the session, and must travel beside it']);
      assert.equal(JSON.stringify(error).includes('hunter2'), false);
      return true;
    },
  );
});

test('predecessor counts as absent when null or ~, and excludes namespace_hash', () => {
  const top = 'version: "0.3"\nname: a/b\n';
  for (const nothing of ['~', '"~"', 'null', '']) {
    assert.equal(read(`${top}predecessor: ${nothing}`).session.predecessor, undefined);
  }
  assert.equal(read(`${top}predecessor: ${aa.toUpperCase()}`).session.predecessor, aa);
  assert.deepEqual(problems(`${top}predecessor: ${aa}\nnamespace_hash: ${bb}`), [
    '4:17 E_SESSION namespace_hash stands beside predecessor',
  ]);
});

test('versions of another time are refused with the way to upgrade', () => {
  assert.deepEqual(problems('version: 0.2\nname: a'), [
    '1:10 E_SESSION version is no version of the session language that is read here',
  ]);
  for (const version of ['0.3', '0.3.0', '0.3.9', '0.3.12'])
    assert.deepEqual(problems(`version: "${version}"\nname: a`), []);
  for (const version of ['0.3.13', '0.30', '0.4', '1', '0.3.01'])
    assert.equal(problems(`version: "${version}"\nname: a`).length, 1);
  assert.deepEqual(problems('name: a'), ['1:1 E_SESSION a session lacks "version"']);
});

test('names have the language’s characters and lengths', () => {
  const named = (name: string) => problems(`version: "0.3"\nname: ${JSON.stringify(name)}`).length;
  for (const name of ['a', 'A.b_c-d~e', 'a/b/c', 'x'.repeat(128), `${'x'.repeat(128)}/${'y'.repeat(128)}`]) {
    assert.equal(named(name), 0, name);
  }
  for (const name of [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    'a b',
    'ü',
    'x'.repeat(129),
    'a\nb',
    Array(6).fill('x'.repeat(100)).join('/'),
  ]) {
    assert.equal(named(name), 1, name);
  }
});

test('two services, images or secrets of one name are refused', () => {
  assert.deepEqual(problems('version: "0.3"\nname: a\nsecrets: [{name: s, kind: ascii}, {name: s, kind: binary}]'), [
    '3:42 E_SESSION secrets[1].name is s a second time',
  ]);
});

test('hostile values of any shape give only our error', () => {
  const keys = fc.constantFrom(
    'version',
    'name',
    'services',
    'secrets',
    'access_policy',
    'attestation',
    'command',
    'environment',
    '__proto__',
    'x',
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 1, '', 'a', '0.3', '$$SCONE::', aa, '\0', '\ud800'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5, noNullPrototype: false }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.dictionary(keys, tree), (value, more) => {
      for (const hostile of [value, { version: '0.3', name: 'a', ...more }]) {
        try {
          normaliseSession(hostile);
        } catch (error) {
          assert.ok(error instanceof SconeError, String(error));
          assert.ok(['E_SESSION', 'E_NOT_YET'].includes(error.code), error.code);
        }
      }
    }),
  );
});
