import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, chown, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hex } from '../../src/core/bytes.ts';
import { need } from '../support/require.ts';
import { variables } from './bundle.ts';
import { runcByHand } from './engines.ts';
import { prepare, readRefusal } from './setup.ts';

/** Sets a file capability (cap_net_raw+ep) without a tool that the machine may lack. */
const setCapability =
  'import os, sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))';

test('57: a changed root file system is refused at start, by name', async (t) => {
  const [runc, root, python] = [need(t, 'runc'), need(t, 'root'), need(t, 'python3')];
  if (runc === undefined || root === undefined || python === undefined) return;
  const ground = await prepare(t, runc.path);

  const cases: [name: string, change: (at: (path: string) => string) => unknown, causes: RegExp[]][] = [
    [
      'an edited program file',
      (at) => appendFile(at('/python/print_env.py'), 'print(os.environ)\n'),
      [/^\/python\/print_env\.py: size: expected 40 bytes, found 58 bytes$/],
    ],
    [
      'an edited program file of the same size',
      (at) => writeFile(at('/python/print_env.py'), 'import os\nprint(os.environ["API_PASS"])\n'),
      [/^\/python\/print_env\.py: SHA-256: expected [0-9a-f]{64}, found [0-9a-f]{64}$/],
    ],
    [
      'an added module that shadows another',
      (at) => writeFile(at('/python/json.py'), ''),
      [/^\/python\/json\.py: it is not in the image: expected nothing, found file 0644 0:0, 0 bytes$/],
    ],
    [
      'an added file in dist-packages',
      (at) => writeFile(at('/usr/lib/python3/dist-packages/x.pth'), 'import x\n'),
      [/^\/usr\/lib\/python3\/dist-packages\/x\.pth: it is not in the image: expected nothing, found file /],
    ],
    [
      'a file that is found through a link of the image',
      (at) => writeFile(at('/bin/sh'), ''),
      [/^\/usr\/bin\/sh: it is not in the image: /],
    ],
    [
      'a removed file',
      (at) => rm(at('/usr/bin/tool')),
      [/^\/usr\/bin\/tool: it is missing: expected file 0755 0:0, 13 bytes, found nothing$/],
    ],
    ['another mode', (at) => chmod(at('/python'), 0o777), [/^\/python: mode: expected 0755, found 0777$/]],
    [
      'another owner',
      (at) => chown(at('/python'), 65532, 65532),
      [/^\/python: owner: expected 0:0, found 65532:65532$/],
    ],
    ['setuid', (at) => chmod(at('/usr/bin/tool'), 0o4755), [/^\/usr\/bin\/tool: mode: expected 0755, found 4755$/]],
    [
      'a file capability',
      (at) => execFileSync(python, ['-c', setCapability, at('/usr/bin/tool')]),
      [/^\/usr\/bin\/tool: extended attribute security\.capability: expected none, found one$/],
    ],
    [
      'a file replaced by a link',
      async (at) => {
        await rm(at('/python/print_env.py'));
        await symlink('/tmp/print_env.py', at('/python/print_env.py'));
      },
      [/^\/python\/print_env\.py: type: expected file 0644 0:0, 40 bytes, found symlink$/],
    ],
    [
      'a replaced passwd in the root file system itself',
      (at) => appendFile(at('/etc/passwd'), 'more:x:1:1::/:/bin/sh\n'),
      [/^\/etc\/passwd: size: /],
    ],
    ['another runtime', (at) => appendFile(at('/opt/scone/runtime'), '\0'), [/^\/opt\/scone\/runtime: size: /]],
    [
      'several differences, in order',
      async (at) => {
        await writeFile(at('/python/z.py'), '');
        await writeFile(at('/python/b.py'), '');
        await chmod(at('/etc/group'), 0o600);
      },
      [/^\/etc\/group: /, /^\/python\/b\.py: /, /^\/python\/z\.py: /],
    ],
    [
      'an engine extra with content',
      (at) => writeFile(at('/.dockerenv'), 'x', { mode: 0o755 }),
      [/^\/\.dockerenv: size: expected 0 bytes, found 1 bytes$/],
    ],
    [
      'a mount point with content',
      (at) => writeFile(at('/etc/hosts'), '127.0.0.1 cas\n'),
      [/^\/etc\/hosts: content: expected nothing, found file 0644 0:0, 14 bytes$/],
    ],
  ];
  for (const [name, change, causes] of cases) {
    await t.test(name, async () => {
      const image = await ground.image();
      await change((path) => join(image.root, path));
      const refusal = readRefusal(await ground.start(image, { engine: runcByHand() }));
      assert.equal(refusal.code, 'E_IMAGE');
      assert.match(refusal.message, /^the root file system is not the one of the image: [1-9]/);
      assert.equal(refusal.causes.length, causes.length, refusal.causes.join('\n'));
      causes.forEach((cause, i) => assert.match(refusal.causes[i] ?? '', cause));
      assert.match(refusal.hint, /build the image again/);
    });
  }

  await t.test("one version's files with the init data of another", async () => {
    const [v1, v2] = [await ground.image(), await ground.image({ program: 'print(2)\n' })];
    for (const [files, data] of [
      [v1, v2],
      [v2, v1],
    ] as const) {
      const refusal = readRefusal(await ground.start(files, { engine: runcByHand(), env: variables(data) }));
      assert.equal(refusal.code, 'E_IMAGE');
      assert.deepEqual(refusal.causes, [
        `SHA-256 of /opt/scone/rootfs.json: expected ${hex(data.rootfsDigest)}, found ${hex(files.rootfsDigest)}`,
      ]);
      assert.match(refusal.hint, /apply the mesh again/);
    }
  });

  await t.test('the list of another version beside the files of this one', async () => {
    const [v1, v2] = [await ground.image(), await ground.image({ program: 'print(2)\n' })];
    await copyFile(join(v2.root, 'opt/scone/rootfs.json'), join(v1.root, 'opt/scone/rootfs.json'));
    const refusal = readRefusal(await ground.start(v1, { engine: runcByHand(), env: variables(v2) }));
    assert.deepEqual(refusal.causes, ['/python/print_env.py: size: expected 9 bytes, found 40 bytes']);
  });

  await t.test('another user than the image says', async () => {
    const user = { uid: 0, gid: 0 };
    const refusal = readRefusal(await ground.start(await ground.image(), { engine: runcByHand(), user }));
    assert.equal(refusal.code, 'E_GROUND');
    assert.deepEqual(refusal.causes, ['user: expected 65532:65532, found 0:0']);
  });

  await t.test('a folder that its user cannot read is no way around', async () => {
    const image = await ground.image();
    await mkdir(join(image.root, 'python/private'), { mode: 0o700 });
    const refusal = readRefusal(await ground.start(image, { engine: runcByHand() }));
    assert.match(refusal.causes[0] ?? '', /^\/python\/private: it is not in the image: /);
  });
});
