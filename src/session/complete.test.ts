import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { corpus, variables } from '../../test/corpus/files.ts';
import { keyHash, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { sessionBytes } from './canonical.ts';
import { normaliseCompleteSession, normaliseSession, parseCompleteSession, parseSession } from './parse.ts';
import { renderSessionYaml } from './render.ts';

const aa = 'aa'.repeat(32);
const salt = '00'.repeat(16);
const top = 'version: "0.3.12"\nname: a/b\n';

function read(yaml: string) {
  return parseCompleteSession(readSessionSource(yaml, 's.yml', new Map()), { salt });
}

/** The normal form, after it was found to be its own normal form in JSON and in YAML, with the same bytes. */
function normal(yaml: string) {
  const { session } = read(yaml);
  const bytes = sessionBytes(session);
  assert.deepEqual(sessionBytes(normaliseCompleteSession(parseJson(bytes))), bytes);
  assert.deepEqual(sessionBytes(read(renderSessionYaml(session)).session), bytes);
  return JSON.parse(JSON.stringify(session));
}

function problems(yaml: string): string[] {
  try {
    read(yaml);
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    return error.errors.map(({ at, code, message }) => `${at?.line}:${at?.column} ${code} ${message}`);
  }
  return [];
}

/** What is not supported yet, without the end that all such messages have. */
function later(yaml: string): string[] {
  return read(yaml).unsupported.map(({ message, at }) => `${at?.line} ${message.replace(/ is known, .*$/, '')}`);
}

const service = (lines: string) => `${top}services:\n- name: p\n  command: [p]\n${lines}\n`;

test('every kind of secret has its fields and defaults', () => {
  const yaml = `${top}secrets:
- {name: text, kind: ascii, size: 30}
- {name: bytes, kind: binary}
- {name: key, kind: private-key}
- {name: kept, kind: private-key, key_type: P-384, migrate: true}
- {name: public, kind: public-key, private_key: key}
- {name: ca, kind: x509-ca, private_key: key, common_name: CA}
- {name: cert, kind: x509, private_key: kept, issuer: ca, dns: api, san: ["ip:10.0.0.1"], endpoint: server, valid_for: 90 days}
- {name: azure, kind: aad-token, tenant_id: t, client_id: c, application_secret: s}
- {name: part, kind: config-fragment, value: [{mrenclave: x}, null]}
- {name: mail, kind: pgp-key}
- {name: token, kind: jwt, signer: kept, validity: {for: 1 hour}, payload: {sub: me, id: $$SCONE::self::software_identity$$}}
- {name: other, import: {session: ../c}}
- {name: vault, kind: ascii, import_akv: {vault: v, token: $$SCONE::azure$$}}
`;
  const secrets = normal(yaml).secrets as { name: string; value_hmac?: string }[];
  const of = (name: string) => secrets.find((secret) => secret.name === name);
  assert.deepEqual(of('key'), { name: 'key', kind: 'private-key', key_type: 'P-256' });
  assert.deepEqual(of('kept'), { name: 'kept', kind: 'private-key', key_type: 'P-384', migrate: true });
  assert.deepEqual(of('cert'), {
    name: 'cert',
    kind: 'x509',
    private_key: 'kept',
    issuer: 'ca',
    endpoint: 'server',
    dns: ['api'],
    san: ['ip:10.0.0.1'],
    valid_for: '90 days',
  });
  assert.deepEqual(of('other'), { name: 'other', import: { session: '../c', secret: 'other' } });
  assert.deepEqual(of('vault'), {
    name: 'vault',
    kind: 'ascii',
    import_akv: { vault: 'v', secret_name: 'vault', token: '$$SCONE::azure$$' },
  });
  assert.match(of('part')?.value_hmac ?? '', /^[0-9a-f]{64}$/);
  assert.equal(read(yaml).values['part'], '[{"mrenclave":"x"},null]');
  assert.deepEqual(
    later(yaml).map((one) => one.replace(/^\d+ /, '')),
    [
      ...[
        'private-key',
        'private-key',
        'public-key',
        'x509-ca',
        'x509',
        'aad-token',
        'config-fragment',
        'pgp-key',
        'jwt',
      ].map((kind) => `the secret kind ${kind}`),
      'import of a secret',
      'import_akv of a secret',
    ],
  );
});

test('a secret has only fields of its kind, and all that its kind needs', () => {
  const wrong = (secret: string) =>
    problems(`${top}secrets: [${secret}]`).map((one) => one.replace(/^\S+ E_SESSION /, ''));
  assert.deepEqual(wrong('{name: a, kind: ascii, key_type: P-256}'), [
    'secrets[0].key_type has no meaning for a secret of kind ascii',
  ]);
  assert.deepEqual(wrong('{name: a, kind: x509}'), ['secrets[0] lacks "private_key"']);
  assert.deepEqual(wrong('{name: a, kind: aad-token, tenant_id: t}'), [
    'secrets[0] lacks "client_id"',
    'secrets[0] lacks "application_secret"',
  ]);
  assert.deepEqual(wrong('{name: a, kind: pgp-key, value: x}'), [
    'secrets[0].value has no meaning for a secret of kind pgp-key',
  ]);
  assert.deepEqual(wrong('{name: a, kind: private-key, value: x}'), ['secrets[0].value must be PEM']);
  assert.deepEqual(wrong('{name: k, kind: private-key}, {name: a, kind: jwt, signer: k, payload: {exp: 1}}'), [
    'secrets[1].signer names a key of type P-256',
    'secrets[1].payload.exp is a claim that the CAS makes',
  ]);
  assert.deepEqual(wrong('{name: a}'), ['secrets[0] lacks "kind"']);
  assert.deepEqual(wrong('{name: a, kind: x509, private_key: k, dns: a, endpoint: client}, {name: k, kind: ascii}'), [
    'secrets[0].private_key names a secret of kind ascii',
    'secrets[0].dns stands beside endpoint: client',
  ]);
});

test('certificates form no circle', () => {
  assert.deepEqual(
    problems(`${top}secrets:
- {name: k, kind: private-key}
- {name: a, kind: x509-ca, private_key: k, issuer: b}
- {name: b, kind: x509-ca, private_key: k, issuer: a}
- {name: c, kind: x509, private_key: k, issuer: a}
- {name: d, kind: x509, private_key: k, issuer: e}
`),
    [
      '5:52 E_SESSION secrets[1].issuer leads back to the certificate itself',
      '6:52 E_SESSION secrets[2].issuer leads back to the certificate itself',
      '8:49 E_SESSION secrets[4].issuer names the secret e, which the session lacks',
    ],
  );
});

test('exports and imports have one normal form, whichever of the shapes was written', () => {
  const exported = (text: string) =>
    normal(`${top}secrets: [{name: s, kind: ascii, export: ${text}}]`).secrets[0].export;
  const one = [{ session: 'c/d', session_hash: aa }];
  assert.deepEqual(exported(`{session: c/d, session_hash: ${aa}}`), one);
  assert.deepEqual(exported(`[{session: c/d, session_hash: ${aa.toUpperCase()}}]`), one);
  assert.deepEqual(exported(`"/session=c/d,session_hash=${aa}"`), one);
  assert.deepEqual(exported('[{namespace: ..}, "host:8081/cas_key=k,session=x"]'), [
    { namespace: '..' },
    { session: 'x', cas_url: 'host:8081', cas_key: 'k' },
  ]);
  const imported = (text: string) => normal(`${top}secrets: [{name: s, import: ${text}}]`).secrets[0].import;
  assert.deepEqual(imported('{session: c, secret: t}'), { session: 'c', secret: 't' });
  assert.deepEqual(imported('"host/cas_software_key=k,session=c,secret=t"'), {
    session: 'c',
    cas_url: 'host',
    cas_software_key: 'k',
    secret: 't',
  });
  const wrong = (text: string) => problems(`${top}secrets: [{name: s, kind: ascii, export: ${text}}]`).length;
  for (const text of [
    'c/d',
    '{session: c, namespace: d}',
    '{session: c, cas_url: h}',
    '{session: c, cas_key: k}',
    '{session: ../c, cas_url: h, cas_key: k}',
    '{}',
    '["/session=a,session=b"]',
    '/session=a,colour=b',
  ]) {
    assert.equal(wrong(text), 1, text);
  }
});

test('volumes and images are read as a whole, and checked against each other', () => {
  const yaml = `${top}volumes:
- {name: fresh}
- {name: open, files: authenticated-only, fspf_key: ${aa.toUpperCase()}, fspf_tag: ${salt}, export: {session: c}}
- {name: alias, export: [{to: {session: c}, update_policy: ephemeral, volume_alias: x}]}
- {name: theirs, import: {session: c, volume: v}}
images:
- name: i
  volumes: [{name: fresh, path: /data}, {name: theirs, path: /theirs, update_policy: ephemeral}]
  injection_files: [/etc/template, {path: /etc/file, content: x, permission: 0o400}]
  provide_secrets: [s]
secrets: [{name: s, kind: ascii}]
`;
  const { volumes, images } = normal(yaml);
  assert.deepEqual(volumes, [
    { name: 'fresh', files: 'encrypted' },
    { name: 'open', files: 'authenticated-only', fspf_key: aa, fspf_tag: salt, export: [{ session: 'c' }] },
    {
      name: 'alias',
      files: 'encrypted',
      export: [{ to: { session: 'c' }, update_policy: 'ephemeral', volume_alias: 'x' }],
    },
    { name: 'theirs', import: { session: 'c', volume: 'v' } },
  ]);
  assert.equal(images[0].volumes[0].update_policy, 'rollback_protected');
  assert.deepEqual(images[0].injection_files[0], '/etc/template');
  assert.deepEqual(later(yaml), [
    '4 volumes',
    '11 an injection file whose template lies in the file system',
    '10 volumes of an image',
    '12 provide_secrets of an image',
  ]);
  assert.deepEqual(problems(yaml.replace('[{name: fresh, path', '[{name: frsh, path').replace('[s]\n', '[t]\n')), [
    '10:20 E_SESSION images[0].volumes[0].name is frsh, which volumes does not define',
    '12:21 E_SESSION images[0].provide_secrets[0] is t, which secrets does not define',
  ]);
});

test('an access list takes certificates, signers, groups and placeholders', () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
  const block = (text: string | Buffer) =>
    text
      .toString()
      .trim()
      .split('\n')
      .map((line) => `        ${line}`)
      .join('\n');
  const yaml = `${top}secrets: [{name: f, kind: config-fragment, value: CREATOR}, {name: g, kind: ascii}]
access_policy:
  read:
    - |
${block(pem)}
    - $$SCONE::g$$
  update:
    - require-at-least-2:
        - CREATOR
        - signer: |
${block(pem).replace(/^/gm, '    ')}
        - require-all: [CREATOR, $$SCONE::g$$]
  list_sessions: NONE
`;
  const policy = normal(yaml).access_policy;
  const own = keyHash(sha256(publicKey.export({ type: 'spki', format: 'der' })), 'production');
  assert.deepEqual(policy.read, [own, '$$SCONE::g$$']);
  assert.deepEqual(policy.update, [
    { 'require-at-least-2': ['CREATOR', { signer: pem }, { 'require-all': ['CREATOR', '$$SCONE::g$$'] }] },
  ]);
  assert.deepEqual(policy.create_sessions, policy.update);
  assert.deepEqual(
    later(yaml).map((one) => one.replace(/^\d+ /, '')),
    [
      'a placeholder in read',
      'require-at-least-2 in update',
      'require-at-least-2 in create_sessions',
      'list_sessions',
      'the secret kind config-fragment',
    ],
  );
  assert.equal(
    normal(`${top}secrets: [{name: f, kind: config-fragment, value: x}]\naccess_policy: $$SCONE::f$$`).access_policy,
    '$$SCONE::f$$',
  );
  const wrong = (update: string) => problems(`${top}access_policy:\n  update: ${update}`);
  assert.equal(wrong('[{require-at-least-3: [CREATOR]}]').length, 1);
  assert.equal(wrong('[{require-none: [CREATOR]}]').length, 1);
  assert.equal(wrong('[{require-all: [CREATOR], signer: x}]').length, 1);
  assert.match(wrong(`\n  - signer: |\n${block(p256)}`)[0] ?? '', /a key that cannot sign sessions/);
});

test('what a client in PEM may do is supported: it is the same as its key hash', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const hash = keyHash(sha256(publicKey.export({ type: 'spki', format: 'der' })), 'production');
  const session = normaliseSession({ version: '0.3', name: 'a', access_policy: { read: [pem] } });
  assert.deepEqual(session, normaliseSession({ version: '0.3', name: 'a', access_policy: { read: [hash] } }));
});

test('a service takes every way to be attested', () => {
  const attested = (text: string) => normal(service(`  attestation: ${text}`)).services[0].attestation;
  const signer = `mrsigner: ${aa}, isvprodid: 1`;
  assert.deepEqual(attested(`{mrenclave: ${aa}}`), [{ sgx: { mrenclave: [aa] } }, { sim: { mrenclave: [aa] } }]);
  assert.deepEqual(attested(`[{signer: {${signer}, isvsvn_min: 2}}]`), [
    { sgx: { mrsigner: aa, isvprodid: '1', isvsvn_min: '2' } },
  ]);
  const both = service(`  attestation: [{mrenclave: ${aa}, signer: {${signer}, isvsvn: 2}}]`);
  assert.deepEqual(later(both), ['6 mrenclave beside a signer']);
  assert.deepEqual(later(service(`  attestation: [{signer: {${signer}, isvsvn_min: 1, isvsvn_max: 2}}]`)), [
    '6 isvsvn_max of a signer',
  ]);
  for (const text of [
    `{signer: {mrsigner: ${aa}, isvsvn_min: 1}}`,
    `{mrenclave: ${aa}, signer: {}}`,
    `{signer: {${signer}, isvsvn: 1, isvsvn_min: 1}}`,
    `{signer: {${signer}, isvsvn_min: 2, isvsvn_max: 1}}`,
    '{}',
  ]) {
    assert.equal(problems(service(`  attestation: ${text}`)).length, 1, text);
  }
  const fragment = `${service('  attestation: [$$SCONE::f$$]')}secrets: [{name: f, import: {session: c}}]`;
  assert.deepEqual(normal(fragment).services[0].attestation, ['$$SCONE::f$$']);
  assert.deepEqual(
    normal(`${top}security: {attestation: {mode: none}}\nservices: [{name: p, command: p}]`).services[0].attestation,
    [],
  );
});

test('a command as one text is split as a shell would, without a shell', () => {
  const session = normal(
    `${top}services: [{name: p, command: "python3 -c 'a b' \\"$$SCONE::s$$\\"", attestation: []}]\nsecrets: [{name: s, kind: ascii}]`,
  );
  assert.deepEqual(session.services[0].command, ['python3', '-c', 'a b', '$$SCONE::s$$']);
  assert.deepEqual(problems(`${top}services: [{name: p, command: "p 'x", attestation: []}]`), [
    '3:31 E_SESSION services[0].command has a quote that is not closed',
  ]);
});

test('all of security and of the file system is read, and what is not supported is named', () => {
  const yaml = `${top}security:
  attestation:
    mode: maa
    url: https://t.weu.attest.azure.net/
    certificates: c
    tolerate: [local-attestation-trust-cas-tcb]
    trusted_scone_qe_pubkeys: [${aa}]
    must_be_sgx_local: true
    one_time_password_shared_secret: ABCDEFGHIJKLMNOPQRSTUVWXYZ
  service_access_token: t
  singleton_enclaves: true
services:
- name: p
  command: [p]
  attestation: []
  platforms: ["INTEL_QE_ID:${salt}"]
  one_time_password_shared_secret: $$SCONE::s:base32nopad$$
  fspf_path: /fspf
  fspf_key: $$SCONE::s$$
  fspf_update_policy: no_rollback_protection
  persistency: None
secrets: [{name: s, kind: binary}]
secret_config: {store_in: !akv {vault: v}}
`;
  assert.deepEqual(normal(yaml).secret_config, { store_in: { akv: { vault: 'v' } } });
  assert.deepEqual(
    later(yaml).map((one) => one.replace(/^\d+ /, '')),
    [
      'secret_config',
      'the attestation mode maa',
      'security.attestation.certificates',
      'security.attestation.trusted_scone_qe_pubkeys',
      'security.attestation.must_be_sgx_local',
      'security.attestation.one_time_password_shared_secret',
      'security.service_access_token',
      'security.singleton_enclaves',
      'fspf_path of a service',
      'fspf_key of a service',
      'fspf_update_policy of a service',
      'platforms of a service',
      'one_time_password_shared_secret of a service',
    ],
  );
  assert.deepEqual(
    read(yaml).warnings.map(({ message }) => message),
    ['services[0].persistency is ignored: it has no effect'],
  );
  assert.equal(normal(`${top}secret_config: {store_in: !cas }`).secret_config, undefined);
  assert.deepEqual(later('version: "0.3.11"\nname: /'), ['2 the root session']);
});

test('sessions of 0.1 and 0.2 are refused with what has to change in them', () => {
  const yaml = `name: old
digest: create
services:
- {name: s, command: s, mrenclaves: [${aa}], tags: [default]}
images:
- {name: i, mrenclaves: [${aa}], tags: [default]}
secrets:
- {name: c, kind: x509, export: [other]}
- {name: d, kind: session-ca}
- {name: e, kind: ascii, import: other}
`;
  assert.deepEqual(problems(yaml), [
    '1:1 E_SESSION version is no version of the session language that is read here',
    '2:9 E_SESSION digest is of version 0.1 or 0.2',
    '4:111 E_SESSION services[0].tags is of version 0.1 or 0.2',
    '6:25 E_SESSION images[0].mrenclaves is of version 0.1 or 0.2',
    '6:99 E_SESSION images[0].tags is of version 0.1 or 0.2',
    '8:3 E_SESSION secrets[0] is of version 0.1 or 0.2',
    '8:33 E_SESSION secrets[0].export is of version 0.1 or 0.2',
    '9:19 E_SESSION secrets[1].kind is of version 0.1 or 0.2',
    '10:34 E_SESSION secrets[2].import is of version 0.1 or 0.2',
  ]);
  assert.throws(
    () => read(yaml),
    (error: SconeError) => error.errors.at(-1)?.hint === 'write import: {session: other, secret: e}',
  );
});

test('old endings of placeholders are read for the kinds that had them', () => {
  const using = (text: string) =>
    problems(
      `${service(`  attestation: []\n  environment: {X: "${text}"}`)}secrets: [{name: k, kind: private-key}, {name: c, kind: x509, private_key: k}, {name: b, kind: binary}]`,
    );
  for (const text of [
    '$$SCONE::c.crt$$',
    '$$SCONE::c.key$$',
    '$$SCONE::c.chain$$',
    '$$SCONE::k.key$$',
    '$$SCONE::b.hex$$',
    '$$SCONE::c:chain$$',
    '$$SCONE::c:privatekey:pkcs8:pem|escape(json)$$',
  ]) {
    assert.deepEqual(using(text), [], text);
  }
  for (const text of ['$$SCONE::b.crt$$', '$$SCONE::k.hex$$', '$$SCONE::c:hex$$']) {
    assert.equal(using(text).length, 1, text);
  }
});

/** What a session says as warnings, without the places. */
function warned(yaml: string): string[] {
  return read(yaml).warnings.map(({ message }) => message);
}

test('several that have to agree may stand as one map, as the documentation of the language writes it', () => {
  const key = '2cYfYQ9bPDeGKdsHJvQe8G7QxkMJvdHSGP1qDYqHp6K3';
  const update = (text: string) => normal(`${top}access_policy: {update: ${text}}`).access_policy.update;
  assert.deepEqual(
    update(`{require-all: [CREATOR, {signer: ${key}}]}`),
    update(`[{require-all: [CREATOR, {signer: ${key}}]}]`),
  );
  assert.deepEqual(update(`{signer: ${key}}`), [{ signer: key }]);
  assert.deepEqual(problems(`${top}access_policy: {update: {require-some: [CREATOR]}}`), [
    '3:25 E_SESSION access_policy.update is no entry of an access list',
  ]);
});

test('a key hash of a SCONE client is kept, and named where a CAS would have to compare it', () => {
  const hash = '3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x1';
  const yaml = `${top}access_policy:\n  read: [CREATOR, ${hash}]\n`;
  assert.deepEqual(normal(yaml).access_policy.read, ['CREATOR', hash]);
  assert.deepEqual(later(yaml), ['4 a key hash of SCONE in read']);
  assert.throws(() => normaliseSession({ version: '0.3', name: 'a', access_policy: { read: [hash] } }), {
    code: 'E_NOT_YET',
  });
  const broken = `${hash.slice(0, -1)}2`;
  assert.match(problems(yaml.replace(hash, broken))[0] ?? '', /^4:19 E_SESSION .* its length or checksum is wrong$/);
});

test('a placeholder that admits nobody is a warning: the language leaves it out when access is decided', () => {
  const yaml = `${top}access_policy: {read: [CREATOR, $$SCONE::nobody$$, $$SCONE::key$$]}\nsecrets: [{name: key, kind: private-key}]\n`;
  assert.deepEqual(warned(yaml), [
    'access_policy.read[1] admits nobody: a placeholder refers to the secret nobody, which the session lacks',
    'access_policy.read[2] admits nobody: a secret of kind private-key names no client',
  ]);
  assert.ok(later(yaml).includes('3 a placeholder in read'));
});

test('17: the version of a signed enclave may be left out in the language, and never at a CAS', () => {
  for (const version of ['', ', isvsvn_max: 5']) {
    const signer = `{mrsigner: ${aa}, isvprodid: 1${version}}`;
    const yaml = service(`  attestation: {signer: ${signer}}`);
    assert.deepEqual(normal(yaml), normal(service(`  attestation: [{sgx: ${signer}}]`)));
    assert.equal(later(yaml).length, 1);
    const attestation = [{ sgx: { mrsigner: aa, isvprodid: '1', ...(version === '' ? {} : { isvsvn_max: '5' }) } }];
    const services = [{ name: 'p', command: ['p'], attestation, init_data: [aa] }];
    assert.throws(() => normaliseSession({ version: '0.3', name: 'a', services }), { code: 'E_NOT_YET' });
  }
});

test('placeholders stand for every part of attestation and security, from every secret that is text', () => {
  const secrets =
    'secrets: [{name: f, kind: config-fragment, value: x}, {name: t, kind: ascii}, {name: b, kind: binary}]\n';
  const attested = (text: string) => `${service(`  attestation: ${text}`)}${secrets}`;
  assert.deepEqual(normal(attested('{signer: $$SCONE::f$$}')).services[0].attestation, [
    { sgx: { signer: '$$SCONE::f$$' } },
  ]);
  assert.deepEqual(
    normal(attested(`{signer: {mrsigner: ${aa}, isvprodid: $$SCONE::t$$, isvsvn: "$$SCONE::b:hex$$"}}`)).services[0]
      .attestation,
    [{ sgx: { mrsigner: aa, isvprodid: '$$SCONE::t$$', isvsvn: '$$SCONE::b:hex$$' } }],
  );
  assert.deepEqual(problems(attested('[$$SCONE::t$$]')), [
    '6:17 E_SESSION services[0].attestation[0] is a secret of kind ascii, which cannot stand here',
  ]);
  assert.deepEqual(problems(attested('{mrenclave: $$SCONE::b$$}')), [
    '6:17 E_SESSION services[0].attestation.mrenclave[0] puts the bytes of the secret b where only text can be',
  ]);
  const settings = `${top}security: {attestation: {mode: $$SCONE::t$$}, singleton_enclaves: $$SCONE::f$$}\n${secrets}services: [{name: p, command: p}]\n`;
  assert.deepEqual(normal(settings).security, {
    attestation: { tolerate: [], ignore_advisories: [], mode: '$$SCONE::t$$' },
    singleton_enclaves: '$$SCONE::f$$',
  });
});

test('a secret as bytes in a text, and a service without a command, are read and not supported', () => {
  const secrets = 'secrets: [{name: b, kind: binary}]\n';
  const yaml = `${top}services:\n- {name: p, mrenclaves: [], environment: {A: $$SCONE::b$$}}\n${secrets}`;
  assert.deepEqual(normal(yaml).services[0].command, []);
  assert.deepEqual(later(yaml), [
    '4 a service without a command',
    '4 services[0].environment.A puts the bytes of the binary secret b where only text can be',
  ]);
});

test('a placeholder in another spelling is read, and not sent: the program would be given its text', () => {
  for (const text of ['$$scone::w$$', '$$Scone::w$$', 'SCONE::w', 'x\\$SCONE::w$']) {
    const variable = service(`  attestation: []\n  environment: {A: '${text}'}`);
    const rule = 'holds SCONE::, which is no placeholder as it is written';
    assert.deepEqual(later(variable), [`7 services[0].environment.A ${rule}`], text);
    const file = `${top}images: [{name: i, injection_files: [{path: /f, content: '${text}'}]}]`;
    assert.deepEqual(later(file), [`3 images[0].injection_files[0].content ${rule}`], text);
    for (const yaml of [variable, file]) {
      assert.throws(
        () => parseSession(readSessionSource(yaml, 's.yml', new Map())),
        (error: SconeError) => error.code === 'E_NOT_YET' && error.causes[0]?.endsWith(rule) === true,
      );
      assert.throws(() => normaliseSession(JSON.parse(JSON.stringify(read(yaml).session))), { code: 'E_NOT_YET' });
    }
  }
  assert.deepEqual(later(service("  attestation: []\n  environment: {A: 'scone: x, MYSCONE::y'}")), []);
});

test('an explicit value that is empty is read, and not sent: a service would have an empty password', () => {
  const yaml = (value: string) => `${top}salt: ${salt}\nsecrets: [{name: s, kind: ascii, value: ${value}}]`;
  const variables = new Map([['PW', '']]);
  for (const value of ['""', "''", '$PW', '"${PW}"']) {
    const source = readSessionSource(yaml(value), 's.yml', variables);
    const { session, unsupported, warnings } = parseCompleteSession(source);
    assert.deepEqual(
      unsupported.map(({ code, message, at }) => [code, message, at?.line, at?.column]),
      [['E_NOT_YET', 'an empty value of the secret s is known, and not supported yet', 4, 41]],
    );
    assert.deepEqual(warnings, []);
    assert.throws(() => parseSession(source), { code: 'E_NOT_YET', causes: [unsupported[0]?.message] });
    // A CAS sees no more than the HMAC, and that is enough.
    assert.throws(() => normaliseSession(JSON.parse(JSON.stringify(session))), { code: 'E_NOT_YET' });
  }
  assert.deepEqual(later(yaml('" "')), []);
});

test('what older files, drafts and documentation write in other words is read, with a warning', () => {
  const rules = (text: string) => `${top}security: {attestation: ${text}}`;
  assert.deepEqual(normal(rules('{tolerate: [debug]}')), normal(rules('{tolerate: [debug-mode]}')));
  assert.deepEqual(warned(rules('{tolerate: debug}')), ['security.attestation.tolerate[0] is read as debug-mode']);
  assert.deepEqual(
    normal(rules('{ignore_advisories: ["*", INTEL-SA-00586]}')),
    normal(rules('{ignore_advisories: "*"}')),
  );
  assert.deepEqual(warned(rules('{mode: hardware, min_rsa_signing_key_size: 2048}')), [
    'security.attestation.min_rsa_signing_key_size is ignored: it has no effect',
  ]);
  assert.deepEqual(warned(`${top}digest: create`), ['digest is ignored: it has no effect']);
  assert.deepEqual(problems(`${top}digest: ${aa}`), [
    '3:9 E_SESSION digest is of version 0.1; an update names its predecessor',
  ]);
  assert.equal(normal(`${top}predecessor: ""`).predecessor, undefined);
  assert.deepEqual(
    normal(`${top}secrets: [{name: s, kind: ascii, export_public: True}]`),
    normal(`${top}secrets: [{name: s, kind: ascii, export_public: true}]`),
  );
});

test('a spelling that only files may have is refused in what is sent, where nobody sees a warning', () => {
  const session = { version: '0.3.12', name: 'a' };
  const rules = (attestation: object) => ({ ...session, security: { attestation } });
  for (const [sent, where] of [
    [rules({ tolerate: ['debug'] }), 'security.attestation.tolerate[0]'],
    [rules({ ignore_advisories: ['*', 'INTEL-SA-00586'] }), 'security.attestation.ignore_advisories'],
    [rules({ min_rsa_signing_key_size: '2048' }), 'security.attestation.min_rsa_signing_key_size'],
    [{ ...session, digest: 'create' }, 'digest'],
  ] as const) {
    for (const normalise of [normaliseSession, normaliseCompleteSession]) {
      assert.throws(() => normalise(sent), {
        code: 'E_SESSION',
        causes: [`${where} has a form that only session files may have`],
      });
    }
  }
});

test('what is stored, a normal form, stays readable for every session of the corpus', () => {
  const supported = corpus('session').filter(({ file, text }) => {
    const { session, unsupported } = parseCompleteSession(readSessionSource(text, file, variables), { salt });
    const bytes = sessionBytes(session);
    const normalise = unsupported.length === 0 ? normaliseSession : normaliseCompleteSession;
    assert.deepEqual(sessionBytes(normalise(parseJson(bytes))), bytes, file);
    return unsupported.length === 0;
  });
  assert.ok(supported.length > 10, String(supported.length));
});

test('a weakness that is none is told with the one that was meant, or as a list', () => {
  const hint = (text: string) => {
    try {
      read(`${top}security: {attestation: {tolerate: ${text}}}`);
    } catch (error) {
      assert.ok(error instanceof SconeError);
      return error.errors[0]?.hint;
    }
    return undefined;
  };
  assert.equal(hint('[debug_mode]'), 'did you mean "debug-mode"?');
  assert.equal(hint('"debug-mode, outdated-tcb"'), 'write a list: [debug-mode, outdated-tcb]');
});

test('an aad-token may hold its private key; every other secret names one', () => {
  const key = '|\n    -----BEGIN PRIVATE KEY-----\n    AAAA\n    -----END PRIVATE KEY-----\n';
  const token = `${top}secrets:\n- name: t\n  kind: aad-token\n  tenant_id: t\n  client_id: c\n  certificate_thumbprint: x\n  private_key: ${key}`;
  assert.match(normal(token).secrets[0].private_key, /^-----BEGIN PRIVATE KEY-----\n/);
  assert.deepEqual(problems(`${top}secrets:\n- name: t\n  kind: x509\n  private_key: ${key}`), [
    '6:16 E_SESSION secrets[0].private_key is a key itself, and must be the name of a secret',
  ]);
});

test('a certificate with a value and without a key is its own normal form', () => {
  const value = '|\n    -----BEGIN CERTIFICATE-----\n    AAAA\n    -----END CERTIFICATE-----\n';
  const [secret] = normal(`${top}secrets:\n- name: c\n  kind: x509\n  value: ${value}`).secrets;
  assert.deepEqual(Object.keys(secret), ['name', 'kind', 'value_hmac']);
});

test('paths of other sessions stand in maps, and whole names in texts', () => {
  const imported = (text: string) => `${top}secrets: [{name: s, import: ${text}}]`;
  assert.deepEqual(problems(imported('{session: ../../x}')), []);
  assert.deepEqual(problems(imported('/session=../x')), [
    '3:29 E_SESSION secrets[0].import has a path from here, which one text cannot have',
  ]);
});

test('a signed or encrypted session is named as what it is', () => {
  for (const [key, what] of [
    ['signatures', 'a signed session'],
    ['encrypted_session', 'an encrypted session'],
  ] as const) {
    assert.throws(
      () => normaliseSession({ [key]: 'x' }),
      (error: SconeError) => {
        assert.equal(error.code, 'E_NOT_YET');
        assert.deepEqual(error.causes, [`${what} is known, and not supported yet`]);
        return true;
      },
    );
  }
});
