import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { need } from '../support/require.ts';
import type { RuntimeConfig, Start } from './bundle.ts';
import { bind, instead, memory, type OciMount, runcByHand } from './engines.ts';
import { isAccepted, prepare, readRefusal } from './setup.ts';

/** Shell commands in the container's mount namespace before it gets its root, which is `$R`: more than runc would do. */
function inside(script: string): (config: RuntimeConfig) => void {
  return (config) => {
    const { path } = config['root'] as { path: string };
    const hook = { path: '/bin/sh', args: ['sh', '-ec', script], env: [`R=${path}`, `PATH=${process.env['PATH']}`] };
    config['hooks'] = { createContainer: [hook] };
  };
}

/** A user namespace in which the ids of the image's files and of its user are those of the machine given. */
function mapped(root: number, user: number): (config: RuntimeConfig) => void {
  return (config) => {
    config.linux.namespaces.push({ type: 'user' });
    const mappings = [
      { containerID: 0, hostID: root, size: 1 },
      { containerID: 65532, hostID: user, size: 1 },
    ];
    Object.assign(config.linux, { uidMappings: mappings, gidMappings: mappings });
    // The tmpfs at /dev/pts has the group tty, which is not mapped.
    for (const mount of config.mounts) mount.options = mount.options.filter((option) => option !== 'gid=5');
  };
}

test('62: ways around the checks of ground and files', async (t) => {
  const [runc, root] = [need(t, 'runc'), need(t, 'root')];
  if (runc === undefined || root === undefined) return;
  const ground = await prepare(t, runc.path);
  const { host } = ground;
  const engine = runcByHand();
  const other = (destination: string, ...mounts: OciMount[]) => ({ engine: instead(engine, destination, ...mounts) });
  const tmpfs = `mount -t tmpfs -o mode=1777`;
  const evil = 'x\n[sconectl|INFO] ground verified\u001b[2J\u202e';

  const refused: [name: string, start: Partial<Start>, causes: RegExp[]][] = [
    [
      'a folder of the machine over one of /proc/sys',
      { edit: inside(`mount --bind ${host}/disk $R/proc/sys/kernel`) },
      // The engine binds /proc/sys over itself, with what is in it.
      [/^mount at \/proc\/sys\/kernel: expected no mount here, found /, /^mount at \/proc\/sys\/kernel: /],
    ],
    [
      'the folder of another process over a read-only path of /proc',
      { edit: inside('mount --bind $R/proc/1/net $R/proc/irq') },
      [
        /^mount at \/proc\/irq: expected read-only, found proc, read-write, \/1\/net of "proc"$/,
        /^mount at \/proc\/irq: expected that place of proc itself, found proc, read-only, \/1\/net of "proc"$/,
      ],
    ],
    [
      'a made-up list of mounts',
      {
        edit: inside(
          `printf '1 0 0:1 / / rw - ext4 x rw\\n' >${host}/list && mount --bind ${host}/list $R/proc/1/mountinfo`,
        ),
      },
      [/^\/proc\/self\/mountinfo: expected /],
    ],
    [
      'a mount that a later one hides',
      other('/run/scone', memory('/run/scone', 'mode=1777'), memory('/run', 'mode=755')),
      [/^mount at \/run\/scone: expected a (?:mount that can be seen|readable mount), found /],
    ],
    [
      '/run/scone of another memory file system',
      other('/run/scone', { ...memory('/run/scone'), type: 'ramfs' }),
      [/expected file system tmpfs, found ramfs/],
    ],
    [
      '/run/scone as layers',
      other('/run/scone', { ...memory('/run/scone', `lowerdir=${host}/disk:${host}/shm`), type: 'overlay' }),
      [/^mount at \/run\/scone: expected file system tmpfs, found overlay, read-only/],
    ],
    [
      '/run/scone that can be reached at another place, too',
      {
        ...other('/run/scone', bind('/run/scone', `${host}/shm`)),
        mounts: [bind('/tmp', `${host}/shm`)],
        before: `${tmpfs} tmpfs ${host}/shm`,
      },
      [/^mount at \/tmp: expected another file system than that at \/run\/scone, found the same$/],
    ],
    [
      'another device under the name of one',
      { edit: inside('rm $R/dev/urandom && mknod -m 666 $R/dev/urandom c 1 5') },
      [/^\/dev\/urandom: expected character device 1:9, found character device 1:5$/],
    ],
    [
      'a folder in place of the descriptors in /dev',
      { edit: inside('rm -f $R/dev/fd && mkdir $R/dev/fd && echo x >$R/dev/fd/63') },
      [/^\/dev\/fd: expected a symlink to \/proc\/self\/fd, found no symlink$/],
    ],
    [
      'standard output that leads elsewhere',
      { edit: inside('ln -sfn /run/scone-init/log $R/dev/stdout') },
      [/^\/dev\/stdout: expected a symlink to \/proc\/self\/fd\/1, found a symlink to \/run\/scone-init\/log$/],
    ],
    [
      'a device of the machine as console',
      { mounts: [bind('/dev/console', '/dev/kmsg')] },
      [/^\/dev\/console: expected character device 5:1 or a pseudo terminal, found character device 1:11$/],
    ],
    [
      'a device as the file for the last message',
      { mounts: [bind('/dev/termination-log', '/dev/kmsg')] },
      [/^mount at \/dev\/termination-log: expected a file, found character device 1:11$/],
    ],
    [
      'the memory of a process as hosts',
      { mounts: [bind('/etc/hosts', '/proc/self/mem')] },
      [/^mount at \/etc\/hosts: expected that place of proc itself, found proc, /],
    ],
    [
      'an endless device as hosts',
      { mounts: [bind('/etc/hosts', '/dev/zero')] },
      [/^mount at \/etc\/hosts: expected a file, found character device 1:5$/],
    ],
    [
      'a pipe as resolv.conf',
      { mounts: [bind('/etc/resolv.conf', `${host}/pipe`)], before: `mkfifo ${host}/pipe` },
      [/^mount at \/etc\/resolv\.conf: expected a file, found file type 010000$/],
    ],
    [
      'a source that writes on terminals',
      { mounts: [{ ...memory('/python'), source: evil }] },
      [
        /^mount at \/python: expected no mount here, found tmpfs, read-write, \/ of "x\\\\x0a\[sconectl\|INFO\] ground verified\\\\x1b\[2J\\\\xe2\\\\x80\\\\xae"$/,
      ],
    ],
    [
      'hundreds of mounts: twenty are named',
      { mounts: Array.from({ length: 200 }, (_, i) => memory(`/tmp/m${i}`)) },
      [...Array.from({ length: 20 }, (_, i) => new RegExp(`^mount at /tmp/m${i}: `)), /^and 180 more$/],
    ],
    [
      'a user namespace in which the files of the image belong to its user',
      { edit: mapped(65532, 0) },
      [/^\/opt\/scone\/rootfs\.json: expected file 0444 0:0, found file 0444 65532:65532, /],
    ],
  ];
  for (const [name, start, causes] of refused) {
    await t.test(`${name}: refused`, async () => {
      const refusal = readRefusal(await ground.start(await ground.image(), { engine, ...start }));
      assert.equal(refusal.causes.length, causes.length, `${refusal.message}\n${refusal.causes.join('\n')}`);
      causes.forEach((cause, i) => assert.match(refusal.causes[i] ?? '', cause));
      assert.notEqual(refusal.hint, '');
    });
  }

  const accepted: [name: string, start: Partial<Start>][] = [
    ['proc that hides other users', other('/proc', { ...engine.mounts[0]!, options: ['hidepid=invisible'] })],
    ['proc with nothing but processes', { ...other('/proc', { ...engine.mounts[0]!, options: ['subset=pid'] }) }],
    ['the processes of the machine', other('/proc', bind('/proc', '/proc'))],
    ['a root that hands on mounts of the machine', { edit: ({ linux }) => (linux['rootfsPropagation'] = 'slave') }],
    ['a user namespace', { edit: mapped(0, 65532) }],
    [
      'shared memory and cgroups that hold something',
      {
        ...other('/sys/fs/cgroup', bind('/sys/fs/cgroup', `${host}/shm`)),
        mounts: [bind('/dev/shm', `${host}/shm`)],
        before: `${tmpfs} tmpfs ${host}/shm && echo x >${host}/shm/x`,
      },
    ],
  ];
  for (const [name, start] of accepted) {
    await t.test(`${name}: accepted`, async () => {
      assert.ok(isAccepted(await ground.start(await ground.image(), { engine, ...start })));
    });
  }

  await t.test('names that forge lines, many and huge files are refused in bounded time and text', async () => {
    const image = await ground.image();
    const folder = join(image.root, 'python/many');
    mkdirSync(folder);
    for (let i = 0; i < 5000; i++) writeFileSync(join(image.root, `python/${i}`), '');
    writeFileSync(join(image.root, 'python', `!${evil}`), '');
    const before = `truncate -s 1T ${image.root}/python/print_env.py && truncate -s 1T ${image.root}/huge`;
    const began = performance.now();
    const refusal = readRefusal(await ground.start(image, { engine, before }));
    assert.ok(performance.now() - began < 10_000);
    assert.equal(refusal.message, 'the root file system is not the one of the image: 5004 differences');
    assert.equal(refusal.causes.length, 21);
    assert.match(
      refusal.causes[0] ?? '',
      /^\/huge: it is not in the image: expected nothing, found file 0644 0:0, 1099511627776 bytes$/,
    );
    assert.match(
      refusal.causes[1] ?? '',
      /^\/python\/%21x%0A%5Bsconectl%7CINFO%5D%20ground%20verified%1B%5B2J%E2%80%AE: /,
    );
    assert.equal(refusal.causes[20], 'and 4984 more');
  });
});
