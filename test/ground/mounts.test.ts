import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { need } from '../support/require.ts';
import type { Start } from './bundle.ts';
import { bind, instead, kubelet, memory, type OciMount, podman, runcByHand } from './engines.ts';
import { prepare, readRefusal } from './setup.ts';

test('62: a mount that the image does not know is refused by name', async (t) => {
  const [runc, root] = [need(t, 'runc'), need(t, 'root')];
  if (runc === undefined || root === undefined) return;
  const ground = await prepare(t, runc.path);
  const { host } = ground;
  await writeFile(join(host, 'print_env.py'), 'print(open("/run/scone/files/x").read())\n');
  const shm = 'mount -t tmpfs -o mode=1777 tmpfs';
  const plain = (mounts: OciMount[]): Start => ({ engine: runcByHand(), mounts });

  const cases: [name: string, start: Start, code: string, causes: RegExp[], hint: RegExp][] = [
    [
      'a folder of the machine over the program',
      plain([bind('/python', `${host}/disk`)]),
      'E_GROUND',
      [/^mount at \/python: expected no mount here, found [a-z0-9]+, read-write, \/.*\/host\/disk of "/],
      /remove the mount/,
    ],
    [
      'a tmpfs over the program',
      plain([memory('/python')]),
      'E_GROUND',
      [/^mount at \/python: expected no mount here, found tmpfs, /],
      /remove the mount/,
    ],
    [
      'a file over a file, as a ConfigMap with subPath',
      plain([bind('/python/print_env.py', `${host}/print_env.py`, 'ro')]),
      'E_GROUND',
      [/^mount at \/python\/print_env\.py: expected no mount here, found /],
      /remove the mount/,
    ],
    [
      'the preload list of the dynamic linker',
      plain([bind('/etc/ld.so.preload', `${host}/hosts`)]),
      'E_GROUND',
      [/^mount at \/etc\/ld\.so\.preload: expected no mount here, found /],
      /remove the mount/,
    ],
    [
      'the list itself',
      plain([bind('/opt/scone/rootfs.json', `${host}/hosts`)]),
      'E_GROUND',
      [/^\/opt\/scone\/rootfs\.json: expected a part of the root file system, found another mount$/],
      /mount nothing over \/opt\/scone/,
    ],
    [
      'a passwd made by the engine (podman --user)',
      { engine: podman(host, 5, false), mounts: [bind('/etc/passwd', `${host}/hosts`)], before: `${shm} ${host}/shm` },
      'E_GROUND',
      [/^mount at \/etc\/passwd: expected no mount here, found /],
      /without --user/,
    ],
    [
      'the token of a service account',
      plain([memory('/var/run/secrets/kubernetes.io/serviceaccount', 'ro')]),
      'E_GROUND',
      [/^mount at \/var\/run\/secrets\/kubernetes\.io\/serviceaccount: expected no mount here, found tmpfs, read-only/],
      /automountServiceAccountToken: false/,
    ],
    [
      'a made-up file in /proc',
      plain([bind('/proc/uptime', `${host}/hosts`)]),
      'E_GROUND',
      [/^mount at \/proc\/uptime: expected no mount here, found /],
      /default mounts/,
    ],
    [
      'a file in place of a device',
      plain([bind('/dev/urandom', `${host}/hosts`)]),
      'E_GROUND',
      [/^mount at \/dev\/urandom: expected file system devtmpfs or tmpfs, found /],
      /default mounts/,
    ],
    [
      'a /sys that can be written',
      {
        engine: instead(runcByHand(), '/sys', {
          destination: '/sys',
          type: 'sysfs',
          source: 'sysfs',
          options: ['nosuid'],
        }),
      },
      'E_GROUND',
      [/^mount at \/sys: expected read-only, found sysfs, read-write/],
      /default mounts/,
    ],
    [
      'a /tmp on disk',
      plain([bind('/tmp', `${host}/disk`)]),
      'E_GROUND',
      [/^mount at \/tmp: expected file system tmpfs, found /],
      /empty tmpfs/,
    ],
    [
      'a /tmp that is filled',
      {
        ...plain([bind('/tmp', `${host}/memory/tmp`)]),
        before: `${shm} ${host}/memory/tmp && : > ${host}/memory/tmp/.hotspotrc`,
      },
      'E_GROUND',
      [/^mount at \/tmp: expected an empty folder, found it holds \.hotspotrc$/],
      /empty tmpfs/,
    ],
    [
      'init data that can be written',
      plain([bind('/run/scone-init', `${host}/disk`)]),
      'E_GROUND',
      [/^mount at \/run\/scone-init: expected read-only, found /],
      /remove the mount/,
    ],
    [
      'a /run that holds more than mount points',
      {
        ...plain([]),
        engine: instead(podman(host, 5, true), '/run', bind('/run', `${host}/memory/tmp`)),
        before: `${shm} ${host}/shm && ${shm} ${host}/memory/tmp && mkdir -m 755 ${host}/memory/tmp/scone && : > ${host}/memory/tmp/secrets`,
      },
      'E_IMAGE',
      [/^\/run\/secrets: it is not in the image: expected nothing, found file 0644 0:0, 0 bytes$/],
      /fresh root file system/,
    ],
    [
      'several mounts at once',
      plain([memory('/python'), memory('/usr/lib')]),
      'E_GROUND',
      [/^mount at \/python: /, /^mount at \/usr\/lib: /],
      /remove the mount/,
    ],
    [
      'no tmpfs for injected files',
      { engine: instead(runcByHand(), '/run/scone') },
      'E_GROUND',
      [/^mount at \/run\/scone: expected tmpfs, found none$/],
      /fresh tmpfs at \/run\/scone/,
    ],
    [
      '/run/scone on disk',
      { engine: instead(runcByHand(), '/run/scone', bind('/run/scone', `${host}/disk`)) },
      'E_GROUND',
      [/^mount at \/run\/scone: expected file system tmpfs, found /],
      /fresh tmpfs at \/run\/scone/,
    ],
    [
      '/run/scone as a piece of another tmpfs',
      {
        engine: instead(kubelet(host), '/run/scone', bind('/run/scone', `${host}/shm/piece`)),
        before: `${shm} ${host}/shm && mkdir -m 777 ${host}/shm/piece && ${shm} ${host}/memory/tmp`,
      },
      'E_GROUND',
      [/^mount at \/run\/scone: expected a whole tmpfs, found tmpfs, read-write, \/piece of /],
      /fresh tmpfs at \/run\/scone/,
    ],
    [
      '/run/scone with a file in it',
      {
        engine: kubelet(host),
        before: `${['shm', 'memory/scone', 'memory/tmp'].map((name) => `${shm} ${host}/${name}`).join(' && ')} && : > ${host}/memory/scone/x`,
      },
      'E_GROUND',
      [/^mount at \/run\/scone: expected an empty folder, found it holds x$/],
      /fresh tmpfs at \/run\/scone/,
    ],
    [
      '/run/scone with something mounted inside',
      plain([memory('/run/scone/files')]),
      'E_GROUND',
      [
        /^mount at \/run\/scone: expected an empty folder, found it holds files$/,
        /^mount at \/run\/scone\/files: expected no mount here, found tmpfs/,
      ],
      /fresh tmpfs at \/run\/scone/,
    ],
  ];
  for (const [name, start, code, causes, hint] of cases) {
    await t.test(name, async () => {
      const refusal = readRefusal(await ground.start(await ground.image(), start));
      assert.equal(refusal.code, code, refusal.message);
      assert.equal(refusal.causes.length, causes.length, refusal.causes.join('\n'));
      causes.forEach((cause, i) => assert.match(refusal.causes[i] ?? '', cause));
      assert.match(refusal.hint, hint);
    });
  }
});
