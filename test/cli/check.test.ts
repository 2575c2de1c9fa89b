import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run as check } from '../../src/cli/check.ts';
import { renderError } from '../../src/cli/report/render.ts';
import { run as vars } from '../../src/cli/vars.ts';
import { SconeError } from '../../src/core/errors.ts';
import { checked, contextFor, header, mesh, service } from '../support/checked.ts';

/** What somebody wrote in several files, and all that they are told. */
const mistakes: { what: string; files: { [name: string]: string }; told: string }[] = [
  {
    what: 'an import that nobody exports',
    files: {
      'a.yml': service('a', 'secrets: {import: [pasword]}\n'),
      'b.yml': service('b', 'secrets: {global: [{name: password, kind: ascii}]}\n'),
      'mesh.yml': mesh('- image: a\n- image: b\n'),
    },
    told: `warning E_NOT_YET: importing the secret pasword is known, and not supported yet
  at a.yml:4:20
 4 | secrets: {import: [pasword]}
   |                    ^
  Hint: remove it, or wait for a version of sconectl that supports it

error E_MANIFEST: a imports the secret pasword, which no service of the mesh defines
  at a.yml:4:20
 4 | secrets: {import: [pasword]}
   |                    ^
  Hint: did you mean "password"?; secrets are defined in secrets.global of a service manifest

3 files, 1 error, 1 warning
`,
  },
  {
    what: 'a secret that two services define',
    files: {
      'a.yml': service('a', 'secrets: {global: [{name: s, kind: ascii}]}\n'),
      'b.yml': service('b', 'secrets: {global: [{name: s, kind: ascii}]}\n'),
      'mesh.yml': mesh('- image: a\n- image: b\n'),
    },
    told: `error E_MANIFEST: the secret s is defined by a and by b
  at b.yml:4:27
 4 | secrets: {global: [{name: s, kind: ascii}]}
   |                           ^
  Hint: secrets need names that differ over the whole mesh: rename one, or import it in b

3 files, 1 error, 0 warnings
`,
  },
  {
    what: 'a secret of an image that stands in the mesh twice',
    files: {
      'a.yml': service('a', 'secrets: {global: [{name: s, kind: ascii}]}\n'),
      'b.yml': service('b', 'secrets: {import: [s]}\n'),
      'mesh.yml': mesh('- {name: one, image: a}\n- {name: two, image: a}\n- image: b\n'),
    },
    told: `warning E_NOT_YET: importing the secret s is known, and not supported yet
  at b.yml:4:20
 4 | secrets: {import: [s]}
   |                    ^
  Hint: remove it, or wait for a version of sconectl that supports it

error E_MANIFEST: b imports the secret s, which one and two each have
  at b.yml:4:20
 4 | secrets: {import: [s]}
   |                    ^
  Hint: both are of one image; leave one of them out, or give each an image of its own

3 files, 1 error, 1 warning
`,
  },
  {
    what: 'a policy of restarts',
    files: {
      'a.yml': service('a', 'secrets: {global: [{name: s, kind: ascii}]}\n'),
      'mesh.yml': mesh(
        '- {name: one, image: a}\n- {name: two, image: a}\n',
        'env: [{service: one, env: [{name: restartPolicy, value: OnFailure}]}]\n',
      ),
    },
    told: `warning E_NOT_YET: restartPolicy OnFailure is known, and not supported yet
  at mesh.yml:8:57
 8 | env: [{service: one, env: [{name: restartPolicy, value: OnFailure}]}]
   |                                                         ^
  expected: Always
  found:    OnFailure
  Hint: remove it: services are deployments, which Kubernetes always restarts

2 files, 0 errors, 1 warning
`,
  },
  {
    what: 'a global that nobody sets',
    files: {
      'a.yml': service('a', 'environment: {global: [{name: API_USER}]}\n'),
      'mesh.yml': mesh('- image: a\n', 'env: [{name: API_USR, value: x}]\n'),
    },
    told: `error E_VARIABLE: a needs a value for its global variable API_USER
  at mesh.yml:6:3
 6 | - image: a
   |   ^
  Hint: add "- name: API_USER" with a value to env of the Meshfile (it sets something alike: did you mean "API_USR"?), or give it a default in environment.global of the service manifest

2 files, 1 error, 0 warnings
`,
  },
  {
    what: 'an image whose descriptor is missing',
    files: { 'mesh.yml': mesh('- image: redis:7\n') },
    told: `error E_IMAGE: the image of redis is not in the local store
  at mesh.yml:6:3
 6 | - image: redis:7
   |   ^
  found:    redis:7
  Hint: build it first: sconectl apply -f <service manifest>, whose build.to is this name

1 file, 1 error, 0 warnings
`,
  },
  {
    what: 'a value that looks like a secret',
    files: {
      'a.yml': service(
        'a',
        'environment: {global: [{name: DB_PASSWORD}, {name: X}, {name: CERT}]}\nsecrets: {global: [{name: my_secret, kind: ascii}]}\n',
      ),
      'mesh.yml': mesh(
        '- image: a\n',
        'env:\n- {name: DB_PASSWORD, value: hunter2}\n- {name: X, value: q8Zk1Vw0pLr7TxYb3NcM5sDf}\n- {name: CERT, value: my_secret}\n',
      ),
    },
    told: `warning E_MANIFEST: the value of DB_PASSWORD looks like a secret: its name says so
  at mesh.yml:8:30
 8 | - {name: DB_PASSWORD, value: hunter2}
   |                              ^
  Hint: define it in secrets.global of the service manifest, and refer to it as $$SCONE::name$$

warning E_MANIFEST: the value of X looks like a secret: it is as random as a key
  at mesh.yml:9:20
 9 | - {name: X, value: q8Zk1Vw0pLr7TxYb3NcM5sDf}
   |                    ^
  Hint: define it in secrets.global of the service manifest, and refer to it as $$SCONE::name$$

2 files, 0 errors, 2 warnings
`,
  },
  {
    what: 'an issuer that leads back, and one that is missing',
    files: {
      'a.yml': service(
        'a',
        'secrets:\n  global:\n  - {name: k, kind: private-key, value: "-----BEGIN PRIVATE KEY-----"}\n  - {name: a, kind: x509-ca, private_key: k, issuer: b}\n  - {name: b, kind: x509-ca, private_key: k, issuer: a}\n  - {name: c, kind: x509, private_key: k, issuer: d}\n',
      ),
    },
    told: `error E_MANIFEST: secrets.global[1].issuer leads back to the certificate itself
  at a.yml:7:54
 7 |   - {name: a, kind: x509-ca, private_key: k, issuer: b}
   |                                                      ^
  Hint: let the topmost certificate have no issuer: it signs itself

error E_MANIFEST: secrets.global[2].issuer leads back to the certificate itself
  at a.yml:8:54
 8 |   - {name: b, kind: x509-ca, private_key: k, issuer: a}
   |                                                      ^
  Hint: let the topmost certificate have no issuer: it signs itself

error E_MANIFEST: secrets.global[3].issuer names the secret d, which this manifest neither defines nor imports
  at a.yml:9:51
 9 |   - {name: c, kind: x509, private_key: k, issuer: d}
   |                                                   ^
  Hint: define {name: d, kind: x509-ca}, or import it

1 file, 3 errors, 0 warnings
`,
  },
  {
    what: 'a session name that is too long',
    files: {
      'mesh.yml': `${header}kind: mesh\ncas: [{name: cas, cas_url: h}]\npolicy: {namespace: ${Array(4).fill('n'.repeat(128)).join('/')}}\nservices: [{name: a, image: a}]\n`,
    },
    told: `error E_MANIFEST: services[0].name makes the session name 517 characters long
  at mesh.yml:5:19
 5 | services: [{name: a, image: a}]
   |                   ^
  expected: at most 512, with the namespace
  Hint: shorten the namespace or the name

1 file, 1 error, 0 warnings
`,
  },
  {
    what: 'an import that its session does not export',
    files: {
      'a.yml': 'version: "0.3"\nname: x/a\nsecrets: [{name: s, kind: ascii}]\n',
      'b.yml': 'version: "0.3"\nname: x/b\nsecrets:\n- {name: s, import: {session: ../a}}\n',
    },
    told: `warning E_NOT_YET: import of a secret is known, and not supported yet
  at b.yml:4:21
 4 | - {name: s, import: {session: ../a}}
   |                     ^
  Hint: remove it, or wait for a version of sconectl that supports it

error E_SESSION: the secret s is imported from x/a, which does not export it to this session
  at b.yml:4:21
 4 | - {name: s, import: {session: ../a}}
   |                     ^
  Hint: define it there with export: [{session: x/b}]

2 files, 1 error, 1 warning
`,
  },
];

for (const { what, files, told } of mistakes) {
  test(`a mistake between files is told with its place and its remedy: ${what}`, async (t) => {
    const { out, exitCode } = await checked(t, { files });
    assert.equal(out, told);
    assert.equal(exitCode, / 0 errors/.test(told) ? 0 : 1);
  });
}

test('files of one mesh that fit are clean, and folders leave other files alone', async (t) => {
  const files = {
    'app/service.yml': service('a', 'environment: {local: [{name: X, value: $VALUE}]}\n'),
    'app/mesh.yaml': mesh('- image: a:latest\n'),
    'docker-compose.yml': 'services: {x: {image: y}}\n',
    'package.json': '{"name": "x", "version": "1.0.0"}',
    'broken.yml': 'a: [\n',
    'target/sessions/x.yaml': 'not: ours\n',
    'session.json': '{"version": "0.3", "name": "a", "secrets": []}',
  };
  const { out, exitCode } = await checked(t, { files, environment: { VALUE: 'x' } });
  assert.equal(out, '3 files, 0 errors, 0 warnings\n');
  assert.equal(exitCode, 0);
  const named = await checked(t, { files, options: { filename: ['docker-compose.yml', 'broken.yml'] } });
  assert.equal(named.exitCode, 1);
  assert.match(named.out, /2 files, 2 errors/);
});

test('an image that is missing is told once, and not again by those who import its secrets', async (t) => {
  const files = {
    'a.yml': service(
      'a',
      'secrets:\n  import:\n  - CA\n  - word\ninjection_files:\n- {path: /c, content: $$SCONE::CA.chain$$}\n- {path: /w, content: $$SCONE::word$$}\n',
    ),
    'mesh.yml': mesh('- image: a\n- image: mariadb\n'),
  };
  const { out } = await checked(t, { files });
  assert.deepEqual(out.match(/^error .*$/gm), ['error E_IMAGE: the image of mariadb is not in the local store']);
  assert.match(out, /^ 6 \| {3}- CA$/m);
});

test('--strict lets warnings be errors', async (t) => {
  const call = { files: { 'a.yml': service('a', 'requirements: r.txt\n') } };
  assert.equal((await checked(t, call)).exitCode, 0);
  assert.equal((await checked(t, { ...call, options: { strict: true } })).exitCode, 1);
});

test('a call that cannot be right is a usage error', async (t) => {
  for (const filename of [['nowhere.yml'], ['empty']]) {
    const { context } = contextFor(t, { files: { 'empty/readme.txt': '' } });
    await assert.rejects(check(context, { arguments: [], options: { filename } }), { code: 'E_USAGE', exitCode: 2 });
  }
});

test('52: a file that is no text does not hide what is wrong with the others', async (t) => {
  const { context, written } = contextFor(t, { files: { 'mesh.yml': mesh('- image: r\n') } });
  writeFileSync(join(context.folder, 'utf16.yml'), Buffer.from('kind: mesh\n', 'utf16le').fill(0xff, 0, 1));
  await check(context, { arguments: [], options: { filename: ['mesh.yml', 'utf16.yml'] } });
  assert.match(written.join(''), /the image of r [^]*the file is not UTF-8[^]*2 files, 2 errors/);
});

test('JSON holds the findings with their places', async (t) => {
  const { out } = await checked(t, { files: { 'mesh.yml': mesh('- image: redis\n') }, output: 'json' });
  assert.deepEqual(JSON.parse(out), {
    ok: false,
    result: {
      files: [{ file: 'mesh.yml', kind: 'mesh' }],
      errors: 1,
      warnings: 0,
      findings: [
        {
          level: 'error',
          code: 'E_IMAGE',
          message: 'the image of redis is not in the local store',
          found: 'redis',
          at: { file: 'mesh.yml', line: 6, column: 3 },
          causes: [],
          hint: 'build it first: sconectl apply -f <service manifest>, whose build.to is this name',
        },
      ],
    },
  });
});

test('56: no finding shows an explicit value', async (t) => {
  const files = {
    'a.yml': service(
      'a',
      'secrets: {global: [{name: s, kind: binary, value: hunter2}, {name: k, kind: private-key, value: hunter2}]}\n',
    ),
    'mesh.yml': mesh('- image: a\n', 'env: [{name: TOKEN, value: hunter2}]\n'),
  };
  for (const output of ['json', 'sarif']) {
    assert.doesNotMatch((await checked(t, { files, output })).out, /hunter2/);
  }
});

test('56: what is wrong with a file of values is told without its lines, which may hold secrets', async (t) => {
  for (const [file, text, line] of [
    ['v.txt', 'A: 1\nPW: hunter2: x\n', 2],
    ['v.txt', 'PW hunter2: x\n', 1],
    ['v.txt', 'PW: [hunter2]\n', 1],
    ['v.txt', '- hunter2\n', 1],
    ['v.txt', 'PW: *hunter2\n', 1],
    ['.env', 'A=1\nPW="hunter2\n', 2],
  ] as const) {
    const nothing = (): void => undefined;
    const streams = { out: nothing, err: nothing, colours: false, readText: () => text };
    const options = { filename: ['a.yml'], values: file === '.env' ? [] : [file] };
    await assert.rejects(
      checked(t, { files: { 'a.yml': service('a'), [file]: text }, options }),
      (error: SconeError) => {
        const said = [error, ...error.errors].map((one) => renderError(streams, one, 'error')).join('');
        assert.doesNotMatch(said, /hunter2/, text);
        assert.match(said, new RegExp(`at ${file}:${line}\\n`));
        return true;
      },
    );
  }
});

test('variables come from --set, --values, the environment and .env, in this order', async (t) => {
  const files = {
    'a.yml': service('a', 'environment: {local: [{name: X, value: "$A $B $C $D ${MISSING}"}]}\n'),
    'values.yaml': 'A: 1\nB: 2\n',
    '.env': '# comment\nexport A=4\nB=\'4\'\nC="4"\nD=four # comment\n',
  };
  const { context } = contextFor(t, { files, environment: { A: '3', B: '3', C: '3' } });
  const { result } = await vars(context, {
    arguments: [],
    options: { filename: ['a.yml'], set: ['A=0'], values: ['values.yaml'] },
  });
  const { variables } = result as { variables: { name: string; value?: string; origin: string }[] };
  assert.deepEqual(
    variables.map(({ name, value, origin }) => [name, value, origin]),
    [
      ['A', '0', '--set'],
      ['B', '2', 'values.yaml'],
      ['C', '3', 'environment'],
      ['D', 'four', '.env'],
      ['MISSING', undefined, 'nobody: --set, --values, environment or .env'],
    ],
  );
});

test('a .env that nobody can read is refused at its line', async (t) => {
  const { context } = contextFor(t, { files: { '.env': 'A=1\nnot a variable\n' } });
  await assert.rejects(
    vars(context, { arguments: [], options: { filename: ['.'] } }),
    (error: unknown) => error instanceof SconeError && error.code === 'E_USAGE' && error.at?.line === 2,
  );
});

test('vars lists each variable with the time it is bound, its value and where that is from', async (t) => {
  const files = {
    'a.yml': service(
      'a',
      'environment:\n  local: [{name: X, value: "{{host}} {{port | default(value=\\"1\\")}} $$SCONE::s$$ {{namespace}}"}]\n  global: [{name: G}]\nsecrets: {global: [{name: s, kind: ascii}]}\n',
    ),
    'mesh.yml': mesh('- image: a\n', 'env: [{name: host, value: h}]\n'),
  };
  const { context } = contextFor(t, { files });
  const { text } = await vars(context, { arguments: [], options: { filename: ['.'] } });
  assert.equal(
    text,
    `BINDING  NAME       VALUE  ORIGIN                                   USED AT
mesh     host       "h"    mesh.yml:7                               a.yml:5:29
mesh     port       "1"    default                                  a.yml:5:28
run      s          -      ascii, made by the CAS                   a.yml:5:70
mesh     namespace  "ns"   the mesh, for a                          a.yml:5:83
mesh     G          -      nobody: env of a Meshfile, or a default  a.yml:6:19`,
  );
});
