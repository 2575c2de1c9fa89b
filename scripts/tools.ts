// Brings the programs that only tests need into target/tools. `bringTools` runs this file under a lock; by hand:
// `scripts/with-node scripts/tools.ts NAME...`
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { systemClock } from '../src/core/clock.ts';
import { openApt } from '../src/image/apt.ts';
import { hostArchitecture } from '../src/image/base.ts';
import { sharedCache } from '../test/support/home.ts';
import { tools as folder, type ToolName, toolNames } from '../test/support/tools.ts';
import { type CommandOptions, runCommand } from './command.ts';
import { root } from './environment.ts';

/** The newest helm v3 that Go 1.24 builds (v3.20 asks for 1.25). */
const helm = { module: 'helm.sh/helm/v3', version: 'v3.19.5' };

const bin = join(folder, 'bin');

/**
 * Makes sure that the tools are there. Says what it does before it downloads; two calls at once wait for each other;
 * what is there already is left alone. Rejects with what the installation printed.
 */
export async function bringTools(names: readonly ToolName[], print: (text: string) => void): Promise<void> {
  const missing = names.filter((name) => !existsSync(join(bin, name)));
  if (missing.length === 0) return;
  await mkdir(bin, { recursive: true });
  const args = [join(folder, '.lock'), process.execPath, import.meta.filename, ...missing];
  const { code, output } = await runCommand('flock', args, { onOutput: (chunk) => print(chunk.trimEnd()) });
  if (code !== 0)
    throw new Error(`the test tools ${missing.join(', ')} could not be installed (exit ${code})\n${output}`);
}

async function install(name: ToolName): Promise<void> {
  if (existsSync(join(bin, name))) return;
  const began = performance.now();
  await (name === 'helm' ? installHelm() : installPackage(name));
  const { code, output } = await runCommand(join(bin, name), [name === 'helm' ? 'version' : '--version']);
  if (code !== 0) {
    await rm(join(bin, name), { force: true });
    throw new Error(`${name} was installed and does not run:\n${output}`);
  }
  console.log(`${name} is in ${relative(root, folder)} (${((performance.now() - began) / 1000).toFixed(0)} s)`);
}

/** Unpacks a Debian package and the libraries it needs; nothing is installed, no script of a package runs. */
async function installPackage(name: string): Promise<void> {
  console.log(`Downloading the Debian package ${name} and its libraries into ${relative(root, folder)} ...`);
  const draft = join(folder, `.${name}.new`);
  await rm(draft, { recursive: true, force: true });
  const files = await downloadPackages(name);
  for (const deb of files.values()) await demand('dpkg-deb', ['-x', deb, draft]);
  const version = await demand('dpkg-deb', ['--field', files.get(name) ?? '', 'Version']);
  const home = join(folder, `${name}-${version.trim()}`);
  await rm(home, { recursive: true, force: true });
  await rename(draft, home);

  const program =
    ['usr/sbin', 'usr/bin'].map((place) => join(home, place, name)).find((path) => existsSync(path)) ?? '';
  const libraries: string[] = [];
  for (const part of ['usr/lib', 'lib']) {
    for (const triplet of await names(join(home, part))) {
      if (triplet.endsWith('-linux-gnu')) libraries.push(join(home, part, triplet));
    }
  }
  const words = libraries.length === 0 ? [] : [`LD_LIBRARY_PATH=${quote(libraries.join(':'))}`];
  words.push('exec', quote(program));
  // skopeo wants a policy, and a machine without containers has none in /etc.
  const policy = join(home, 'etc/containers/policy.json');
  if (existsSync(policy)) words.push('--policy', quote(policy));
  await place(name, async (path) => {
    await writeFile(path, `#!/bin/sh\n${words.join(' ')} "$@"\n`);
    await chmod(path, 0o755);
  });
}

/** The files of a package and of the libraries of its closure. */
async function downloadPackages(name: string): Promise<Map<string, string>> {
  const release = /^VERSION_CODENAME=(.+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? '';
  const apt = openApt({
    cache: sharedCache,
    release,
    architecture: hostArchitecture(),
    clock: systemClock,
    progress: (text) => console.log(`  ${text}`),
  });
  const packages = await apt.resolve([name]);
  // The libraries of a C system are the machine's: a libc of another build does not work with its loader.
  const wanted = /^lib(?!c6$|gcc-s1$|perl|db|pam|semanage)|containers-common$/;
  return apt.fetch(packages.filter((item) => item.name === name || wanted.test(item.name)));
}

/** Builds helm with Go: no Debian and no npm package ships it. Only the binary stays. */
async function installHelm(): Promise<void> {
  const home = join(folder, `helm-${helm.version}`);
  const build = join(folder, '.helm.new');
  await rm(build, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  console.log(`Building helm ${helm.version} with Go from its source, about two minutes, once ...`);
  const began = performance.now();
  let packages = 0;
  let said = began;
  const env = {
    GOPATH: join(build, 'path'),
    GOMODCACHE: join(build, 'mod'),
    GOCACHE: join(build, 'cache'),
    GOBIN: build,
    CGO_ENABLED: '0',
  };
  const onOutput = (chunk: string) => {
    packages += chunk.split('\n').length - 1;
    if (performance.now() - said < 10_000) return;
    said = performance.now();
    console.log(`  helm: ${packages} modules and packages done, ${((said - began) / 1000).toFixed(0)} s`);
  };
  const args = ['install', '-v', '-trimpath', '-ldflags', '-s -w', `${helm.module}/cmd/helm@${helm.version}`];
  await demand('go', args, { cwd: folder, env, onOutput });
  await rename(join(build, 'helm'), join(home, 'helm'));
  await rm(build, { recursive: true, force: true });
  await place('helm', (path) => symlink(join(home, 'helm'), path));
}

/** The entry below `bin` comes last and at once: whoever sees it may use it. */
async function place(name: string, write: (path: string) => Promise<void>): Promise<void> {
  const draft = join(bin, `.${name}.new`);
  await rm(draft, { force: true });
  await write(draft);
  await rename(draft, join(bin, name));
}

async function demand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, output } = await runCommand(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

async function names(path: string): Promise<string[]> {
  return existsSync(path) ? (await readdir(path)).sort() : [];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

if (import.meta.main) {
  for (const name of process.argv.slice(2)) {
    const known = toolNames.find((one) => one === name);
    if (known === undefined) throw new Error(`unknown tool ${name}; known: ${toolNames.join(', ')}`);
    await mkdir(bin, { recursive: true });
    await install(known);
  }
}
