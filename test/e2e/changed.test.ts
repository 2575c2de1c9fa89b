import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { readRefusal } from '../ground/setup.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { handVariables, reportOf, unpackedBundle } from './by-hand.ts';
import { Changes } from './changes.ts';
import { reporterMesh } from './mesh.ts';

const program = '/python/reporter.py';
const module = '/usr/lib/python3.11/json/decoder.py';
const interpreter = '/usr/bin/python3.11';

/** ACL entries (acl(5)): the owner, uid 65532, the group, the mask, others; the mode bits stay those of 0644. */
const acl = `02000000${['0100-0600-ffffffff', '0200-0600-fcff0000', '0400-0400-ffffffff', '1000-0400-ffffffff', '2000-0400-ffffffff'].join('').replaceAll('-', '')}`;
/** cap_net_raw+ep (capabilities(7), version 2). */
const capability = '0100000200200000000000000000000000000000';

const bind = (destination: string, source: string, ...options: string[]) => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind', ...options],
});

type Case = [name: string, change: (c: Changes) => void, ...causes: RegExp[]];

const files: Case[] = [
  [
    '(a) a line more in the program',
    (c) => c.edit(program, (at) => appendFileSync(at, 'pass\n')),
    /^\/python\/reporter\.py: size: expected \d+ bytes, found \d+ bytes$/,
  ],
  [
    '(a) another letter in the program',
    (c) => c.edit(program, (at) => writeFileSync(at, readFileSync(at, 'latin1').replace('import', 'impost'), 'latin1')),
    /^\/python\/reporter\.py: SHA-256: expected [0-9a-f]{64}, found [0-9a-f]{64}$/,
  ],
  [
    '(a) the interpreter',
    (c) => c.edit(interpreter, (at) => appendFileSync(at, '\0')),
    /^\/usr\/bin\/python3\.11: size: /,
  ],
  [
    '(b) a module beside the program',
    (c) => c.add('/python/json.py', (at) => writeFileSync(at, '')),
    /^\/python\/json\.py: it is not in the image: expected nothing, found file 0644 0:0, 0 bytes$/,
  ],
  [
    '(b) a file in dist-packages',
    (c) => c.add('/usr/lib/python3/dist-packages/x.pth', (at) => writeFileSync(at, 'import x\n')),
    /^\/usr\/lib\/python3\/dist-packages\/x\.pth: it is not in the image: expected nothing, found file 0644 0:0, 9 bytes$/,
  ],
  [
    '(b) byte code beside a module',
    (c) => c.add('/python/__pycache__', (at) => mkdirSync(at)),
    /^\/python\/__pycache__: it is not in the image: expected nothing, found folder /,
  ],
  [
    '(b) a name that is no UTF-8',
    (c) => c.add('/python/n\xff', (at) => writeFileSync(at, '')),
    /^\/python\/n%FF: it is not in the image: expected nothing, found file 0644 0:0, 0 bytes$/,
  ],
  [
    '(b) a device',
    (c) => c.add('/python/mem', (at) => execFileSync('mknod', ['-m', '666', String(at), 'c', '1', '1'])),
    /^\/python\/mem: it is not in the image: expected nothing, found device 0666 0:0$/,
  ],
  [
    '(b) a pipe',
    (c) => c.add('/python/pipe', (at) => execFileSync('mkfifo', [String(at)])),
    /^\/python\/pipe: it is not in the image: expected nothing, found named pipe /,
  ],
  [
    '(b) a socket',
    (c) =>
      c.add('/python/socket', (at) =>
        execFileSync('python3', [
          '-c',
          'import os, stat, sys; os.mknod(sys.argv[1], stat.S_IFSOCK | 0o644)',
          String(at),
        ]),
      ),
    /^\/python\/socket: it is not in the image: expected nothing, found socket /,
  ],
  [
    '(c) the program is gone',
    (c) => c.remove(program),
    /^\/python\/reporter\.py: it is missing: expected file 0644 0:0, \d+ bytes, found nothing$/,
  ],
  [
    '(c) a folder is gone',
    (c) => c.remove('/usr/lib/python3.11/json'),
    /^\/usr\/lib\/python3\.11\/json: it is missing: expected folder 0755 0:0, found nothing$/,
  ],
  [
    '(d) a file that everybody may write',
    (c) => c.mode(module, 0o666, 0o644),
    /^\/usr\/lib\/python3\.11\/json\/decoder\.py: mode: expected 0644, found 0666$/,
  ],
  [
    '(d) a folder that everybody may write',
    (c) => c.mode('/python', 0o777, 0o755),
    /^\/python: mode: expected 0755, found 0777$/,
  ],
  ['(d) a sticky folder', (c) => c.mode('/usr/lib', 0o1755, 0o755), /^\/usr\/lib: mode: expected 0755, found 1755$/],
  [
    '(d) a folder that hands on its group',
    (c) => c.mode('/python', 0o2755, 0o755),
    /^\/python: mode: expected 0755, found 2755$/,
  ],
  [
    '(d) setuid',
    (c) => c.mode(interpreter, 0o4755, 0o755),
    /^\/usr\/bin\/python3\.11: mode: expected 0755, found 4755$/,
  ],
  [
    '(d) another owner',
    (c) => c.owner(program, 65532, 65532),
    /^\/python\/reporter\.py: owner: expected 0:0, found 65532:65532$/,
  ],
  [
    '(d) another group of a folder',
    (c) => c.owner('/python', 0, 65532),
    /^\/python: owner: expected 0:0, found 0:65532$/,
  ],
  [
    '(d) a file capability',
    (c) => c.attribute(interpreter, 'security.capability', capability),
    /^\/usr\/bin\/python3\.11: extended attribute security\.capability: expected none, found one$/,
  ],
  [
    '(d) an attribute of a user',
    (c) => c.attribute(program, 'user.note', '78'),
    /^\/python\/reporter\.py: extended attribute user\.note: expected none, found one$/,
  ],
  [
    '(d) an access control list',
    (c) => c.attribute(program, 'system.posix_acl_access', acl),
    /^\/python\/reporter\.py: extended attribute system\.posix_acl_access: expected none, found one$/,
  ],
  [
    '(d) an access control list for what comes into a folder',
    (c) => c.attribute('/python', 'system.posix_acl_default', acl),
    /^\/python: extended attribute system\.posix_acl_default: expected none, found one$/,
  ],
  [
    '(57) a link to the same content',
    (c) => (
      c.add('/python/copy.py', (at) => copyFileSync(c.at(program), at)),
      c.replace(program, (at) => symlinkSync('/python/copy.py', at))
    ),
    /^\/python\/copy\.py: it is not in the image: /,
    /^\/python\/reporter\.py: type: expected file 0644 0:0, \d+ bytes, found symlink$/,
  ],
  [
    '(57) a folder in place of a file',
    (c) => c.replace(program, (at) => mkdirSync(at)),
    /^\/python\/reporter\.py: type: expected file 0644 0:0, \d+ bytes, found folder /,
  ],
  [
    '(57) a device in place of a file',
    (c) => c.replace(module, (at) => execFileSync('mknod', ['-m', '644', String(at), 'c', '1', '5'])),
    /^\/usr\/lib\/python3\.11\/json\/decoder\.py: type: expected file .*, found device 0644 0:0$/,
  ],
  [
    '(57) a pipe in place of a file',
    (c) => c.replace(program, (at) => execFileSync('mkfifo', ['-m', '644', String(at)])),
    /^\/python\/reporter\.py: type: expected file .*, found named pipe 0644 0:0$/,
  ],
  [
    '(57) another target of a link',
    (c) => c.replace('/usr/bin/python3', (at) => symlinkSync('/tmp/python3', at)),
    /^\/usr\/bin\/python3: target: expected python3\.11, found \/tmp\/python3$/,
  ],
];

const mounts: Case[] = [
  [
    '(f) a folder over the program',
    (c) => c.config((config) => config.mounts.push(bind('/python', '/etc'))),
    /^mount at \/python: expected no mount here, found /,
  ],
  [
    '(f) a tmpfs over the program',
    (c) =>
      c.config((config) => config.mounts.push({ destination: '/python', type: 'tmpfs', source: 'tmpfs', options: [] })),
    /^mount at \/python: expected no mount here, found tmpfs, /,
  ],
  [
    '(f) a file over a file, as of a ConfigMap',
    (c) => c.config((config) => config.mounts.push(bind(program, '/etc/hostname', 'ro'))),
    /^mount at \/python\/reporter\.py: expected no mount here, found /,
  ],
  [
    '(g) /run/scone with something mounted inside',
    (c) =>
      c.config((config) =>
        config.mounts.push({ destination: '/run/scone/files', type: 'tmpfs', source: 'tmpfs', options: [] }),
      ),
    /^mount at \/run\/scone: expected an empty folder, found it holds files$/,
    /^mount at \/run\/scone\/files: expected no mount here, found tmpfs/,
  ],
];

async function prepared(t: TestContext) {
  const [runc, python] = [need(t, 'runc')?.path, need(t, 'python3')];
  if (runc === undefined || python === undefined || need(t, 'root') === undefined) return undefined;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  const bundle = await unpackedBundle(t, mesh.place, 'test/reporter:v1', runc);
  bundle.edit(({ process }) => (process.env = handVariables(mesh.place)));
  return { mesh, bundle, changes: new Changes(bundle, python) };
}

test('57, 62: one change to the image of a Python service, and it is refused at start, by name', async (t) => {
  const made = await prepared(t);
  if (made === undefined) return;
  const { mesh, bundle, changes } = made;
  for (const [name, change, ...causes] of [...files, ...mounts]) {
    await t.test(name, async () => {
      try {
        change(changes);
        const refusal = readRefusal(await bundle.run());
        assert.equal(refusal.code, mounts.some(([other]) => other === name) ? 'E_GROUND' : 'E_IMAGE');
        assert.equal(refusal.causes.length, causes.length, refusal.causes.join('\n'));
        causes.forEach((cause, i) => assert.match(refusal.causes[i] ?? '', cause));
        assert.match(refusal.hint, /build the image again|remove the mount|fresh tmpfs/);
      } finally {
        changes.takeBack();
      }
    });
  }
  assert.deepEqual(await mesh.events(), ['session'], 'the CAS was asked for nothing');

  await t.test(
    'what says nothing about the image is accepted: other inodes, links from elsewhere, times, labels',
    async () => {
      changes.edit(module, () => undefined);
      changes.replace(program, (at, original) => linkSync(original, at));
      utimesSync(changes.at('/python'), 0, 0);
      changes.attribute(interpreter, 'trusted.note', '78');
      changes.attribute(interpreter, 'security.ima', '0401');
      const report = await reportOf(mesh, bundle);
      changes.takeBack();
      assert.equal(report.environment['API_USER'], 'myself');
      assert.deepEqual(await mesh.events(), ['session', 'release']);
    },
  );
});
