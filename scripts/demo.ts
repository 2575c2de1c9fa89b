// The whole path on this machine: `npm run demo`. Works in target/demo and nowhere else.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { tool, tools } from '../test/support/tools.ts';
import { root, toolEnvironment } from './environment.ts';
import { bringTools } from './tools.ts';

const demo = join(root, 'target', 'demo');
const home = join(demo, 'home');
const folder = join(demo, 'hello');
const sconectl = join(root, 'src', 'cli', 'main.ts');
const environment = { ...toolEnvironment(), SCONECTL_HOME: home, NO_COLOR: '1' };

/** Lines of the program that show that it runs with its configuration. */
const greeting = /Hello, .*! The checksum of your password is [0-9a-f]{16}\./;

interface Step {
  what: string;
  seconds: number;
}

const steps: Step[] = [];
const running = new Set<ChildProcess>();

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  console.log(`\n== ${what}`);
  const began = performance.now();
  try {
    return await work();
  } finally {
    steps.push({ what, seconds: (performance.now() - began) / 1000 });
  }
}

/** Starts sconectl; it stops with this process. */
function start(args: readonly string[]): ChildProcess {
  console.log(`$ sconectl ${args.join(' ')}`);
  const child = spawn(process.execPath, [sconectl, ...args], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches only this process, which stops the others in order.
    detached: true,
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? 1);
    else child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function sconectlDone(...args: readonly string[]): Promise<void> {
  const child = start(args);
  child.stdout?.pipe(process.stdout, { end: false });
  const code = await ended(child);
  if (code !== 0) throw new Error(`sconectl ${args.join(' ')} ended with ${code}`);
}

/** Waits for a line of a process that fits; shows all that come before. */
async function lineOf(child: ChildProcess, pattern: RegExp, show: boolean): Promise<string> {
  if (child.stdout === null) throw new Error('a process without output was asked for a line');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      if (show) console.log(line);
      if (pattern.test(line)) resolve(line);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it said what was waited for`)));
  });
}

async function stopAll(): Promise<void> {
  for (const child of [...running].reverse()) {
    child.kill('SIGTERM');
    await ended(child);
  }
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => {
    try {
      accessSync(join(place, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What has to be there already; answers what is missing and how it comes. */
function missing(): string[] {
  return [
    ...(process.getuid?.() === 0 ? [] : ['root: containers are started with runc, as root']),
    ...(onPath('go')
      ? []
      : ['go, 1.24 or later: it compiles the runtime. On Debian: apt-get install golang-go, or https://go.dev/dl']),
    ...['apt-get', 'dpkg-deb', 'flock']
      .filter((name) => !onPath(name))
      .map((name) => `${name}: the demo builds on Debian packages and needs a Debian system`),
  ];
}

function announce(): void {
  console.log(
    'sconectl demo: from two manifests to a running, attested program. NOT CONFIDENTIAL: everything is simulated.',
  );
  console.log(
    `Everything is written below ${relative(process.cwd(), demo) || '.'}, and tools into ${relative(process.cwd(), tools)}.`,
  );
  if (tool('runc') === undefined && !onPath('runc'))
    console.log('It will download runc (a Debian package, unpacked, not installed).');
  if (!existsSync(join(home, 'cache', 'bases'))) {
    console.log('It will download Debian packages for the image (about 20 MB) and compile the runtime with Go. Once.');
  }
}

async function main(): Promise<void> {
  const absent = missing();
  if (absent.length > 0) {
    console.error(['The demo cannot run here. It needs', ...absent.map((what) => `  ${what}`)].join('\n'));
    process.exitCode = 2;
    return;
  }
  announce();
  await step('Set up', async () => {
    if (!onPath('runc')) await bringTools(['runc'], (text) => console.log(text));
    // A new CAS and a new owner each time; downloads and images stay.
    for (const path of ['cas', 'hello', 'home/config.json', 'home/identity.pem']) {
      await rm(join(demo, path), { recursive: true, force: true });
    }
    await mkdir(home, { recursive: true });
    await cp(join(root, 'examples', 'hello'), folder, {
      recursive: true,
      filter: (path) => !/\/(?:target|service\.lock\.yml|cas\.lock)$/.test(path),
    });
    console.log(`copied examples/hello to ${relative(process.cwd(), folder)}`);
  });
  await step('Start a simulated CAS', async () => {
    const data = join(demo, 'cas');
    const flags = ['--listen', '127.0.0.1:0', '--service-listen', '127.0.0.1:0'];
    const cas = start(['cas', 'start', '--simulation', '--data', data, ...flags]);
    const { client } = JSON.parse(await lineOf(cas, /^\{/, true)) as { client: string };
    const port = client.slice(client.lastIndexOf(':') + 1);
    const meshfile = join(folder, 'mesh.yml');
    const text = await readFile(meshfile, 'utf8');
    await writeFile(
      meshfile,
      text.replace(/cas_url: localhost$|cas_url: localhost(?= )/m, `cas_url: localhost:${port}`),
    );
    console.log(`mesh.yml of the demo now says cas_url: localhost:${port}`);
  });
  await step('Build the confidential image', () => sconectlDone('apply', '-f', 'service.yml'));
  await step('Attest the CAS, upload the sessions, write the chart', () => sconectlDone('apply', '-f', 'mesh.yml'));
  const service = await step('Run it: verify, attest, receive the configuration', async () => {
    const runc = tool('runc')?.path;
    const child = start(['run', ...(onPath('runc') || runc === undefined ? [] : ['--runc', runc])]);
    await lineOf(child, greeting, true);
    return child;
  });
  await step('Stop everything', async () => {
    service.kill('SIGTERM');
    const code = await ended(service);
    if (code !== 0) throw new Error(`the program ended with ${code}`);
    await stopAll();
  });
}

/** Time of each step, and of all. */
function table(): string {
  const all = [...steps, { what: 'all', seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0) }];
  const width = Math.max(...all.map(({ what }) => what.length));
  return all.map(({ what, seconds }) => `${what.padEnd(width)}  ${seconds.toFixed(2).padStart(7)} s`).join('\n');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    void stopAll().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  });
}
try {
  await main();
  if (steps.length > 0) console.log(`\n${table()}`);
} catch (error) {
  await stopAll();
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
