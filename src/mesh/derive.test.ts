import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { imageName, productionKey, type Sample, sampleInput, sampleMesh, simKey } from '../../test/chart/sample.ts';
import { fromHex, hex, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { initDataHash, parseInitData } from '../initdata/document.ts';
import { loadManifest } from '../manifest/load.ts';
import { simEnclave } from '../measurement/sim.ts';
import { sessionBytes } from '../session/canonical.ts';
import { parsePlaceholders } from '../session/placeholders.ts';
import { renderSessionYaml } from '../session/render.ts';
import { deriveMesh } from './derive.ts';

function only(sample: Sample) {
  const [service, second] = sampleMesh(sample).services;
  assert.ok(service !== undefined && second === undefined);
  const [inside] = service.session.services;
  assert.ok(inside !== undefined);
  return { ...service, inside };
}

/** All problems of a mesh as `line:column code message`. */
function problems(sample: Sample): string[] {
  try {
    sampleMesh(sample);
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    const all = error.errors.length === 0 ? [error] : error.errors;
    return all.map(({ at, code, message }) => `${at?.line}:${at?.column} ${code} ${message}`);
  }
  return [];
}

const local = (value: string) => `environment:\n  local:\n  - name: X\n    value: ${JSON.stringify(value)}\n`;
const global = (name: string, value?: string) =>
  `environment:\n  global:\n  - name: ${name}\n${value === undefined ? '' : `    value: ${JSON.stringify(value)}\n`}`;
const flat = (values: { [name: string]: string }) =>
  `env:\n${Object.entries(values)
    .map(([name, value]) => `- name: ${name}\n  value: ${JSON.stringify(value)}\n`)
    .join('')}`;
const password = 'secrets:\n  global:\n  - name: password\n    kind: ascii\n    size: 10\n';

test('the example becomes the session that the conventions show', () => {
  const read = (name: string) => readFileSync(new URL(`../../examples/hello/${name}`, import.meta.url), 'utf8');
  const mesh = loadManifest(read('mesh.yml'), 'mesh.yml', { variables: new Map() });
  const service = loadManifest(read('service.yml'), 'service.yml', { variables: new Map() });
  assert.ok(mesh.kind === 'mesh' && service.kind === 'genservice');
  const { build, environment, secrets } = service.manifest;
  const image = sampleInput().images.get(imageName);
  assert.ok(image !== undefined);
  const descriptor = {
    ...image.descriptor,
    argv: build.argv,
    pwd: build.pwd,
    name: build.name,
    environment,
    secrets: { global: [{ name: 'password', kind: 'ascii' as const, size: '10' }], import: secrets.import },
  };
  const derived = deriveMesh({
    ...sampleInput(),
    meshfile: mesh.manifest,
    images: new Map([[build.to, { ...image, descriptor }]]),
  });
  const [one] = derived.services;
  assert.ok(one !== undefined);
  assert.equal(
    renderSessionYaml(one.session),
    `version: 0.3.12
name: myPythonApp/pythonapp
access_policy:
  read:
  - CREATOR
  update:
  - CREATOR
  create_sessions:
  - CREATOR
services:
- name: python3
  command:
  - python3
  - print_env.py
  pwd: /python
  environment:
    PATH: /usr/bin:/bin
    LANG: C.UTF-8
    SCONE_HEAP: 760M
    SCONE_LOG: error
    API_PASSWORD: $$SCONE::password$$
    API_USER: myself
  init_data:
  - ${hex(initDataHash(one.initData))}
  attestation:
  - sim:
      mrenclave:
      - ${hex(simEnclave(fromHex(descriptor.runtime.sha256), fromHex(image.rootfsDigest)))}
secrets:
- name: password
  kind: ascii
  size: "10"
`,
  );
  assert.deepEqual(derived.namespaceSession, {
    version: '0.3.12',
    name: 'myPythonApp',
    access_policy: { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR'] },
    services: [],
    images: [],
    secrets: [],
  });
  assert.deepEqual(
    derived.warnings.map(({ message, hint }) => [message, hint]),
    [
      [
        'imagePullSecrets is SconeApps, which Kubernetes does not accept as a name',
        'the chart uses sconeapps: write that, and name the Kubernetes secret so',
      ],
    ],
  );
  assert.deepEqual(one.chart, {
    image: `registry.example.org/hello/python_hello_user@${image.digest}`,
    imagePullSecrets: ['sconeapps'],
    servicePort: 443,
    restartPolicy: 'Always',
  });
});

test('init data names the CAS, its keys, the config id and the rootfs digest, and the session lists its hash', () => {
  const { initData, inside, configId } = only({});
  assert.deepEqual(parseInitData(initData), {
    mode: 'service',
    cas_url: 'cas.example.org:18765',
    cas_key: [simKey],
    config_id: 'ns/one/python3',
    rootfs: sampleInput().images.get(imageName)?.rootfsDigest,
  });
  assert.deepEqual(inside.init_data, [hex(initDataHash(initData))]);
  assert.equal(configId, `${inside.init_data[0]}${'0'.repeat(64)}`);
});

test('the same inputs give the same bytes', () => {
  const sample: Sample = {
    service: `${password}environment:\n  local:\n  - {name: B, value: "{{namespace}}"}\n  - {name: A, value: x}\n`,
  };
  const bytes = () => {
    const { session, initData } = only(sample);
    return [hex(sessionBytes(session)), hex(initData), renderSessionYaml(session)];
  };
  assert.deepEqual(bytes(), bytes());
});

test('the environment is the image’s, then local, then global variables; each later one counts', () => {
  const service =
    'environment:\n  local:\n  - {name: LANG, value: de}\n  - {name: A, value: "1"}\n  global:\n  - {name: B}\n  - {name: C, value: c}\n  - {name: D, value: "{{service_name}}"}\n';
  const { inside } = only({ service, mesh: flat({ B: 'b', OTHER: 'never' }) });
  assert.deepEqual({ ...inside.environment }, { PATH: '/usr/bin:/bin', LANG: 'de', A: '1', B: 'b', C: 'c', D: 'one' });
});

test('a service’s own block of env counts before helm before global, and of two the later', () => {
  const block = (service: string, value: string) => `- service: ${service}\n  env:\n  - {name: V, value: ${value}}\n`;
  const seen = (mesh: string) => only({ service: global('V'), mesh: `env:\n${mesh}` }).inside.environment['V'];
  assert.equal(seen(block('one', 's') + block('helm', 'h') + block('global', 'g')), 's');
  assert.equal(seen(block('helm', 'h') + block('global', 'g')), 'h');
  assert.equal(seen(block('global', 'g') + block('global', 'later')), 'later');
  assert.equal(seen('- {name: V, value: flat}\n'), 'flat');
  assert.equal(seen('- {key: V, value: older}\n'), 'older');
});

test('another service’s block does not reach this one', () => {
  const services = `- {name: one, image: "${imageName}"}\n- {name: two, image: "${imageName}"}\n`;
  const mesh = 'env:\n- service: one\n  env: [{name: V, value: "1"}]\n- service: two\n  env: [{name: V, value: "2"}]\n';
  const derived = sampleMesh({ service: global('V'), services, mesh });
  assert.deepEqual(
    derived.services.map(({ session }) => [session.name, session.services[0]?.environment['V']]),
    [
      ['ns/one', '1'],
      ['ns/two', '2'],
    ],
  );
});

test('a global variable without a value says who could give one', () => {
  assert.throws(() => sampleMesh({ service: global('API_USER'), mesh: flat({ API_USR: 'x' }) }), {
    code: 'E_VARIABLE',
    message: 'one needs a value for its global variable API_USER',
    at: { file: 'mesh.yml', line: 9, column: 3 },
    hint: 'add "- name: API_USER" with a value to env of the Meshfile (it sets something alike: did you mean "API_USR"?), or give it a default in environment.global of the service manifest',
  });
});

test('all problems of a mesh come to light in one run, in the order of the file', () => {
  const services = `- {name: one, image: "${imageName}"}\n- {name: two, image: missing}\n`;
  assert.deepEqual(
    problems({ service: global('G'), services, mesh: flat({ APP_SERVICE_PORT: 'http', restartPolicy: 'Never' }) }),
    [
      '9:3 E_VARIABLE one needs a value for its global variable G',
      '10:3 E_IMAGE the image of two is not in the local store',
      '13:10 E_VARIABLE APP_SERVICE_PORT is no port',
      '15:10 E_NOT_YET restartPolicy Never is known, and not supported yet',
    ],
  );
});

test('variables of the mesh itself are there: namespace, session, service, image, CAS', () => {
  const names = [
    'namespace',
    'session',
    'service_name',
    'image_name',
    'cas_service_name',
    'cas_cas_cas_url',
    'cas.cas.cas_url',
  ];
  const { inside } = only({ service: local(names.map((name) => `{{${name}}}`).join(' ')) });
  assert.equal(inside.environment['X'], `ns ns/one one ${imageName} python3 cas.example.org cas.example.org`);
});

test('a variable may have a default, blanks and dots, and raw text stays as it is', () => {
  const seen = (value: string, mesh?: string) =>
    only({ service: local(value), ...(mesh === undefined ? {} : { mesh }) }).inside.environment['X'];
  assert.equal(seen('{{ A | default(value="b c") }}'), 'b c');
  assert.equal(seen('{{A|default(value="")}}!'), '!');
  assert.equal(seen('{{ A | default(value="b") }}', flat({ A: 'given' })), 'given');
  assert.equal(seen('{% raw %}{{ A }}{% endraw %}'), '{{ A }}');
  assert.equal(seen('a{{b } c'), 'a{{b } c');
});

test('a variable that nobody defines, and an expression that is none, are refused', () => {
  assert.deepEqual(problems({ service: local('{{nobody}}') }), [
    '9:3 E_VARIABLE the variable X of one needs the variable nobody, which has no value',
  ]);
  for (const odd of ['{{}}', '{{ a b }}', '{{ a | upper }}', '{{ 1 + 2 }}', '{{a..b}}']) {
    assert.match(problems({ service: local(odd) })[0] ?? '', /which is no variable$/, odd);
  }
});

test('env may not give another value to what the mesh itself says', () => {
  assert.deepEqual(problems({ service: local('{{namespace}}'), mesh: flat({ namespace: 'other' }) }), [
    '13:10 E_VARIABLE env gives namespace another value than the mesh itself',
  ]);
  assert.equal(
    only({ service: local('{{namespace}}'), mesh: flat({ namespace: 'ns' }) }).inside.environment['X'],
    'ns',
  );
});

test('45: a value is not looked at for variables again', () => {
  const { inside } = only({
    service: local('{{A}}') + '  global:\n  - name: B\n',
    mesh: flat({ A: '{{B}}', B: '{{A}}' }),
  });
  assert.equal(inside.environment['X'], '{{B}}');
  assert.equal(inside.environment['B'], '{{A}}');
});

test('45: a value of the Meshfile with {{…}} is kept as text, with a warning', () => {
  const { warnings } = sampleMesh({ service: global('B'), mesh: flat({ B: '{{namespace}}' }) });
  assert.deepEqual(
    warnings.map(({ message, at }) => [message, at?.line]),
    [['the value of B holds {{…}}, which stays text', 13]],
  );
});

test('53: quotes, newlines, braces and dollars of the Meshfile arrive as that text in the session', () => {
  const value = `"'\n\t{{x}} {% y %} \${Z} $A $$ $ \\ # : - @@1 é 😀 <&>`;
  const escaped = value.replace(/\$(?=[A-Z{])/g, '\\$');
  const { session, inside } = only({ service: global('V'), mesh: flat({ V: escaped }) });
  assert.equal(inside.environment['V'], value);
  assert.equal(JSON.parse(utf8Text(sessionBytes(session))).services[0].environment.V, value);
});

test('72: a value that holds a placeholder is refused, wherever it would go', () => {
  const attack = '$$SCONE::password$$';
  const rule = /holds a placeholder$/;
  assert.match(problems({ service: password + global('V'), mesh: flat({ V: attack }) })[0] ?? '', rule);
  assert.match(problems({ service: password + local('{{V}}'), mesh: flat({ V: attack }) })[0] ?? '', rule);
  assert.match(problems({ service: password + local('{{V}}'), mesh: flat({ V: 'x$$SCONE::' }) })[0] ?? '', rule);
  assert.match(problems({ service: password, command: 'python3 {{V}}', mesh: flat({ V: attack }) })[0] ?? '', rule);
  const file = 'injection_files:\n- path: /f\n  content: "{{V}}"\n';
  assert.match(problems({ service: password + file, mesh: flat({ V: attack }) })[0] ?? '', rule);
  assert.match(problems({ service: password, env: { V: attack } })[0] ?? '', rule);
});

test('a value that looks like a placeholder is refused by name, since the program would be given its text', () => {
  for (const value of ['$$scone::password$$', '\\$SCONE::password$']) {
    const [said = ''] = problems({ service: password + global('V'), mesh: flat({ V: value }) });
    assert.match(said, /E_NOT_YET a text with SCONE:: that is no placeholder \(one\) is known, and not supported yet$/);
  }
});

test('waiting for another service is refused by name, whoever asks for it', () => {
  const name = 'INIT_CONTAINER1_ENABLE';
  const what = `E_NOT_YET waiting for another service (${name}) is known, and not supported yet`;
  assert.deepEqual(problems({ service: global(name, 'true') }), [`12:5 ${what}`]);
  assert.deepEqual(problems({ service: global(name), mesh: flat({ [name]: 'true' }) }), [`13:3 ${what}`]);
  // Without a service that declares it: the original hands it to its chart.
  assert.deepEqual(problems({ mesh: flat({ [name]: '1' }) }), [`13:3 ${what}`]);
  const block = `env:\n- service: one\n  env: [{name: ${name}, value: yes}]\n`;
  assert.deepEqual(problems({ mesh: block }), [`13:40 ${what}`]);
  assert.deepEqual(problems({ service: global(name, 'false'), mesh: flat({ [name]: 'False' }) }), []);

  // An image that was built before, or by somebody else.
  for (const section of ['local', 'global'] as const) {
    const input = sampleInput();
    const [image] = input.images.values();
    assert.ok(image !== undefined);
    image.descriptor.environment[section].push({ name, value: '{{WAIT | default(value="true")}}' });
    assert.throws(() => deriveMesh(input), {
      code: 'E_NOT_YET',
      message: what.slice(10),
      at: input.meshfile.services[0]?.at,
    });
  }
});

test('72: two texts that only together are a placeholder are refused', () => {
  const joined = (value: string, values: { [name: string]: string }) =>
    problems({ service: password + local(value), mesh: flat(values) });
  const rule = /becomes a placeholder that the service manifest does not have$/;
  assert.match(joined('$${{A}}', { A: 'SCONE::password$$' })[0] ?? '', rule);
  // Here the manifest alone is refused already.
  assert.match(joined('{{A}}SCONE::password$$', { A: '$$' })[0] ?? '', /no placeholder as it is written/);
  assert.match(joined('{{A}}CONE::password$$', { A: '$$S' })[0] ?? '', rule);
  assert.match(joined('{{A}}{{B}}', { A: '$$SCO', B: 'NE::password$$' })[0] ?? '', rule);
});

test('72: inside a placeholder a variable can only be a name', () => {
  const within = (value: string) =>
    problems({ service: password + local('$$SCONE::{{N}}$$'), mesh: flat({ N: value }) });
  assert.deepEqual(within('password'), []);
  for (const bad of ['password$$', 'a b', '', 'a:hex', 'a|escape(json)', '../x', 'a$$ $$SCONE::password']) {
    assert.match(within(bad)[0] ?? '', /may only be a name there$/, bad);
  }
});

test('72: @@1 in a value stays text, and does not become an argument of the host', () => {
  assert.equal(only({ service: global('V'), mesh: flat({ V: '@@1' }) }).inside.environment['V'], '@@1');
  assert.match(
    problems({ command: 'python3 {{V}}', mesh: flat({ V: '@@1' }) })[0] ?? '',
    /argument 1 of the command of one becomes @@1/,
  );
  assert.match(problems({ command: 'python3 @@{{V}}', mesh: flat({ V: '1' }) })[0] ?? '', /becomes @@1/);
  assert.deepEqual(only({ command: 'python3 @@1' }).inside.command, ['python3', '@@1']);
});

test('72: no value whatever adds a placeholder to a session or changes one', () => {
  const piece = fc.constantFrom(
    '$$SCONE::',
    'SCONE::',
    '$$',
    '$',
    'password',
    '{{A}}',
    '{{B}}',
    '@@1',
    ':hex',
    '{% raw %}',
    '{% endraw %}',
    ' ',
    'x',
  );
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const template = 'a{{A}}b$$SCONE::password$$c{{B}}';
  const wanted = parsePlaceholders(template).filter((part) => 'secret' in part);
  fc.assert(
    fc.property(text, text, (a, b) => {
      const escape = (value: string) => value.replace(/\$(?=[A-Za-z_{])/g, '\\$');
      try {
        const { inside } = only({ service: password + local(template), mesh: flat({ A: escape(a), B: escape(b) }) });
        const value = inside.environment['X'] ?? '';
        assert.equal(value, `a${a}b$$SCONE::password$$c${b}`);
        assert.deepEqual(
          parsePlaceholders(value).filter((part) => 'secret' in part),
          wanted,
        );
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
        // A value that only looks like a placeholder is not sent either.
        const looks = /SCONE::/.test(a + b) && error.code === 'E_NOT_YET';
        assert.ok(error.code === 'E_VARIABLE' || looks, error.code);
      }
    }),
  );
});

test('an unknown secret in a placeholder is refused with the service and the reason', () => {
  const { service } = { service: `${password}${local('$$SCONE::{{N}}$$')}` };
  assert.throws(
    () => sampleMesh({ service, mesh: flat({ N: 'passwrod' }) }),
    (error: SconeError) => {
      assert.equal(error.code, 'E_SESSION');
      assert.deepEqual(error.at, { file: 'mesh.yml', line: 9, column: 3 });
      assert.deepEqual(error.causes, [
        'services[0].environment.X is refused: a placeholder refers to the secret passwrod, which the session lacks',
      ]);
      return true;
    },
  );
});

test('a variable in the command stays one argument, whatever blanks it holds', () => {
  const { inside } = only({ command: 'python3 {{A}} --x={{B | default(value="1 2")}}', mesh: flat({ A: 'a b' }) });
  assert.deepEqual(inside.command, ['python3', 'a b', '--x=1 2']);
  assert.match(problems({ command: '{{A}} x', mesh: flat({ A: 'python3' }) })[0] ?? '', /is not a fixed name$/);
});

test('52: a hostile text of a manifest is rendered in time that grows with its length', () => {
  for (const text of [
    '{{'.repeat(50_000),
    '{% raw %}'.repeat(20_000),
    '{{ a '.repeat(30_000),
    `{% raw %}${'{{'.repeat(30_000)}`,
  ]) {
    const start = process.cpuUsage();
    assert.equal(only({ service: local(text) }).inside.environment['X'], text);
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
  }
});

test('the config id ends with the name of the program as written', () => {
  assert.equal(only({ command: '/usr/bin/python3 x' }).inside.name, 'python3');
  assert.equal(only({ command: './run.sh' }).inside.name, 'run.sh');
  assert.match(problems({ command: '"my program"' })[0] ?? '', /E_INITDATA no session can be made for one$/);
});

test('injected files come with their content, rendered, and are named by the service', () => {
  const file =
    'injection_files:\n- path: /etc/app/key\n  content: |\n    {{service_name}} $$SCONE::password$$\n- path: /empty\n  content: ~\n';
  const { session, inside } = only({ service: password + file });
  assert.equal(inside.image_name, 'app');
  assert.deepEqual(session.images, [
    {
      name: 'app',
      injection_files: [{ path: '/etc/app/key', content: 'one $$SCONE::password$$\n' }, { path: '/empty' }],
    },
  ]);
});

test('an explicit value travels beside the session, which has its HMAC under the salt', () => {
  const service = 'secrets:\n  global:\n  - {name: token, kind: ascii, value: hunter2, export_public: true}\n';
  const { session, explicitValues } = only({ service });
  assert.deepEqual({ ...explicitValues }, { token: 'hunter2' });
  const [secret] = session.secrets;
  assert.match(secret?.value_hmac ?? '', /^[0-9a-f]{64}$/);
  assert.equal(secret?.export_public, true);
  assert.equal(session.salt, '000102030405060708090a0b0c0d0e0f');
  assert.equal(utf8Text(sessionBytes(session)).includes('hunter2'), false);
  const input = sampleInput({ service });
  assert.throws(() => deriveMesh({ ...input, explicit: new Map() }), {
    code: 'E_VARIABLE',
    message: 'the value of the secret token is not known on this machine',
  });
});

test('a session without explicit values has no salt', () => {
  assert.equal(only({ service: password }).session.salt, undefined);
});

test('47: a simulated image is refused for a production CAS, and the reverse', () => {
  assert.deepEqual(problems({ key: productionKey }), ['9:3 E_MODE the image of one and the CAS are not of one mode']);
  assert.deepEqual(problems({ flavour: 'sgx' }), ['9:3 E_MODE the image of one and the CAS are not of one mode']);
  assert.deepEqual(problems({ flavour: 'sgx', key: productionKey }), [
    '9:3 E_NOT_YET a mesh for sgx is known, and not supported yet',
  ]);
});

test('a cas_key that the attested CAS does not have is refused', () => {
  assert.deepEqual(problems({ cas: `  cas_key: ${productionKey}\n` }), [
    '6:12 E_CAS_IDENTITY the attested CAS has another key than cas_key says',
  ]);
  assert.deepEqual(problems({ cas: `  cas_key: ${simKey}\n` }), []);
});

test('tolerances of the policy become those of the session', () => {
  const { session } = only({ policy: '  tolerate: outdated-tcb, hyperthreading\n  ignore_advisories: "*"\n' });
  assert.deepEqual(session.security, {
    attestation: { tolerate: ['outdated-tcb', 'hyperthreading'], ignore_advisories: '*' },
  });
  assert.equal(only({}).session.security, undefined);
});

test('what a Meshfile asks for and is not supported is refused by name, all of it', () => {
  assert.deepEqual(
    problems({
      policy: '  maa: https://example.org\n',
      mesh: 'helm_extra_values: {a: 1}\n',
      cas: '  mode: NoUpload\n',
    }),
    [
      '6:3 E_NOT_YET cas mode NoUpload is known, and not supported yet',
      '9:3 E_NOT_YET policy.maa is known, and not supported yet',
      '13:1 E_NOT_YET helm_extra_values is known, and not supported yet',
    ],
  );
});

test('a pull secret that can be made legal is, another is refused', () => {
  const pull = (value: string) => only({ mesh: flat({ imagePullSecrets: value }) }).chart.imagePullSecrets;
  assert.deepEqual(pull('sconeapps'), ['sconeapps']);
  assert.deepEqual(pull('Scone_Apps.'), ['scone-apps']);
  assert.deepEqual(pull(''), []);
  assert.match(problems({ mesh: flat({ imagePullSecrets: '___' }) })[0] ?? '', /no name that Kubernetes accepts$/);
});
