import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, utf8 } from '../../src/core/bytes.ts';
import { need } from '../support/require.ts';
import { compileProbe } from './binaries.ts';
import { type RuntimeConfig, type Start, variables } from './bundle.ts';
import { runcByHand } from './engines.ts';
import { readRuntime } from './image.ts';
import { casFor, programOf, released, secretPath } from './released.ts';
import { prepare, readRefusal } from './setup.ts';

const capabilities = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE', 'CAP_SYS_PTRACE'];

function withCapabilities(config: RuntimeConfig): void {
  const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'];
  config.process['capabilities'] = Object.fromEntries(sets.map((set) => [set, capabilities]));
}

/** A seccomp profile that answers some calls in the kernel's place: with success, or another error. */
function answering(names: string[], errnoRet = 0): (config: RuntimeConfig) => void {
  return (config) => {
    const syscalls = [{ names, action: 'SCMP_ACT_ERRNO', errnoRet }];
    config.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW', syscalls };
  };
}

test('49, 73: what a process inherits from whoever started the container', async (t) => {
  const [runc, root, go] = [need(t, 'runc'), need(t, 'root'), need(t, 'go')];
  if (runc === undefined || root === undefined || go === undefined) return;
  const ground = await prepare(t, runc.path);
  const open = casFor(t, ground, await readRuntime(await compileProbe(ground.folder)));
  const file = {
    path: secretPath,
    mode: '0400',
    uid: 65532,
    gid: 65532,
    content: base64(utf8('more than five bytes')),
  };
  const { cas, image } = await open(released({ files: [file] }));
  const run = (start: Partial<Start>) => ground.start(image, { engine: runcByHand(), network: 'host', ...start });
  const plain = programOf(await run({}));
  const zeros = '0'.repeat(16);

  const harmless: [name: string, start: Partial<Start>, changes: object][] = [
    ['capabilities, ambient ones too', { edit: withCapabilities }, {}],
    ['the right to gain privileges', { edit: ({ process }) => (process['noNewPrivileges'] = false) }, {}],
    ['addresses that are not random, data that can be executed', { wrap: ['setarch', '-R', '-X', '-Z', '-L'] }, {}],
    ['ignored and blocked signals', { wrap: ['env', '--ignore-signal=TERM', '--block-signal=USR1'] }, {}],
    ['no standard input and no standard error', { wrap: ['sh', '-c', 'exec "$@" 0<&- 2>&-', 'sh'] }, {}],
    [
      'descriptors that lead out of the container',
      { wrap: ['env', 'LISTEN_FDS=2', 'sh', '-c', 'exec "$@" 3</ 4</etc/passwd', 'sh'] },
      {},
    ],
    ['no limit on the stack', { rlimits: [{ type: 'RLIMIT_STACK', soft: 2 ** 62, hard: 2 ** 62 }] }, {}],
    ['being the first to be killed', { edit: ({ process }) => (process['oomScoreAdj'] = 1000) }, {}],
    ['a time zone and a locale', { env: { ...variables(image), TZ: '/etc/passwd', LC_ALL: 'tr_TR' } }, {}],
    [
      'more than a megabyte of variables',
      { env: { ...variables(image), ...Object.fromEntries(capabilities.map((name) => [name, 'x'.repeat(120_000)])) } },
      {},
    ],
    // A kernel that does not clean up: what is read back is what counts.
    ['a profile that pretends to drop what is not there', { edit: answering(['capset', 'umask', 'close_range']) }, {}],
    // Groups are the host's: nothing of an image belongs to a group that could write.
    [
      'groups',
      { edit: ({ process }) => (process['user'] = { uid: 65532, gid: 65532, additionalGids: [0, 4] }) },
      { Groups: '0 4' },
    ],
  ];
  assert.deepEqual([plain['CapEff'], plain['CapAmb'], plain['personality']], [zeros, zeros, '00000000']);
  for (const [name, start, changes] of harmless) {
    await t.test(`${name}: the program finds what it always finds`, async () => {
      assert.deepEqual(programOf(await run(start)), { ...plain, ...changes });
    });
  }

  const refused: [name: string, start: Partial<Start>, code: string, cause: RegExp][] = [
    [
      'capabilities that a profile pretends to drop',
      { edit: (config) => [withCapabilities, answering(['capset'])].forEach((change) => change(config)) },
      'E_RUN',
      /^the empty set CapInh: expected 0, found 0000000000280002$/,
    ],
    [
      'a personality that a profile answers for',
      { edit: answering(['personality']) },
      'E_RUN',
      /^personality: expected 20000, found 0$/,
    ],
    [
      'a working directory that a profile pretends to enter',
      { cwd: '/usr', edit: answering(['chdir']) },
      'E_RUN',
      /^working directory: expected "\/python", found another folder$/,
    ],
    [
      'privileges that a profile pretends to forbid',
      { edit: answering(['prctl']) },
      'E_RUN',
      /^no_new_privs: expected 1, found 1 in \/proc\/self\/status and false by prctl$/,
    ],
    [
      'a limit on the size of files',
      { rlimits: [{ type: 'RLIMIT_FSIZE', soft: 5, hard: 5 }] },
      'E_RUN',
      /^file too large$/,
    ],
    [
      'core dumps that a profile pretends to limit',
      { edit: answering(['prlimit64']) },
      'E_RUN',
      /^core limit: expected 1 1, found /,
    ],
    [
      'attributes of files that a profile hides',
      { edit: answering(['llistxattr']) },
      'E_GROUND',
      /^llistxattr of no file: expected no such file or directory, found no error$/,
    ],
    [
      'attributes of files that a profile says do not exist',
      { edit: answering(['llistxattr'], 95) },
      'E_GROUND',
      /^llistxattr of no file: /,
    ],
    ['metadata that a profile makes up', { edit: answering(['statx']) }, 'E_GROUND', /^statx: expected a mount id /],
    [
      'folders that a profile empties',
      { edit: answering(['getdents64']) },
      'E_IMAGE',
      /^\/bin: it is missing: expected symlink to usr\/bin, found nothing$/,
    ],
  ];
  for (const [name, start, code, cause] of refused) {
    await t.test(`${name}: refused`, async () => {
      const before = cas.seen.length;
      const refusal = readRefusal(await run(start));
      assert.equal(refusal.code, code, refusal.message);
      assert.match(refusal.causes[0] ?? '', cause);
      assert.match(refusal.hint, /container|fresh root file system/);
      if (code !== 'E_RUN') assert.equal(cas.seen.length, before, 'nothing was asked of the CAS');
    });
  }
});
