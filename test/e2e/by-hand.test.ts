import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { result } from '../cli/sconectl.ts';
import { readRefusal } from '../ground/setup.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { type Bundle, handVariables, reportOf, umociBundle, unpackedBundle } from './by-hand.ts';
import { reporterMesh } from './mesh.ts';

const image = 'test/reporter:v1';

test('runc runs the unpacked image by hand, and says in two lines what is missing without init data', async (t) => {
  const [runc, umoci] = [need(t, 'runc')?.path, need(t, 'umoci')?.path];
  if (runc === undefined || umoci === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const [initData = '', platform = ''] = handVariables(mesh.place);
  const bundle = await unpackedBundle(t, mesh.place, image, runc);

  for (const [env, missing] of [
    [[], /^\[sconectl\|FATAL\] E_[A-Z]+: no init data: /],
    [[initData], /^\[sconectl\|FATAL\] E_[A-Z]+: .*SCONE_SIM_PLATFORM/],
    [[platform], /^\[sconectl\|FATAL\] E_[A-Z]+: no init data: /],
  ] as const) {
    bundle.edit(({ process }) => (process.env = [...env]));
    const { code, stdout, stderr } = await bundle.run();
    assert.deepEqual([code, stdout], [101, '']);
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 2, stderr);
    assert.match(lines[0] ?? '', missing);
    assert.match(
      lines[1] ?? '',
      /^Hint: start .*`sconectl run` or its .*SCONE_SIM_PLATFORM=\$\(cat target\/initdata\//,
    );
  }

  bundle.edit(({ process }) => (process.env = [initData, platform]));
  const byHand = await reportOf(mesh, bundle);
  assert.equal(byHand.environment['API_USER'], 'myself');

  // What umoci makes of the image differs in mounts and variables, and means the same.
  const other = umociBundle(t, mesh.place, image, { runc, umoci });
  other.edit(({ process }) => process.env.push(initData, platform));
  assert.deepEqual((await reportOf(mesh, other)).environment, byHand.environment);
  assert.deepEqual(await mesh.events(), ['session', 'release', 'release']);
});

test('49: arguments, folder and variables of the container reach neither the program nor the runtime', async (t) => {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const bundle = await unpackedBundle(t, mesh.place, image, runc);
  bundle.edit(({ process }) => (process.env = handVariables(mesh.place)));
  const plain = await reportOf(mesh, bundle);
  assert.deepEqual(plain.argv, ['python3', 'reporter.py', '--as', 'written']);
  assert.equal(plain.cwd, '/python');

  const host = {
    LD_PRELOAD: '/tmp/evil.so',
    LD_LIBRARY_PATH: '/tmp',
    LD_AUDIT: '/tmp/evil.so',
    PYTHONPATH: '/tmp/evil',
    PYTHONHOME: '/tmp/evil',
    PYTHONSTARTUP: '/tmp/evil.py',
    PYTHONINSPECT: '1',
    GODEBUG: 'inittrace=1,tlsmlkem=0,http2debug=2',
    GOTRACEBACK: 'crash',
    GOMAXPROCS: '1',
    SSL_CERT_FILE: '/tmp/ca.pem',
    SSL_CERT_DIR: '/tmp',
    // Nobody listens there: a runtime that heeded it would not come through.
    HTTPS_PROXY: 'http://127.0.0.1:1',
    https_proxy: 'http://127.0.0.1:1',
    ALL_PROXY: 'http://127.0.0.1:1',
    API_USER: 'the host',
    API_PASSWORD: 'of the host',
    HOME: '/root',
    PATH: '/tmp/evil',
    LANG: 'tr_TR',
  };
  bundle.edit(({ process }) => {
    process.env = [...Object.entries(host).map(([name, value]) => `${name}=${value}`), ...handVariables(mesh.place)];
    process.args = ['/opt/scone/runtime', '-c', 'import evil', '--help'];
    process.cwd = '/usr';
  });
  const { tell: _tell, pid_namespace: _one, ...steered } = await reportOf(mesh, bundle);
  const { tell: _other, pid_namespace: _two, ...expected } = plain;
  assert.deepEqual(steered, expected);
});

test('57: a file added to the Python image, or changed in it, is refused by name, whatever engine unpacked it', async (t) => {
  const [runc, umoci] = [need(t, 'runc')?.path, need(t, 'umoci')?.path];
  if (runc === undefined || umoci === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const bundle = umociBundle(t, mesh.place, image, { runc, umoci });
  bundle.edit(({ process }) => process.env.push(...handVariables(mesh.place)));
  const at = (path: string): string => join(bundle.rootfs, path);
  const module = '/usr/lib/python3/dist-packages/sitecustomize.py';
  mkdirSync(at('/usr/lib/python3/dist-packages'), { recursive: true });
  writeFileSync(at('/python/json.py'), 'import os\n');
  writeFileSync(at(module), 'import os\n');
  appendFileSync(at('/usr/lib/python3.11/json/__init__.py'), '#');
  const refusal = readRefusal(await bundle.run());
  assert.equal(refusal.code, 'E_IMAGE');
  assert.equal(refusal.causes.length, 3, refusal.causes.join('\n'));
  assert.match(refusal.causes[0] ?? '', /^\/python\/json\.py: it is not in the image: expected nothing, found file /);
  assert.match(
    refusal.causes[1] ?? '',
    /^\/usr\/lib\/python3\.11\/json\/__init__\.py: size: expected \d+ bytes, found \d+ bytes$/,
  );
  assert.match(refusal.causes[2] ?? '', new RegExp(`^${module.replaceAll('.', '\\.')}: it is not in the image`));
  assert.match(refusal.hint, /build the image again/);
  assert.deepEqual(await mesh.events(), ['session']);
  assert.equal(mesh.listener.waiting(), 0);
});

test('57, 61: the files of one version with the init data of another, init data that the platform does not carry, and two sources are refused', async (t) => {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const one = await unpackedBundle(t, mesh.place, image, runc);
  const dataOne = handVariables(mesh.place);
  cpSync(join(mesh.place.folder, 'target/initdata'), join(mesh.place.folder, 'before/initdata'), { recursive: true });
  appendFileSync(join(mesh.place.folder, 'reporter.py'), '# second version\n');
  const { rootfs } = await result<{ rootfs: string }>(mesh.place, 'apply', '-f', 'service.yml');
  await mesh.apply();
  const two = await unpackedBundle(t, mesh.place, image, runc);
  const dataTwo = handVariables(mesh.place);

  const refusedWith = async (bundle: Bundle, env: string[]) => {
    bundle.edit(({ process }) => (process.env = env));
    return readRefusal(await bundle.run());
  };
  const newer = await refusedWith(one, dataTwo);
  assert.equal(newer.code, 'E_IMAGE');
  assert.match(
    newer.causes[0] ?? '',
    new RegExp(`^SHA-256 of /opt/scone/rootfs\\.json: expected ${rootfs}, found [0-9a-f]{64}$`),
  );
  assert.match(newer.hint, /apply the mesh again/);
  const older = await refusedWith(two, dataOne);
  assert.match(
    older.causes[0] ?? '',
    new RegExp(`^SHA-256 of /opt/scone/rootfs\\.json: expected [0-9a-f]{64}, found ${rootfs}$`),
  );

  const [, platformOne = ''] = dataOne;
  const [initDataTwo = '', platformTwo = ''] = dataTwo;
  const carried = await refusedWith(two, [initDataTwo, platformOne]);
  assert.equal(carried.code, 'E_INITDATA');
  const hashOf = (variable: string): string => variable.slice(variable.indexOf('=') + 1);
  assert.deepEqual(carried.causes, [`init data hash: expected ${hashOf(platformOne)}, found ${hashOf(platformTwo)}`]);

  // The old version with its own init data is whole; but no session lists it any more.
  const replaced = await refusedWith(one, dataOne);
  assert.equal(replaced.code, 'E_ATTESTATION');

  const source = join(two.folder, 'init');
  mkdirSync(source);
  cpSync(join(mesh.place.folder, 'target/initdata/reporter.toml'), join(source, 'initdata.toml'));
  two.edit(({ mounts }) =>
    mounts.push({ destination: '/run/scone-init', type: 'bind', source, options: ['rbind', 'ro'] }),
  );
  const both = await refusedWith(two, dataTwo);
  assert.equal(both.code, 'E_INITDATA');
  assert.deepEqual(both.causes, [
    'sources of init data: expected one, found /run/scone-init/initdata.toml and the variable SCONE_INITDATA',
  ]);
  assert.deepEqual(await mesh.events(), ['session', 'session']);

  // The file alone is as good as the variable.
  two.edit(({ process }) => (process.env = [platformTwo]));
  await reportOf(mesh, two);
  rmSync(source, { recursive: true });
});
