import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../core/errors.ts';
import { explicitValues } from './explicit-values.ts';
import { loadManifest } from './load.ts';
import { notYet } from './not-yet.ts';
import type { ServiceManifest } from './service.ts';

const build = 'build:\n  name: app\n  kind: python\n  to: example.org/app\n  command: python3 app.py\n';

function load(rest: string, head = 'apiVersion: scone/5.8\nkind: genservice\n') {
  const loaded = loadManifest(`${head}${rest}`, 'service.yml', { variables: new Map() });
  assert.ok(loaded.kind === 'genservice');
  return loaded;
}

function manifest(rest: string): ServiceManifest {
  return load(rest).manifest;
}

function problems(rest: string): string[] {
  try {
    load(rest);
  } catch (error) {
    assert.ok(error instanceof SconeError && error.code === 'E_MANIFEST', String(error));
    return error.errors.map(({ message }) => message);
  }
  return [];
}

test('the least manifest gets a base, a user, a working directory and nothing else', () => {
  const { locate: _, ...rest } = manifest(build);
  assert.deepEqual(rest, {
    file: 'service.yml',
    apiVersion: 'scone/5.8',
    build: {
      name: 'app',
      kind: 'python',
      to: 'example.org/app',
      commandText: 'python3 app.py',
      argv: ['python3', 'app.py'],
      pwd: '/',
      copy: [],
      from: 'debian:bookworm',
      user: { uid: 65532, gid: 65532 },
      run: [],
      binaries: [],
      dirs: [],
      plains: [],
      plain_files: [],
      host_paths: [],
      volumes: [],
    },
    environment: { local: [], global: [] },
    injection_files: [],
    secrets: { global: [], import: [] },
    unsupported: [],
  });
});

test('sections and lists that are null are empty', () => {
  const empty = manifest(
    `${build}  copy: ~\n  run:\n  volumes: ~\n  pwd: ~\nenvironment:\n  local:\n  global: ~\nsecrets:\ninjection_files:\n`,
  );
  assert.deepEqual(
    [empty.build.copy, empty.environment, empty.secrets, empty.injection_files, notYet(empty)],
    [[], { local: [], global: [] }, { global: [], import: [] }, [], []],
  );
});

test('52: values keep the text they were written with, numbers, booleans and block scalars too', () => {
  const { environment, injection_files, secrets } = manifest(`${build}environment:
  local:
    - {name: OCTAL, value: 0644}
    - {name: NORWAY, value: NO}
    - {name: BIG, value: 123456789012345678901234567890}
    - {name: YES, value: true}
    - {name: FLOAT, value: 1.10}
    - {name: ODD, value: "a#b!c$ d"}
    - {name: NOTHING, value: }
    - {name: EMPTY, value: ""}
  global:
    - {name: G, value: 08}
injection_files:
  - path: /etc/app/conf
    content: |+2
        two blanks

secrets:
  global:
    - name: key
      kind: ascii
      value: |+2
          BEGIN
         x

`);
  assert.deepEqual(
    environment.local.map(({ value }) => value),
    ['0644', 'NO', '123456789012345678901234567890', 'true', '1.10', 'a#b!c$ d', '', ''],
  );
  assert.deepEqual(environment.global, [{ name: 'G', value: '08' }]);
  assert.equal(injection_files[0]?.content, '  two blanks\n\n');
  assert.equal(secrets.global[0]?.value, '  BEGIN\n x\n\n');
});

test('the user is a number, or two', () => {
  assert.deepEqual(manifest(`${build}  user: 1000\n`).build.user, { uid: 1000, gid: 1000 });
  assert.deepEqual(manifest(`${build}  user: "1000:2000"\n`).build.user, { uid: 1000, gid: 2000 });
  assert.deepEqual(manifest(`${build}  user: 1000:0\n`).build.user, { uid: 1000, gid: 0 });
  for (const wrong of ['nobody', '1000:', '-1', '1:2:3', '0x10'])
    assert.equal(problems(`${build}  user: ${JSON.stringify(wrong)}\n`).length, 1, wrong);
  for (const root of ['0', '0:0', '00', '0:1000', '"0"'])
    assert.deepEqual(problems(`${build}  user: ${root}\n`), ['build.user is root, and no service runs as root'], root);
});

test('all that can be named and not be honoured yet is listed by name and place', () => {
  const many = manifest(
    `apiVersion: scone/5.8
kind: genservice
build:
  name: app
  kind: java17
  to: example.org/app:1
  command: java -jar app.jar
  from: alpine:3.20
  requirements: requirements.txt
  run: ["apt-get update"]
  binaries: [/usr/bin/java]
  dirs: [/data]
  plains: [/var]
  plain_files: [/etc/x]
  host_paths: [/etc/ssl/certs]
  volumes:
    - {name: v, path: /v, export: [{session: s, update_policy: ephemeral}]}
    - {name: w, path: /w, import: {session: s, volume: v}}
  stable: example.org/app:0
  signature: {key: identity.pem, sign: true}
  gen_policy: {policy: p.yaml}
  binarfs: {include-new: [/usr/lib]}
env: [{key: A, value: b}]
secrets:
  global:
    - {name: ca-key, kind: private-key, key_type: P-384, migrate: true}
    - {name: ca, kind: x509-ca, private_key: ca-key, common_name: CA, valid_for: 1 year}
    - {name: cert, kind: x509, private_key: ca-key, issuer: ca, dns: [a, b], endpoint: server, export_public: true}
    - {name: token, kind: aad-token, tenant_id: t, client_id: c, application_secret: s, certificate_thumbprint: h}
  import: [other]
injection_files:
  - {path: /etc/hosts, content: "127.0.0.1 x"}
`.replace('apiVersion: scone/5.8\nkind: genservice\n', ''),
  );
  assert.deepEqual(
    notYet(many)
      .toSorted((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0))
      .map(
        ({ code, message, at }) =>
          `${at?.line}:${at?.column} ${code} ${message.replace(' is known, and not supported yet', '')}`,
      ),
    [
      '5:3 E_NOT_YET build.kind java17',
      '8:3 E_NOT_YET build.from alpine:3.20',
      '9:3 E_NOT_YET build.requirements',
      '10:3 E_NOT_YET build.run',
      '11:3 E_NOT_YET build.binaries',
      '12:3 E_NOT_YET build.dirs',
      '13:3 E_NOT_YET build.plains',
      '14:3 E_NOT_YET build.plain_files',
      '15:3 E_NOT_YET build.host_paths',
      '16:3 E_NOT_YET build.volumes',
      '19:3 E_NOT_YET build.stable',
      '20:15 E_NOT_YET build.signature.key',
      '21:16 E_NOT_YET build.gen_policy',
      '26:22 E_NOT_YET the secret kind private-key',
      '27:18 E_NOT_YET the secret kind x509-ca',
      '28:20 E_NOT_YET the secret kind x509',
      '29:21 E_NOT_YET the secret kind aad-token',
      '30:12 E_NOT_YET importing the secret other',
      '32:6 E_NOT_YET an injected file at /etc/hosts',
    ],
  );
  assert.deepEqual(many.secrets.global[2], {
    name: 'cert',
    kind: 'x509',
    private_key: 'ca-key',
    issuer: 'ca',
    dns: ['a', 'b'],
    endpoint: 'server',
    export_public: true,
  });
});

test('older spellings are read: genAppImage, genImage, a single DNS name', () => {
  for (const kind of ['genservice', 'genAppImage', 'genImage']) {
    assert.equal(load(build, `apiVersion: scone/5.8\nkind: ${kind}\n`).kind, 'genservice');
  }
  for (const version of ['scone/5.8', 'scone/5.8.0', 'scone/5.10', 'scone/6.0.1', 'scone/7']) {
    assert.equal(load(build, `apiVersion: ${version}\nkind: genservice\n`).manifest.apiVersion, version);
  }
  const old = manifest(
    `${build}requirements: r.txt\nenv: [{key: A, value: 1}, {name: B, value: }]\nenvironment: {local: [{name: A, value: 2}]}\n`,
  );
  assert.equal(old.build.requirements, 'r.txt');
  assert.deepEqual(old.environment.local, [
    { name: 'A', value: '2' },
    { name: 'B', value: '' },
  ]);
  const secret =
    'secrets:\n  global: [{name: c, kind: x509, private_key: k, dns: host}, {name: k, kind: private-key}]\n';
  assert.deepEqual(manifest(build + secret).secrets.global[0]?.dns, ['host']);
});

test('what never had an effect is ignored with a warning, or silently where nothing is lost', () => {
  const { warnings, manifest: loaded } = load(
    `${build}  host_path: [/etc/ssl]\n  signature: {sign: true}\n  fs_dirs: [/a]\n  fs_files: [/b]\n`,
  );
  assert.deepEqual(
    warnings.map(({ message, at }) => `${at?.line}:${at?.column} ${message}`),
    ['8:14 build.host_path is ignored: it never had an effect'],
  );
  assert.deepEqual(notYet(loaded), []);
});

test('characters that only a shell would understand are a warning', () => {
  const { warnings, manifest: loaded } = load(build.replace('python3 app.py', `python3 app.py && rm '-rf' *`));
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['build.command has characters that only a shell would understand: & *'],
  );
  assert.deepEqual(loaded.build.argv, ['python3', 'app.py', '&&', 'rm', '-rf', '*']);
});

test('a variable twice: the later one counts, with a warning', () => {
  const { warnings, manifest: loaded } = load(
    `${build}environment:\n  local: [{name: A, value: 1}, {name: B, value: 2}, {name: A, value: 3}]\n`,
  );
  assert.deepEqual(loaded.environment.local, [
    { name: 'A', value: '3' },
    { name: 'B', value: '2' },
  ]);
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['environment.local[2].name is A a second time; the later one counts'],
  );
});

test('placeholders are compared with the secrets, in the command, variables, defaults and files', () => {
  const secrets = 'secrets:\n  global: [{name: a, kind: ascii}, {name: b, kind: binary}]\n  import: [c]\n';
  const fine = `${build.replace('app.py', () => 'app.py $$SCONE::a$$')}environment:\n  local: [{name: X, value: "$$SCONE::b.hex$$ $$SCONE::b:hex$$ $$SCONE::c$$ $$SCONE::{{Y}}$$"}]\n${secrets}`;
  assert.deepEqual(problems(fine), []);
  const wrong = `${build.replace('app.py', () => '$$SCONE::v$$')}environment:\n  local: [{name: X, value: "$$SCONE::w$$"}]\n  global: [{name: Y, value: "$$SCONE::x$$"}]\n${secrets}injection_files: [{path: /f, content: "$$SCONE::y.crt$$"}]\n`;
  assert.deepEqual(
    problems(wrong).map((message) => message.replace(/ refers to.*"(.)".*/, ' $1')),
    [
      'build.command v',
      'environment.local[0].value w',
      'environment.global[0].value x',
      'injection_files[0].content y',
    ],
  );
});

test('explicit values are kept apart from the image, binary ones in lower case', () => {
  const loaded = manifest(
    `${build}secrets:\n  global:\n  - {name: a, kind: ascii, value: Text}\n  - {name: b, kind: binary, value: 00FF}\n  - {name: c, kind: ascii}\n  - {name: __proto__, kind: ascii, value: x}\n`,
  );
  assert.deepEqual(Object.entries(explicitValues(loaded)), [
    ['a', 'Text'],
    ['b', '00ff'],
    ['__proto__', 'x'],
  ]);
});

test('56: an explicit value is in no error, whatever else is wrong with its secret', () => {
  const text = `${build}secrets:\n  global:\n  - {name: a b, kind: binary, value: hunter2-secret, size: x}\n  - {name: c, kind: ascii, value: [hunter2-secret]}\n`;
  assert.throws(
    () => load(text),
    (error: SconeError) => {
      assert.ok(error.errors.length >= 3);
      assert.equal(JSON.stringify(error.errors).includes('hunter2'), false);
      return true;
    },
  );
});

test('names of images are those that registries accept', () => {
  const named = (to: string) => problems(build.replace('example.org/app', JSON.stringify(to))).length;
  for (const to of [
    'app',
    'app:1',
    'a/b/c:v1.0_x',
    'localhost:5000/a',
    'registry.example.org/hello/python_hello_user:latest',
    'a__b/c-d',
  ]) {
    assert.equal(named(to), 0, to);
  }
  for (const to of ['', 'App', 'a b', 'a//b', '/a', 'a/', 'a:', 'https://a/b', 'a@sha256:00', '-a', 'a\n', 'a:b/c']) {
    assert.equal(named(to), 1, to);
  }
});

test('injected files have one place each, and not in the folders of the system', () => {
  const files = (text: string) => problems(`${build}injection_files: ${text}\n`);
  assert.deepEqual(files('[{path: /f, content: x}, {path: /f, content: y}]'), [
    'injection_files[1].path is /f a second time',
  ]);
  assert.match(files('[{path: f, content: x}]')[0] ?? '', /must be the absolute path of a file/);
  assert.match(files('[{path: /a/../b, content: x}]')[0] ?? '', /must be the absolute path of a file/);
  assert.deepEqual(files('[{path: /f}]'), ['injection_files[0] lacks "content"']);
  assert.equal(notYet(manifest(`${build}injection_files: [{path: /run/x, content: y}]\n`)).length, 1);
});
