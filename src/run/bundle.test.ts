import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groundMounts } from '../image/ground.ts';
import { bundleConfig } from './bundle.ts';

interface Config {
  hostname: string;
  root: { path: string; readonly: boolean };
  process: {
    user: object;
    args: string[];
    env: string[];
    noNewPrivileges: boolean;
    capabilities: { [set: string]: string[] };
  };
  mounts: { destination: string; type: string; options: string[] }[];
  linux: { namespaces: { type: string }[]; maskedPaths: string[]; readonlyPaths: string[]; cgroupsPath: string };
}

const config = bundleConfig({
  rootfs: '/images/x',
  files: '/run/x',
  entrypoint: ['/opt/scone/runtime'],
  user: { uid: 65532, gid: 65532 },
  hostname: 'pythonapp',
  environment: { SCONE_INITDATA: 'eA==' },
  cgroup: 'sconectl-1',
}) as Config;

test('the program has the user of the image, no capability, and cannot gain privileges', () => {
  assert.deepEqual(config.process.user, { uid: 65532, gid: 65532 });
  assert.ok(Object.values(config.process.capabilities).every((set) => set.length === 0));
  assert.equal(config.process.noNewPrivileges, true);
  assert.equal(config.root.readonly, true);
});

test('the runtime gets its variables and nothing of the machine', () => {
  assert.deepEqual(config.process.env, ['SCONE_INITDATA=eA==']);
  assert.deepEqual(config.process.args, ['/opt/scone/runtime']);
});

test('secrets and temporary files are in memory, limited, without devices or setuid', () => {
  for (const path of ['/run/scone', '/tmp']) {
    const mount = config.mounts.find(({ destination }) => destination === path);
    assert.equal(mount?.type, 'tmpfs');
    assert.ok(['nosuid', 'nodev'].every((option) => mount?.options.includes(option)));
    assert.ok(mount?.options.some((option) => /^size=\d+m$/.test(option)));
  }
});

test('every mount and every hidden path is one that the runtime accepts', () => {
  const accepted = new Set(groundMounts().map(({ path }) => path));
  const places = [
    ...config.mounts.map(({ destination }) => destination),
    ...config.linux.maskedPaths,
    ...config.linux.readonlyPaths,
  ];
  assert.deepEqual(
    places.filter((path) => !accepted.has(path)),
    [],
  );
});

test("the network is the machine's, everything else is the container's own", () => {
  assert.deepEqual(
    config.linux.namespaces.map(({ type }) => type),
    ['pid', 'ipc', 'uts', 'mount'],
  );
});
