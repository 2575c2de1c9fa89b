import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceReportData } from '../../src/api/binding.ts';
import { serviceClaims } from '../../src/api/claims.ts';
import { attestRequest } from '../../src/api/requests.ts';
import { base64, fromBase64, hex, utf8 } from '../../src/core/bytes.ts';
import { keyHash, sha256 } from '../../src/core/digest.ts';
import { carriesConfigId, carriesReportData } from '../../src/evidence/binding.ts';
import { verifyEvidence } from '../../src/evidence/verify.ts';
import { configIdField, initDataHash } from '../../src/initdata/document.ts';
import { simEnclave } from '../../src/measurement/sim.ts';
import { simulationRoots } from '../../src/sim/anchor.ts';
import { simCollateral } from '../../src/sim/collateral.ts';
import { need } from '../support/require.ts';
import { compileProbe } from './binaries.ts';
import { variables } from './bundle.ts';
import { kubelet, runcByHand } from './engines.ts';
import { httpAnswer, type Seen } from './fake-cas.ts';
import { readRuntime } from './image.ts';
import { casFor, programOf, released, secretPath } from './released.ts';
import { prepare, readRefusal } from './setup.ts';

const secret = 'a secret\nof two lines\n';

test('the whole start against an attestation port', async (t) => {
  const [runc, root, go] = [need(t, 'runc'), need(t, 'root'), need(t, 'go')];
  if (runc === undefined || root === undefined || go === undefined) return;
  const ground = await prepare(t, runc.path);
  const probe = await readRuntime(await compileProbe(ground.folder));
  const open = casFor(t, ground, probe);
  const engine = runcByHand();

  await t.test('26, 29: the request carries evidence that the CAS accepts, bound to the connection', async () => {
    const { cas, image } = await open(released());
    await ground.start(image, { engine, network: 'host' });
    assert.equal(cas.seen.length, 1);
    const [{ ekm, request }] = cas.seen as [Seen];
    const text = request.toString('utf8');
    assert.match(text, /^POST \/v1\/attest HTTP\/1\.1\r\n/);
    const body = attestRequest.parse(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))));
    const claims = fromBase64(body.claims);
    assert.equal(body.init_data, base64(image.initData));
    assert.equal(
      Buffer.from(claims).toString(),
      `{"v":1,"tee":"sim","config_id":"ground/test/python3","rootfs":"${hex(image.rootfsDigest)}","runtime":{"version":"0.1.0","can":["files","argv-host","env-host"]}}`,
    );
    serviceClaims.parse(JSON.parse(Buffer.from(claims).toString()));

    const now = new Date();
    const verified = verifyEvidence(
      { tee: body.evidence.tee, quote: fromBase64(body.evidence.quote) },
      { roots: simulationRoots, collateral: simCollateral(now), now },
    );
    const reportData = serviceReportData({
      ekm,
      serverSpkiSha256: cas.spkiSha256,
      initDataHash: initDataHash(image.initData),
      claims,
    });
    assert.ok(carriesReportData(verified.claims, reportData));
    assert.ok(carriesConfigId(verified.claims, configIdField(image.initData)));
    assert.deepEqual(
      hex((verified.claims as { mrenclave: Uint8Array }).mrenclave),
      hex(simEnclave(sha256(ground.runtime), image.rootfsDigest)),
    );
  });

  await t.test('49, 72: the program gets what the CAS says and nothing that the host says', async () => {
    const { image } = await open(released());
    const host = {
      LD_PRELOAD: '/run/scone-init/evil.so',
      PYTHONPATH: '/tmp',
      GODEBUG: 'tlsmlkem=0,inittrace=1',
      GOTRACEBACK: 'crash',
      SSL_CERT_FILE: '/tmp/ca.pem',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      API_USER: 'host',
      HOME: '/root',
    };
    const env = { ...variables(image), ...host };
    const ended = await ground.start(image, { engine, env, args: ['-c', 'evil'], cwd: '/tmp', network: 'host' });
    const found = programOf(ended);
    assert.deepEqual(found['args'], ['probe', secretPath, '@@1']);
    assert.deepEqual(found['env'], ['API_USER=$$SCONE::x$$', 'PATH=/usr/bin', 'LANG=C.UTF-8']);
    assert.equal(found['cwd'], '/python');
    assert.deepEqual(found['files'], {});
    assert.equal(ended.code, 7, "the program's exit code is the container's");
  });

  await t.test('73: the program starts hardened', async () => {
    const { image } = await open(released());
    const found = programOf(await ground.start(image, { engine, network: 'host' }));
    const { NoNewPrivs, Umask, Uid, SigBlk, SigIgn, core, descriptors } = found;
    const zeros = '0'.repeat(16);
    assert.deepEqual(
      { NoNewPrivs, Umask, Uid, SigBlk, SigIgn, core, descriptors },
      {
        NoNewPrivs: '1',
        Umask: '0022',
        Uid: '65532 65532 65532 65532',
        SigBlk: zeros,
        SigIgn: zeros,
        core: '1 1',
        descriptors: ['0', '1', '2'],
      },
    );
  });

  await t.test('73: a limit that a piped core dump ignores is refused', async () => {
    const { cas, image } = await open(released());
    const rlimits = [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }];
    const refusal = readRefusal(await ground.start(image, { engine, network: 'host', rlimits }));
    assert.equal(refusal.code, 'E_RUN');
    assert.equal(refusal.causes[0], 'core limit: expected 1 1, found 0 0');
    assert.equal(cas.seen.length, 0);
  });

  await t.test('27: the hybrid key exchange is offered whatever GODEBUG says', async () => {
    const { cas, image } = await open(released());
    await ground.start(image, { engine, network: 'host', env: { ...variables(image), GODEBUG: 'tlsmlkem=0' } });
    // RFC 8446, 4.2.8: the key share of X25519MLKEM768 (0x11ec) is 1216 bytes long.
    assert.ok(cas.seen[0]?.hello.includes(Buffer.from('11ec04c0', 'hex')));
  });

  await t.test('host values go where the session names them, and are not looked into', async () => {
    const { image } = await open(
      released({
        argv: [{ text: 'probe' }, { host_arg: 2 }],
        environment: { TZ: { host_env: 'TZ' }, PATH: { text: '/usr/bin' } },
      }),
    );
    const env = { ...variables(image), TZ: '@@1 {"text":"x"}' };
    const ended = await ground.start(image, { engine, env, args: ['one', '@@1'], network: 'host' });
    assert.deepEqual(programOf(ended)['args'], ['probe', '@@1']);
    assert.deepEqual(programOf(ended)['env'], ['TZ=@@1 {"text":"x"}', 'PATH=/usr/bin']);
    const refusal = readRefusal(await ground.start(image, { engine, network: 'host', args: ['one', 'two'] }));
    assert.deepEqual(refusal.causes, ['variable of the container: expected TZ, found none of that name']);
  });

  const file = { path: secretPath, mode: '0400', uid: 65532, gid: 65532, content: base64(utf8(secret)) };
  await t.test('an injected file is read at its path, from memory, by the program alone', async () => {
    const { image } = await open(released({ files: [file] }));
    const found = programOf(await ground.start(image, { engine, network: 'host' }));
    assert.deepEqual(found['files'], { [secretPath]: `-r-------- ${secret}` });
  });

  await t.test('a container that Kubernetes restarts finds its own leftovers, and only those are removed', async () => {
    const { image } = await open(released({ files: [file] }));
    const { host } = ground;
    const mounts = ['shm', 'memory/scone', 'memory/tmp']
      .map((name) => `mount -t tmpfs -o mode=2777 tmpfs ${host}/${name}`)
      .join(' && ');
    const folder = `${host}/memory/scone/files`;
    const leave = (uid: number) =>
      `${mounts} && mkdir -m 700 ${folder} && echo old > ${folder}/0123456789abcdef && chown -R ${uid}:${uid} ${folder} && chmod u=rwx,g-s,go-rwx ${folder}`;
    const again = await ground.start(image, { engine: kubelet(host), network: 'host', before: leave(65532) });
    assert.deepEqual(programOf(again)['files'], { [secretPath]: `-r-------- ${secret}` });
    const planted = await ground.start(image, { engine: kubelet(host), network: 'host', before: leave(0) });
    assert.deepEqual(readRefusal(planted).causes, [
      'mount at /run/scone: expected an empty folder, found it holds files',
    ]);
  });

  await t.test('29: a CAS with another key gets no byte of a request', async () => {
    const { cas } = await open(released());
    const other = keyHash(sha256(utf8('another key')), 'simulation');
    const image = await ground.image({ casKeys: [other], casUrl: cas.address });
    const refusal = readRefusal(await ground.start(image, { engine, network: 'host' }));
    assert.equal(refusal.code, 'E_CAS_IDENTITY');
    assert.deepEqual(refusal.causes, [`key of the CAS: expected ${other}, found ${cas.keyHash}`]);
    assert.equal(cas.seen[0]?.request.length, 0);
  });

  await t.test('SCONE_CAS_ADDR moves the address, and the key stays pinned', async () => {
    const { cas } = await open(released({ argv: [{ text: '/usr/bin/tool' }] }));
    const image = await ground.image({ casKeys: [cas.keyHash], casUrl: 'cas.nowhere.invalid' });
    const env = { ...variables(image), SCONE_CAS_ADDR: cas.address };
    // The tool of the image is a script whose interpreter is missing: the start got as far as execve.
    assert.equal(readRefusal(await ground.start(image, { engine, network: 'host', env })).code, 'E_COMMAND');
  });

  await t.test("the CAS's own reasons are printed", async () => {
    const reasons = {
      code: 'E_ATTESTATION',
      message: 'the measurement is not allowed',
      causes: ['a', 'b'],
      hint: 'do c',
    };
    const { image } = await open(() => httpAnswer('403 Forbidden', reasons));
    const refusal = readRefusal(await ground.start(image, { engine, network: 'host' }));
    assert.deepEqual(refusal, {
      code: 'E_ATTESTATION',
      message: 'the CAS refused to configure this service',
      causes: ['E_ATTESTATION: the measurement is not allowed', 'a', 'b'],
      hint: 'do c',
    });
  });

  await t.test('68: an answer of another form starts nothing', async () => {
    for (const changes of [
      { volumes: [{ name: 'data' }] },
      { expires: 1 },
      { Argv: [] },
      { files: [{ ...file, mode: '4400' }] },
    ]) {
      const { image } = await open(released(changes));
      const refusal = readRefusal(await ground.start(image, { engine, network: 'host' }));
      assert.equal(refusal.code, 'E_FORMAT', JSON.stringify(changes));
      assert.ok(!JSON.stringify(refusal).includes(file.content));
    }
  });

  await t.test('73: signals that make Go print its stacks are ignored while the runtime works', async () => {
    let waiting: (() => void) | undefined;
    const arrived = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const { cas, image } = await open(() => {
      waiting?.();
      return undefined;
    });
    const ended = await ground.start(image, {
      engine,
      network: 'host',
      env: { ...variables(image), GOTRACEBACK: 'all' },
      whileRunning: async (pid) => {
        await arrived;
        process.kill(pid, 'SIGQUIT');
        process.kill(pid, 'SIGABRT');
        await sleep(200);
        await cas.close();
      },
    });
    assert.equal(readRefusal(ended).code, 'E_CAS_UNREACHABLE');
    assert.doesNotMatch(ended.stderr, /goroutine|SIGQUIT|SIGABRT/);
  });
});
