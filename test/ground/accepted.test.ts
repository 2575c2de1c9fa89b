import assert from 'node:assert/strict';
import { test } from 'node:test';
import { need } from '../support/require.ts';
import { docker, kubelet, podman, rootlessPodman, runcByHand } from './engines.ts';
import { isAccepted, prepare } from './setup.ts';

test('62: bundles with exactly the mounts and extras of container engines are accepted', async (t) => {
  const [runc, root] = [need(t, 'runc'), need(t, 'root')];
  if (runc === undefined || root === undefined) return;
  const ground = await prepare(t, runc.path);
  const { host } = ground;
  const engines = [
    runcByHand(),
    podman(host, 4, false),
    podman(host, 4, true),
    podman(host, 5, false),
    podman(host, 5, true),
    rootlessPodman(host),
    docker(host, false),
    docker(host, true),
    kubelet(host),
  ];
  // Folders in memory of the machine, which engines bind: as the kubelet makes them, root's and for all to write.
  const before = ['shm', 'memory/scone', 'memory/tmp']
    .map((name) => `mount -t tmpfs -o mode=${name === 'shm' ? '1777' : '2777'} tmpfs ${host}/${name}`)
    .join(' && ');
  for (const engine of engines) {
    await t.test(engine.name, async () => {
      assert.ok(isAccepted(await ground.start(await ground.image(), { engine, before })));
    });
  }
  await t.test('a root file system that can be written, and one that an engine started before', async () => {
    const image = await ground.image();
    const engine = { ...docker(host, false), readonlyRoot: false };
    assert.ok(isAccepted(await ground.start(image, { engine })));
    assert.ok(isAccepted(await ground.start(image, { engine: { ...engine, extras: [] } })));
  });
  await t.test('init data as a read-only mount in place of the variable', async () => {
    const image = await ground.image();
    const mount = { destination: '/run/scone-init', type: 'bind', source: `${host}/init`, options: ['rbind', 'ro'] };
    const ended = await ground.start(image, {
      engine: runcByHand(),
      env: { SCONE_SIM_PLATFORM: image.configId },
      mounts: [mount],
      // As a ConfigMap is laid out: links to the current version.
      before: `mkdir -p ${host}/init/..v1 && echo ${Buffer.from(image.initData).toString('base64')} | base64 -d > ${host}/init/..v1/initdata.toml && ln -sfn ..v1 ${host}/init/..data && ln -sfn ..data/initdata.toml ${host}/init/initdata.toml`,
    });
    assert.ok(isAccepted(ended));
  });
});
