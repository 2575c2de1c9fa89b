import type { Run } from './context.ts';
import { evidenceCommands } from './evidence-commands.ts';

/** One option, as commander writes them: `-f, --filename <file>`. */
export interface OptionSpec {
  flags: string;
  what: string;
  /** May be given again; the values become a list. */
  repeatable?: true;
  required?: true;
  default?: string;
  choices?: readonly string[];
}

/** One command: everything its help, its parser and the reference are made from. */
export interface CommandSpec {
  /** Words after `sconectl`. */
  name: string;
  /** Operands, as commander writes them. */
  operands?: string;
  summary: string;
  options: readonly OptionSpec[];
  /** Forms that `--output` takes; text and JSON unless told. */
  outputs?: readonly string[];
  /** What help has to say of them. */
  outputNote?: string;
  /** Options of the original command line that are known here and do not work yet. */
  later?: readonly string[];
  /** What it does in words, then the command. At least one. */
  examples: readonly (readonly [what: string, command: string])[];
  load: () => Promise<{ run: Run }>;
}

const target: OptionSpec = {
  flags: '-t, --target-directory <folder>',
  what: 'where outputs are written',
  default: 'target',
};
const cas: OptionSpec = {
  flags: '-c, --cas <host[:port]>',
  what: 'which CAS; not needed where exactly one was attested',
};
const tolerance: readonly OptionSpec[] = [
  { flags: '-C, --accept-configuration-needed', what: 'accept a platform whose configuration needs care' },
  { flags: '-G, --accept-group-out-of-date', what: 'accept a platform whose TCB is out of date' },
  { flags: '-S, --accept-sw-hardening-needed', what: 'accept a platform that needs hardened software' },
  { flags: '--only_for_testing-debug', what: 'accept a CAS in debug mode' },
  { flags: '--only_for_testing-ignore-signer', what: 'do not check who signed the CAS' },
  { flags: '--only_for_testing-trust-any', what: 'accept any measurement; with the two above also a simulated CAS' },
];
const values: OptionSpec = { flags: '--values <file>', what: 'YAML with values of $NAMEs', repeatable: true };
const given: readonly OptionSpec[] = [
  {
    flags: '--set <NAME=VALUE>',
    what: 'value of a $NAME, before --values, the environment and .env',
    repeatable: true,
  },
  values,
];
const inputs: OptionSpec = {
  flags: '-f, --filename <file>',
  what: 'a manifest, a Meshfile, a session, a folder with some, or - for standard input',
  repeatable: true,
  required: true,
};
const sessionFile: readonly OptionSpec[] = [
  cas,
  { flags: '-e, --set <NAME=VALUE>', what: 'value of a variable in the file', repeatable: true },
  values,
  { flags: '--yes-not-confidential', what: 'send explicit secret values even to a CAS that protects nothing' },
];

/** Every command of sconectl, in the order of its help. */
export const commands: readonly CommandSpec[] = [
  {
    name: 'apply',
    summary: 'build a confidential image, or set up an application, from a manifest',
    options: [
      { flags: '-f, --filename <file>', what: 'a service manifest or a Meshfile', repeatable: true, required: true },
      target,
      ...given,
      {
        flags: '--tee <tee>',
        what: 'what to build for, and what the images of a Meshfile have to be for; sim protects nothing (default: sim)',
        choices: ['sim', 'sgx', 'tdx', 'snp'],
      },
      { flags: '-d, --dry-run', what: 'send nothing to the CAS' },
      { flags: '-n, --no-push', what: 'keep the image in the local store' },
      { flags: '--no-pull', what: 'use images of the local store only' },
      { flags: '--yes-not-confidential', what: 'send explicit secret values even to a CAS that protects nothing' },
    ],
    outputs: ['text', 'json', 'helm_chart', 'yaml'],
    outputNote: 'helm_chart needs a Meshfile, whose chart is written whatever the form; yaml is not supported yet',
    later: [
      '--mode',
      '-p',
      '--print-defaults',
      '-m',
      '--maa',
      '--otp',
      '--policy-namespace',
      '--release',
      '--signing-url',
    ],
    examples: [
      ['build the image that service.yml describes', 'sconectl apply -f service.yml'],
      ['derive and upload the sessions of mesh.yml, and write its chart', 'sconectl apply -f mesh.yml'],
      ['both, with a value for $VERSION', 'sconectl apply -f service.yml -f mesh.yml --set VERSION=1.2'],
    ],
    load: () => import('./apply.ts'),
  },
  {
    name: 'check',
    summary: 'find everything that is wrong with manifests, Meshfiles and sessions',
    options: [inputs, ...given, { flags: '--strict', what: 'let warnings be errors' }],
    outputs: ['text', 'json', 'sarif'],
    outputNote: 'one of json and sarif',
    examples: [
      ['everything in this folder and below', 'sconectl check -f .'],
      ['a Meshfile with the manifests of its services', 'sconectl check -f service.yml -f mesh.yml --set VERSION=1.2'],
      ['for a code host', 'sconectl check -f . --output sarif > check.sarif'],
    ],
    load: () => import('./check.ts'),
  },
  {
    name: 'vars',
    summary: 'list every variable of manifests, Meshfiles and sessions, with its value and where that is from',
    options: [inputs, ...given],
    examples: [['what the files of this folder need', 'sconectl vars -f .']],
    load: () => import('./vars.ts'),
  },
  {
    name: 'run',
    operands: '[folder]',
    summary: 'run the services of an applied mesh on this machine',
    options: [
      { flags: '--runc <path>', what: 'the OCI runtime to use, instead of runc or crun from PATH' },
      {
        flags: '--cas-addr <host:port>',
        what: 'where the attestation port of the CAS is reached; its key stays the same',
      },
      { flags: '--grace <seconds>', what: 'time between SIGTERM and SIGKILL', default: '10' },
    ],
    examples: [
      ['run what was applied into ./target', 'sconectl run'],
      ['what was applied into another folder, as JSON lines', 'sconectl run build/target --output json'],
    ],
    load: () => import('./run.ts'),
  },
  {
    name: 'cas start',
    summary: 'start a CAS in the foreground',
    options: [
      { flags: '--simulation', what: 'without a TEE, for trying things out; protects nothing' },
      { flags: '--data <folder>', what: 'where its ledger lies (default: cas in the home of sconectl)' },
      { flags: '--listen <host:port>', what: 'address for clients (default: 127.0.0.1:8081)' },
      { flags: '--service-listen <host:port>', what: 'address for services (default: 127.0.0.1:18765)' },
    ],
    examples: [
      ['a CAS for trying things out', 'sconectl cas start --simulation'],
      ['with its ledger and ports elsewhere', 'sconectl cas start --simulation --data ./cas --listen 127.0.0.1:9081'],
    ],
    load: () => import('./cas-start.ts'),
  },
  {
    name: 'cas attest',
    operands: '<host[:port]>',
    summary: 'attest a CAS and pin its key',
    options: [{ flags: '-c, --cas-key <hash>', what: 'the key hash that the CAS must have' }, ...tolerance],
    later: [
      '-s',
      '--mrenclave',
      '--mrsigner',
      '--isvprodid',
      '--isvsvn',
      '--only_for_testing_allow-unprovisioned-cas',
      '--allow-cas-owner-secret-access',
    ],
    examples: [
      ['a CAS that has to be in order', 'sconectl cas attest cas.example.org'],
      [
        'a simulated one, for testing',
        'sconectl cas attest localhost --only_for_testing-trust-any --only_for_testing-debug --only_for_testing-ignore-signer',
      ],
    ],
    load: () => import('./cas-attest.ts'),
  },
  {
    name: 'cas list',
    summary: 'list the CASes that were attested from here',
    options: [],
    examples: [['which CASes are pinned', 'sconectl cas list']],
    load: () => import('./cas-list.ts'),
  },
  {
    name: 'cas forget',
    operands: '<host[:port]>',
    summary: 'forget the key and the history of a CAS',
    options: [],
    examples: [['after a CAS was set up anew on purpose', 'sconectl cas forget localhost:8081']],
    load: () => import('./cas-forget.ts'),
  },
  {
    name: 'cas log',
    operands: '<session>',
    summary: 'show what the ledger of a CAS holds about a session',
    options: [cas],
    examples: [['who changed and who received it', 'sconectl cas log myPythonApp/pythonapp']],
    load: () => import('./cas-log.ts'),
  },
  {
    name: 'session read',
    operands: '<session>',
    summary: 'show a session as the CAS has it',
    options: [cas, { flags: '--reveal', what: 'with its explicit secret values; the ledger records it' }],
    examples: [['the session of one service', 'sconectl session read myPythonApp/pythonapp']],
    load: () => import('./session-read.ts'),
  },
  {
    name: 'session hash',
    operands: '<file>',
    summary: 'calculate the hash of a session file',
    options: [{ flags: '-e, --set <NAME=VALUE>', what: 'value of a variable in the file', repeatable: true }, values],
    examples: [['the hash that a CAS would give it', 'sconectl session hash session.yml']],
    load: () => import('./session-hash.ts'),
  },
  {
    name: 'session create',
    operands: '<file>',
    summary: 'create a session on a CAS',
    options: sessionFile,
    examples: [['upload a session that is not there yet', 'sconectl session create session.yml']],
    load: () => import('./session-create.ts'),
  },
  {
    name: 'session update',
    operands: '<file>',
    summary: 'replace a session on a CAS',
    options: sessionFile,
    examples: [['replace the session that is in force now', 'sconectl session update session.yml']],
    load: () => import('./session-update.ts'),
  },
  {
    name: 'image list',
    summary: 'list the images in the local store',
    options: [],
    examples: [['what was built here', 'sconectl image list']],
    load: () => import('./image-list.ts'),
  },
  {
    name: 'image inspect',
    operands: '<image>',
    summary: 'check an image of the local store and show what it holds',
    options: [],
    examples: [['digests, runtime and service of an image', 'sconectl image inspect print-env:latest']],
    load: () => import('./image-inspect.ts'),
  },
  {
    name: 'image unpack',
    operands: '<image> <folder>',
    summary: 'check an image of the local store and unpack it into a new folder',
    options: [],
    examples: [['a root file system for runc by hand', 'sconectl image unpack print-env:latest ./bundle/rootfs']],
    load: () => import('./image-unpack.ts'),
  },
  ...evidenceCommands,
  {
    name: 'self show',
    summary: 'show who this client is to a CAS',
    options: [],
    examples: [['the key hash for an access policy', 'sconectl self show']],
    load: () => import('./self-show.ts'),
  },
];

/** What the groups of commands are for. */
export const groups: { readonly [name: string]: string } = {
  cas: 'start, attest and ask CASes',
  session: 'read and write session policies',
  image: 'look into the local image store',
  evidence: 'verify quotes and reports of TEEs',
  collateral: 'get and look into what judges evidence',
  self: 'this client',
};
