import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simKey } from '../../test/chart/sample.ts';
import { explicitValues } from '../manifest/explicit-values.ts';
import { loadManifest } from '../manifest/load.ts';
import { previewDescriptor } from '../manifest/preview.ts';
import { deriveCompleteMesh } from './derive.ts';

/** What follows for services of the given lines each, below their `build`. */
function mesh(services: { [name: string]: string }, env = '') {
  const names = Object.keys(services);
  const variables = new Map<string, string>();
  const manifests = names.map((name) => {
    const text = `apiVersion: scone/5.8\nkind: genservice\nbuild: {name: ${name}, kind: python, to: ${name}, command: p}\n${services[name]}`;
    const loaded = loadManifest(text, `${name}.yml`, { variables });
    assert.ok(loaded.kind === 'genservice');
    return loaded.manifest;
  });
  const meshfile = loadManifest(
    `apiVersion: scone/5.8\nkind: mesh\ncas: [{name: cas, cas_url: h}]\npolicy: {namespace: ns}\n${env}services:\n${names.map((name) => `- {name: ${name}, image: ${name}}\n`).join('')}`,
    'mesh.yml',
    { variables },
  );
  assert.ok(meshfile.kind === 'mesh');
  return deriveCompleteMesh({
    meshfile: meshfile.manifest,
    images: new Map(
      manifests.map((manifest) => [
        manifest.build.to,
        { descriptor: previewDescriptor(manifest), rootfsDigest: '00'.repeat(32), digest: `sha256:${'00'.repeat(32)}` },
      ]),
    ),
    cas: { keys: [simKey], serviceAddress: 'h:18765' },
    salts: new Map(names.map((name) => [`ns/${name}`, '00'.repeat(16)])),
    explicit: new Map(manifests.map((one) => [one.build.to, new Map(Object.entries(explicitValues(one)))])),
  });
}

const database = `secrets:
  global:
  - {name: db_key, kind: private-key}
  - {name: db_ca, kind: x509-ca, private_key: db_key}
  - {name: client_key, kind: private-key}
  - {name: client, kind: x509, private_key: client_key, issuer: db_ca, endpoint: client, common_name: "{{who}}"}
  - {name: password, kind: ascii, value: hunter2}
`;
const told = (found: ReturnType<typeof mesh>) => found.problems.map(({ message }) => message);

test('a secret is exported only where another service imports it, and its key only where that is used', () => {
  const api = `secrets: {import: [client, db_ca]}
injection_files:
- {path: /c.crt, content: $$SCONE::client.crt$$}
- {path: /c.key, content: $$SCONE::client.key$$}
- {path: /ca.crt, content: $$SCONE::db_ca.chain$$}
`;
  const found = mesh({ db: database, api }, 'env: [{name: who, value: api}]\n');
  assert.deepEqual(told(found), []);
  const [db, other] = found.services;
  assert.deepEqual(
    db?.session.secrets.map((secret) => [secret.name, secret.export !== undefined]),
    [
      ['db_key', false],
      ['db_ca', true],
      ['client_key', true],
      ['client', true],
      ['password', false],
    ],
  );
  assert.deepEqual(db?.session.secrets[3]?.export, [{ namespace: 'ns' }]);
  assert.equal(db?.session.secrets[3]?.common_name, 'api');
  assert.deepEqual(other?.session.secrets, [
    { name: 'client', kind: 'x509', import: { session: 'ns/db', secret: 'client' } },
    { name: 'db_ca', kind: 'x509-ca', import: { session: 'ns/db', secret: 'db_ca' } },
  ]);
  assert.ok(found.unsupported.some(({ message }) => message.startsWith('import of a secret (api)')));
});

test('a secret that a template names by a variable is the one that the mesh says', () => {
  const nginx = `secrets: {import: ["{{BACKEND_CA}}"]}
injection_files: [{path: /ca, content: "$$SCONE::{{BACKEND_CA}}.chain$$"}]
`;
  const env = 'env: [{name: BACKEND_CA, value: db_ca}, {name: who, value: x}]\n';
  const found = mesh({ db: database, nginx }, env);
  assert.deepEqual(told(found), []);
  assert.equal(found.services[1]?.session.secrets[0]?.name, 'db_ca');
  assert.deepEqual(told(mesh({ db: database, nginx }, env.replace('db_ca', '"no name"'))).slice(0, 1), [
    'the secret {{BACKEND_CA}} of nginx becomes "no…"',
  ]);
});

test('an import that nobody defines and a secret that two define are refused', () => {
  const found = mesh({
    a: 'secrets: {global: [{name: s, kind: ascii}], import: [t]}',
    b: 'secrets: {global: [{name: s, kind: ascii}]}',
  });
  assert.deepEqual(told(found), [
    'the secret s is defined by a and by b',
    'a imports the secret t, which no service of the mesh defines',
  ]);
  assert.equal(
    mesh({ a: 'secrets: {import: [pasword]}', b: 'secrets: {global: [{name: password, kind: ascii}]}' }).problems[0]
      ?.hint,
    'did you mean "password"?; secrets are defined in secrets.global of a service manifest',
  );
});

test('volumes of a manifest become volumes of the session, with exports as it has them', () => {
  const found = mesh({
    a: `secrets: ~\n`,
  });
  assert.deepEqual(told(found), []);
  const volumes = `    - {name: v, path: /v, export: [{session: s}, {session: t, update_policy: ephemeral, volume_alias: x}]}
    - {name: w, path: /w, import: {session: s, volume: v}}
`;
  const text = `apiVersion: scone/5.8\nkind: genservice\nbuild:\n  name: a\n  kind: python\n  to: a\n  command: p\n  volumes:\n${volumes}`;
  const loaded = loadManifest(text, 'a.yml', { variables: new Map() });
  assert.ok(loaded.kind === 'genservice');
  const meshfile = loadManifest(
    'apiVersion: scone/5.8\nkind: mesh\ncas: [{name: cas, cas_url: h}]\npolicy: {namespace: ns}\nservices: [{image: a}]\n',
    'mesh.yml',
    { variables: new Map() },
  );
  assert.ok(meshfile.kind === 'mesh');
  const { services, problems } = deriveCompleteMesh({
    meshfile: meshfile.manifest,
    images: new Map([
      ['a', { descriptor: previewDescriptor(loaded.manifest), rootfsDigest: '00'.repeat(32), digest: 'sha256:00' }],
    ]),
    cas: { keys: [simKey], serviceAddress: 'h:18765' },
    salts: new Map(),
    explicit: new Map(),
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(services[0]?.session.volumes, [
    {
      name: 'v',
      files: 'encrypted',
      export: [{ session: 's' }, { to: { session: 't' }, update_policy: 'ephemeral', volume_alias: 'x' }],
    },
    { name: 'w', import: { session: 's', volume: 'v' } },
  ]);
  assert.deepEqual(services[0]?.session.images[0]?.volumes, [
    { name: 'v', path: '/v', update_policy: 'rollback_protected' },
    { name: 'w', path: '/w', update_policy: 'rollback_protected' },
  ]);
});
