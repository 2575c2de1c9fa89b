import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { base64, hex, utf8 } from '../../src/core/bytes.ts';
import { keyHash, sha256 } from '../../src/core/digest.ts';
import { need } from '../support/require.ts';
import { variables } from './bundle.ts';
import { runcByHand } from './engines.ts';
import { isAccepted, prepare, readRefusal } from './setup.ts';

test('61: the runtime obeys only init data that its platform carries, from one source', async (t) => {
  const [runc, root] = [need(t, 'runc'), need(t, 'root')];
  if (runc === undefined || root === undefined) return;
  const ground = await prepare(t, runc.path);
  const engine = runcByHand();

  await t.test('without init data it says in two lines what is missing and what to do', async () => {
    const image = await ground.image();
    for (const env of [{}, { SCONE_SIM_PLATFORM: image.configId }, { SCONE_INITDATA: '' }]) {
      const ended = await ground.start(image, { engine, env });
      assert.equal(ended.code, 101);
      const lines = ended.stderr.trimEnd().split('\n');
      assert.equal(lines.length, 2, ended.stderr);
      assert.match(
        lines[0] ?? '',
        /no init data: there is neither \/run\/scone-init\/initdata\.toml nor .* SCONE_INITDATA/,
      );
      assert.match(
        lines[1] ?? '',
        /^Hint: .*`sconectl run`.*SCONE_INITDATA=.*SCONE_SIM_PLATFORM=.*tmpfs on \/run\/scone$/,
      );
    }
  });

  await t.test('without a simulated platform as well', async () => {
    const { SCONE_INITDATA = '' } = variables(await ground.image());
    const ended = await ground.start(await ground.image(), { engine, env: { SCONE_INITDATA } });
    assert.equal(ended.code, 101);
    assert.equal(ended.stderr.trimEnd().split('\n').length, 2, ended.stderr);
    assert.match(ended.stderr, /SCONE_SIM_PLATFORM/);
  });

  await t.test('init data of another service', async () => {
    const [image, other] = [await ground.image(), await ground.image({ program: 'print(2)\n' })];
    const env = { ...variables(other), SCONE_SIM_PLATFORM: image.configId };
    const refusal = readRefusal(await ground.start(other, { engine, env }));
    assert.equal(refusal.code, 'E_INITDATA');
    assert.deepEqual(refusal.causes, [`init data hash: expected ${image.configId}, found ${other.configId}`]);
    assert.match(refusal.hint, /of one mesh/);
  });

  await t.test('one changed byte of it', async () => {
    const image = await ground.image();
    const changed = new TextDecoder().decode(image.initData).replace('127.0.0.1', '127.0.0.2');
    const env = { ...variables(image), SCONE_INITDATA: base64(utf8(changed)) };
    const refusal = readRefusal(await ground.start(image, { engine, env }));
    assert.deepEqual([refusal.code, refusal.message], ['E_INITDATA', 'the platform does not carry this init data']);
  });

  await t.test('both sources at once, even with the same bytes', async () => {
    const image = await ground.image();
    const init = `${ground.host}/init`;
    const ended = await ground.start(image, {
      engine,
      before: `mkdir -p ${init} && echo ${base64(image.initData)} | base64 -d > ${init}/initdata.toml`,
      mounts: [{ destination: '/run/scone-init', type: 'bind', source: init, options: ['rbind', 'ro'] }],
    });
    const refusal = readRefusal(ended);
    assert.equal(refusal.code, 'E_INITDATA');
    assert.deepEqual(refusal.causes, [
      'sources of init data: expected one, found /run/scone-init/initdata.toml and the variable SCONE_INITDATA',
    ]);
  });

  await t.test('init data that the platform carries and that has another form', async () => {
    const image = await ground.image();
    const text = utf8(new TextDecoder().decode(image.initData).replace('"v":1,', '"v":1, '));
    const env = { SCONE_INITDATA: base64(text), SCONE_SIM_PLATFORM: hex(sha256(text)) + '00'.repeat(32) };
    const refusal = readRefusal(await ground.start(image, { engine, env }));
    assert.deepEqual([refusal.code, refusal.message], ['E_INITDATA', 'init data is not in its one byte form']);
  });

  await t.test('47: the key of a production CAS', async () => {
    const image = await ground.image({ casKeys: [keyHash(sha256(utf8('key')), 'production')] });
    assert.equal(readRefusal(await ground.start(image, { engine })).code, 'E_MODE');
  });

  await t.test(
    'it prints that it is not confidential, its version when asked, and where it looks for the CAS',
    async () => {
      const image = await ground.image();
      const env = { ...variables(image), SCONE_VERSION: '1', SCONE_LOG: 'info', SCONE_CAS_ADDR: '127.0.0.1:2' };
      const ended = await ground.start(image, { engine, env });
      assert.ok(isAccepted(ended));
      assert.match(ended.stderr, /NOT CONFIDENTIAL \(simulation\)/);
      assert.match(ended.stderr, /runtime [0-9.]+ \(sim\), go1\./);
      assert.match(ended.stderr, /ground verified: [0-9]+ entries, [0-9.]+ MB in [0-9]+ ms/);
      assert.match(ended.stderr, /nothing answers at 127\.0\.0\.1:2/);
    },
  );

  await t.test('a cas_url or SCONE_CAS_ADDR that is no address', async () => {
    const image = await ground.image();
    const env = { ...variables(image), SCONE_CAS_ADDR: 'https://proxy:3128' };
    const refusal = readRefusal(await ground.start(image, { engine, env }));
    assert.deepEqual(refusal.causes, [
      'the variable SCONE_CAS_ADDR: expected host or host:port, found https://proxy:3128',
    ]);
  });
});

test('63: the production runtime knows no simulation and finds no TEE here', async (t) => {
  const [runc, root, go] = [need(t, 'runc'), need(t, 'root'), need(t, 'go')];
  if (runc === undefined || root === undefined || go === undefined) return;
  const ground = await prepare(t, runc.path, 'production');
  const image = await ground.image();

  const refusal = readRefusal(await ground.start(image, { engine: runcByHand() }));
  assert.deepEqual([refusal.code, refusal.message], ['E_TEE', 'no TEE found']);

  const module = new URL('../../runtime', import.meta.url).pathname;
  const list = async (...tags: string[]) =>
    (await promisify(execFile)(go, ['list', '-deps', ...tags, '.'], { cwd: module })).stdout.split('\n');
  const simulation = 'sconectl/runtime/internal/sim';
  assert.ok(!(await list()).includes(simulation));
  assert.ok((await list('-tags', 'sim')).includes(simulation));

  const binary = Buffer.from(ground.runtime);
  for (const word of [
    'SCONE_SIM_PLATFORM',
    'NOT CONFIDENTIAL',
    'BEGIN CERTIFICATE-----\nMI',
    'sconectl sim enclave v1',
  ]) {
    assert.equal(binary.includes(word), false, word);
  }
});
