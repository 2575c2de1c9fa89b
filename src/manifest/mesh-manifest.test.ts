import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyHash, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { loadManifest } from './load.ts';
import type { Meshfile } from './meshfile.ts';
import { notYet } from './not-yet.ts';

const key = keyHash(sha256(Uint8Array.of(1)), 'production');
const cas = 'cas:\n- name: cas\n  cas_url: cas.example.org\n';
const policy = 'policy:\n  namespace: ns\n';
const services = 'services:\n- name: one\n  image: example.org/app:1\n';

function load(text: string, variables: [string, string][] = []) {
  const loaded = loadManifest(`apiVersion: scone/5.8\nkind: mesh\n${text}`, 'mesh.yml', {
    variables: new Map(variables),
  });
  assert.ok(loaded.kind === 'mesh');
  return loaded;
}

function mesh(text: string): Meshfile {
  return load(text).manifest;
}

function problems(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof SconeError && error.code === 'E_MANIFEST', String(error));
    return error.errors.map(({ message }) => message);
  }
  return [];
}

test('the least Meshfile is strict about its CAS and sets nothing', () => {
  const { locate: _, ...rest } = mesh(cas + policy + services);
  assert.deepEqual(rest, {
    file: 'mesh.yml',
    apiVersion: 'scone/5.8',
    cas: [
      {
        name: 'cas',
        roles: ['cas'],
        url: 'cas.example.org',
        host: 'cas.example.org',
        port: 8081,
        tolerance: {
          configurationNeeded: false,
          groupOutOfDate: false,
          swHardeningNeeded: false,
          debug: false,
          ignoreSigner: false,
          trustAny: false,
        },
        mode: 'Upload',
      },
    ],
    policy: { namespace: 'ns', tolerate: [], ignore_advisories: [], image_policy_namespace: 'ns' },
    env: [],
    helm: [],
    extraPolicies: [],
    services: [
      { name: 'one', image: 'example.org/app:1', overrides: {}, at: { file: 'mesh.yml', line: 9, column: 3 } },
    ],
    unsupported: [],
  });
});

test('the address of a CAS is a host, with the port of clients unless it says another', () => {
  const address = (url: string) => {
    const [entry] = mesh(cas.replace('cas.example.org', JSON.stringify(url)) + policy + services).cas;
    return [entry?.host, entry?.port];
  };
  assert.deepEqual(address('localhost'), ['localhost', 8081]);
  assert.deepEqual(address('127.0.0.1:1'), ['127.0.0.1', 1]);
  assert.deepEqual(address('a-b.c:65535'), ['a-b.c', 65535]);
  for (const wrong of [
    '',
    'a b',
    'https://a',
    'a/b',
    'a:0',
    'a:65536',
    'a:x',
    'a:',
    '-a',
    '[::1]:8081',
    '::1',
    'a@b',
  ]) {
    assert.deepEqual(problems(cas.replace('cas.example.org', JSON.stringify(wrong)) + policy + services), [
      'cas[0].cas_url must be host or host:port',
    ]);
  }
});

test('roles come from the name and the aliases, and the role cas must be there', () => {
  const roles = (name: string, alias: string) =>
    mesh(`cas: [{name: ${name}, alias: ${alias}, cas_url: a}]\n${policy}${services}`).cas[0]?.roles;
  assert.deepEqual(roles('cas', '[image, cas, image]'), ['cas', 'image']);
  assert.deepEqual(roles('mine', '[cas]'), ['cas']);
  assert.deepEqual(problems(`cas: [{name: image, cas_url: a}]\n${policy}${services}`), [
    'cas has no entry with the role "cas"',
  ]);
  assert.deepEqual(problems(`cas: []\n${policy}${services}`), ['cas must have at least one entry']);
});

test('a key hash is taken in its one form only', () => {
  assert.equal(mesh(`${cas}  cas_key: ${key}\n${policy}${services}`).cas[0]?.key, key);
  for (const wrong of [`1${key}`, key.slice(1), key.toLowerCase(), '""']) {
    assert.match(
      problems(`${cas}  cas_key: ${wrong}\n${policy}${services}`)[0] ?? '',
      /^cas\[0\]\.cas_key (?:is refused|must be)/,
    );
  }
});

test('env has three shapes and an older one, mixed as they come, in the order of the file', () => {
  const seen = (env: string) =>
    mesh(`${cas}${policy}${services}env:${env}`).env.map(({ scope, name, value }) => `${scope} ${name}=${value}`);
  assert.deepEqual(seen('\n'), []);
  assert.deepEqual(seen(' ~\n'), []);
  assert.deepEqual(seen(' []\n'), []);
  assert.deepEqual(seen('\n- {name: A, value: 1}\n- {name: B, value: }\n'), ['global A=1', 'global B=']);
  assert.deepEqual(seen('\n- {key: A, value: yes}\n'), ['global A=yes']);
  assert.deepEqual(
    seen(
      '\n- service: one\n  env: [{name: A, value: 0644}]\n- service: helm\n  env:\n- {name: C, value: d}\n- service: global\n  env: [{name: A, value: NO}]\n',
    ),
    ['one A=0644', 'global C=d', 'global A=NO'],
  );
});

test('an entry of env that is no entry is refused where it is', () => {
  const wrong = (env: string) => problems(`${cas}${policy}${services}env: ${env}\n`);
  assert.deepEqual(wrong('[x]'), ['env[0] must be a map, and is a text']);
  assert.deepEqual(wrong('{A: 1}'), ['env must be a list, and is a map']);
  assert.deepEqual(wrong('[{service: one}]'), []);
  assert.deepEqual(wrong('[{env: []}]'), ['env[0] lacks "service"']);
  assert.deepEqual(wrong('[{service: one, env: [{name: A}]}]'), ['env[0].env[0] lacks "value"']);
  assert.deepEqual(wrong('[{name: A, value: 1, comment: x}]'), ['"comment" is no key of env[0]']);
  assert.deepEqual(wrong('[{name: A, value: [1]}]'), ['env[0].value must be a text, and is a list']);
});

test('tolerances and advisories are written with commas or as lists', () => {
  const read = (lines: string) => mesh(`${cas}${policy}${lines}${services}`).policy;
  assert.deepEqual(read('  tolerate: "outdated-tcb, hyperthreading,outdated-tcb"\n').tolerate, [
    'outdated-tcb',
    'hyperthreading',
  ]);
  assert.deepEqual(read('  tolerate: [debug-mode, debug]\n').tolerate, ['debug-mode']);
  const warned = (text: string) =>
    load(`${cas}${policy}  tolerate: ${text}\n${services}`).warnings.map(({ message, at }) => `${at?.line} ${message}`);
  assert.deepEqual(warned('outdated-tcb'), []);
  for (const text of ['debug', '[debug]', '"outdated-tcb, debug"']) {
    assert.deepEqual(warned(text), ['8 policy.tolerate has debug, which is read as debug-mode'], text);
  }
  assert.equal(read('  ignore_advisories: "*"\n').ignore_advisories, '*');
  assert.equal(read('  ignore_advisories: ["*"]\n').ignore_advisories, '*');
  assert.deepEqual(read('  ignore_advisories: INTEL-SA-00586, INTEL-SA-00615\n').ignore_advisories, [
    'INTEL-SA-00586',
    'INTEL-SA-00615',
  ]);
  assert.deepEqual(problems(`${cas}${policy}  ignore_advisories: "*, INTEL-SA-00586"\n${services}`), [
    'policy.ignore_advisories has "*" beside others',
  ]);
});

test('what only other makes of CAS and of charts have is read, and refused by name', () => {
  const foreign = 'KsAvbrePfi8HPe4zB1NYQ57y4Rnsj8ghxC698VS9J1SNcyWsTE';
  const read = mesh(`${cas}  cas_key: ${foreign}\n${policy}${services}helm_extra_values: "a.b=c"\n`);
  assert.equal(read.cas[0]?.key, foreign);
  assert.equal(read.helmExtraValues, 'a.b=c');
  assert.deepEqual(
    read.unsupported.map(({ what }) => what),
    ['cas_key with the key hash of another make of CAS', 'helm_extra_values'],
  );
});

test('a CAS without a name is the one that keeps the sessions', () => {
  const [entry] = mesh(`cas: [{cas_url: cas_1.x}]\n${policy}${services}`).cas;
  assert.deepEqual([entry?.name, entry?.roles, entry?.host], ['cas', ['cas'], 'cas_1.x']);
});

test('a service without a name has that of its image', () => {
  const named = (image: string) => mesh(`${cas}${policy}services: [{image: "${image}"}]\n`).services[0]?.name;
  assert.equal(named('registry.example.org:5000/a/redis:7'), 'redis');
  assert.equal(named(`redis@sha256:${'0'.repeat(64)}`), 'redis');
  assert.equal(named('redis'), 'redis');
});

test('names that env already uses for something else are refused', () => {
  assert.deepEqual(problems(`${cas}${policy}services: [{name: global, image: a}, {name: helm, image: b}]\n`), [
    'services[0].name is global, which means something else in env',
    'services[1].name is helm, which means something else in env',
  ]);
});

test('variables of the environment fill in what a template left open', () => {
  const text = cas.replace('cas.example.org', '$CAS.$CAS_NAMESPACE') + policy.replace('ns', '$NS-1') + services;
  const { cas: entries, policy: read } = load(text, [
    ['CAS', 'cas'],
    ['CAS_NAMESPACE', 'scone-system'],
    ['NS', 'demo'],
  ]).manifest;
  assert.deepEqual([entries[0]?.host, read.namespace], ['cas.scone-system', 'demo-1']);
});

test('all that can be named and not be honoured yet is listed by name and place', () => {
  const many = mesh(
    `cas:
- name: cas
  cas_url: a
  mode: EncryptedManifest
  cas_encryption_key: "${'00'.repeat(32)}"
  tolerance: "--mrenclave 00"
- {name: attestation, alias: [image], cas_url: b}
policy:
  namespace: ns
  maa: https://example.org
  access_policy_name: a
  attestation_policy_name: b
  security_policy_name: c
  image_policy_namespace: other
services:
- name: one
  image: a
  image_policy: p.yaml
  image_secrets: s.yaml
  env: e.yaml
  helm_chart: chart
  helm_extra_values: {resources: {limits: {"sgx.k8s.io/sgx": 2}}}
helm_extra_values: {one: {persistence: {enabled: true}}}
helm: ["a.b=c"]
extra_policies: [{name: p, mode: NoUpload}]
repo: {destination: r, push: true, squash: false, strip: true, config_id: c, key_file: k}
`.replace('"--mrenclave 00"', '--mrenclave=00'),
  );
  assert.deepEqual(
    notYet(many)
      .toSorted((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0))
      .map(({ code, message, at }) => `${at?.line} ${code} ${message.replace(' is known, and not supported yet', '')}`),
    [
      '6 E_NOT_YET cas mode EncryptedManifest',
      '7 E_NOT_YET cas_encryption_key',
      '8 E_NOT_YET the tolerance flag --mrenclave',
      '9 E_NOT_YET more than one CAS',
      '12 E_NOT_YET policy.maa',
      '13 E_NOT_YET policy.access_policy_name',
      '14 E_NOT_YET policy.attestation_policy_name',
      '15 E_NOT_YET policy.security_policy_name',
      '16 E_NOT_YET policy.image_policy_namespace',
      '20 E_NOT_YET services[].image_policy',
      '21 E_NOT_YET services[].image_secrets',
      '22 E_NOT_YET services[].env',
      '23 E_NOT_YET services[].helm_chart',
      '24 E_NOT_YET services[].helm_extra_values',
      '25 E_NOT_YET helm_extra_values',
      '26 E_NOT_YET helm',
      '27 E_NOT_YET extra_policies',
      '28 E_NOT_YET repo',
    ],
  );
});

test('54: order of keys and notation do not change what a Meshfile says', () => {
  const { locate: _a, ...one } = mesh(cas + policy + services);
  const { locate: _b, ...other } = mesh(
    `services: [{image: "example.org/app:1", "name": 'one'}] # comment\npolicy: {namespace: "ns"}\ncas:\n- {cas_url: cas.example.org, name: cas}\n`,
  );
  const placeless = (value: object) =>
    JSON.stringify(value, (name, member: unknown) => (name === 'at' ? undefined : member));
  assert.equal(placeless(one), placeless(other));
});
