import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { canonicalBytes } from '../core/json.ts';
import { exclusively } from '../oci/exclusive.ts';
import { writeDurably } from '../oci/layout.ts';
import { sweep, unfinished } from '../oci/sweep.ts';
import { aptConfiguration, aptPreferences, aptStatus, onlyForScripts } from './apt-files.ts';
import { type Finished, lastLines, plainEnvironment, run } from './process.ts';

/** A Debian package at one version, as the signed index of its archive has it. */
export interface Package {
  name: string;
  version: string;
  architecture: string;
  /** Of the .deb, hex. */
  sha256: string;
}

/** The private apt of a cache folder: own lists and an own, nearly empty package database. */
export interface Apt {
  /** The packages that an installation of `roots` would bring, sorted by name. */
  resolve: (roots: readonly string[]) => Promise<Package[]>;
  /** The files of these packages, from the cache or the archive; each has the SHA-256 it must have. */
  fetch: (packages: readonly Package[]) => Promise<Map<string, string>>;
}

export interface AptOptions {
  /** `$SCONECTL_HOME/cache`. */
  cache: string;
  /** Debian's name of a release: `bookworm`. */
  release: string;
  /** Debian's name of an architecture: `amd64`. */
  architecture: string;
  clock: Clock;
  progress: (text: string) => void;
  /** Ends apt. */
  signal?: AbortSignal;
}

/** Package lists younger than this are not fetched again. */
const freshMilliseconds = 24 * 3600 * 1000;

/**
 * Uses the machine's own sources and keyring, as any user, and touches nothing of the machine's package state: lists,
 * cache and status file are below the cache folder, hooks of the machine's configuration do not run, and only the
 * suites of the one release count.
 */
export function openApt({ cache, release, architecture, clock, progress, signal }: AptOptions): Apt {
  const folder = join(cache, 'apt', `${release}-${architecture}`);
  const debs = join(cache, 'debs');
  const configuration = join(folder, 'apt.conf');
  const suites = [release, `${release}-updates`, `${release}-security`];

  const apt = async (program: string, args: readonly string[], cwd = folder): Promise<Finished> =>
    run(program, ['-c', configuration, ...args], {
      cwd,
      env: plainEnvironment(),
      ...(signal === undefined ? {} : { signal }),
    });

  async function prepare(): Promise<void> {
    for (const part of ['lists/partial', 'archives/partial', 'sources.d', 'preferences.d']) {
      await mkdir(join(folder, part), { recursive: true });
    }
    await writeFile(join(folder, 'status'), aptStatus(architecture));
    await writeFile(join(folder, 'preferences'), aptPreferences(suites));
    await writeFile(configuration, aptConfiguration(folder, architecture, 'machine'));
    await chooseSources();
    await writeFile(configuration, aptConfiguration(folder, architecture, 'chosen'));
  }

  /**
   * Takes over, as links, those of the machine's source files that name the release, or a suite that may be it under
   * another name; which it is, the signed Release file says, and the preferences go by that.
   */
  async function chooseSources(): Promise<void> {
    const format = '$(RELEASE) $(SOURCESENTRY)';
    const listed = await apt('apt-get', ['indextargets', '--no-release-info', '--format', format]);
    const files = new Set<string>();
    for (const line of listed.stdout.split('\n')) {
      const [suite = '', ...entry] = line.split(' ');
      const named = suites.includes(suite) || /^(?:old){0,2}stable(?:-updates|-security)?$/.test(suite);
      const file = entry.join(' ').replace(/:[0-9]+$/, '');
      if (named && file.startsWith('/')) files.add(file);
    }
    if (files.size === 0) {
      throw new SconeError('E_APT', `this machine's apt knows no source of Debian ${release}`, {
        expected: `a source with the suite ${release} in /etc/apt/sources.list or /etc/apt/sources.list.d`,
        causes: lastLines(listed.stderr),
        hint: `Add a source of Debian ${release}, or take an OCI layout as the base (build.from: oci:<folder>).`,
      });
    }
    const chosen = join(folder, 'sources.d');
    for (const old of await readdir(chosen)) await rm(join(chosen, old));
    let count = 0;
    for (const file of [...files].sort()) await symlink(file, join(chosen, `${count++}-${basename(file)}`));
  }

  /** Fetches the package lists unless they are fresh. Old lists are better than none: then a failure is only said. */
  async function update(force = false): Promise<void> {
    const stamp = join(folder, 'updated');
    const last = await stat(stamp).catch(() => undefined);
    const now = clock();
    if (!force && last !== undefined && Math.abs(now.getTime() - last.mtimeMs) < freshMilliseconds) return;
    await prepare();
    progress(`fetching the package lists of Debian ${release}`);
    const updated = await apt('apt-get', ['update']);
    // A source that could not be reached is only a warning to apt.
    const failed = updated.code !== 0 || /^(?:W: Failed to fetch|E:|Err:)/m.test(`${updated.stdout}${updated.stderr}`);
    if (failed && last === undefined) {
      throw new SconeError('E_APT', `the package lists of Debian ${release} cannot be fetched`, {
        causes: lastLines(updated.stderr),
        hint: 'See whether "apt-get update" works on this machine; a proxy belongs into /etc/apt/apt.conf.d.',
      });
    }
    if (failed) progress('the package lists cannot be fetched now; going on with those of an earlier day');
    else await writeDurably(stamp, Buffer.from(`${rfc3339(now)}\n`));
  }

  async function resolve(roots: readonly string[]): Promise<Package[]> {
    await mkdir(folder, { recursive: true });
    return exclusively(
      folder,
      async () => {
        await update();
        const known = await lastResolution(roots);
        if (known !== undefined) return known;
        const found = await apt('apt-get', ['--yes', '--print-uris', 'install', ...roots]);
        const packages = found.stdout
          .split('\n')
          .filter((line) => line.startsWith("'"))
          .map(parseUri);
        if (found.code !== 0 || packages.length === 0) {
          throw new SconeError('E_APT', `apt cannot choose the packages of a Debian ${release} base`, {
            causes: lastLines(`${found.stdout}${found.stderr}`),
            hint: 'See whether the sources of this machine hold the main component of the release.',
          });
        }
        packages.sort((a, b) => (a.name < b.name ? -1 : 1));
        await writeDurably(join(folder, 'resolved'), canonicalBytes({ of: await listsName(roots), packages }));
        return packages;
      },
      patience,
    );
  }

  /** The same lists and the same roots give the same packages; apt takes a second to say so again. */
  async function lastResolution(roots: readonly string[]): Promise<Package[] | undefined> {
    try {
      const { of, packages } = JSON.parse(await readFile(join(folder, 'resolved'), 'utf8')) as Resolution;
      return of === (await listsName(roots)) ? packages : undefined;
    } catch {
      return undefined;
    }
  }

  async function listsName(roots: readonly string[]): Promise<string> {
    const stamp = await readFile(join(folder, 'updated'), 'utf8').catch(() => 'no lists');
    return `${stamp.trim()} ${roots.join(' ')} without ${onlyForScripts.join(' ')}`;
  }

  async function fetch(packages: readonly Package[]): Promise<Map<string, string>> {
    const files = new Map(packages.map((item) => [item.name, join(debs, `${item.sha256}.deb`)]));
    if ((await absent(packages)).length === 0) return files;
    await mkdir(folder, { recursive: true });
    await mkdir(debs, { recursive: true });
    await exclusively(
      folder,
      async () => {
        const wanted = await absent(packages);
        if (wanted.length === 0) return;
        await sweep(folder, 'all');
        await update();
        progress(`downloading ${wanted.length} Debian packages`);
        const first = await download(wanted);
        if (first === undefined) return;
        // The lists may be older than the archive, which drops a version when the next one comes.
        await update(true);
        const second = await download(await absent(packages));
        if (second !== undefined) throw gone(await absent(packages), second);
      },
      patience,
    );
    return files;
  }

  async function absent(packages: readonly Package[]): Promise<Package[]> {
    const have = new Set(await readdir(debs).catch(() => []));
    return packages.filter((item) => !have.has(`${item.sha256}.deb`));
  }

  /** What apt said, where not all came. */
  async function download(packages: readonly Package[]): Promise<Finished | undefined> {
    const scratch = await mkdtemp(join(folder, unfinished));
    try {
      // apt fetches as its own user where it can, who needs to get in here.
      await chmod(scratch, 0o755);
      const names = packages.map((item) => `${item.name}:${item.architecture}=${item.version}`);
      const said = await apt('apt-get', ['download', ...names], scratch);
      for (const name of await readdir(scratch)) {
        const file = join(scratch, name);
        const sha256 = await fileSha256(file);
        if (packages.some((item) => item.sha256 === sha256)) await rename(file, join(debs, `${sha256}.deb`));
      }
      return (await absent(packages)).length === 0 ? undefined : said;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  return { resolve, fetch };
}

interface Resolution {
  of: string;
  packages: Package[];
}

const patience = { milliseconds: 15 * 60 * 1000 };

function gone(packages: readonly Package[], said: Finished): SconeError {
  const names = packages.map((item) => `${item.name} ${item.version}`);
  return new SconeError('E_APT', 'the archive does not offer these packages any more, or not with these bytes', {
    expected: names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : ''),
    causes: lastLines(said.stderr),
    hint:
      'A Debian archive keeps only the newest version. Use a cache folder or an archive of snapshots that ' +
      'still has them, or remove service.lock.yml to take the present versions; the image then has another digest.',
  });
}

/** `'uri' name_version_arch.deb size SHA256:hex`; in the file name a colon of the version is `%3a`. */
function parseUri(line: string): Package {
  const match = /^'[^']*' ([^ _]+)_([^ _]+)_([^ _]+)\.deb [0-9]+ SHA256:([0-9a-f]{64})$/.exec(line.trim());
  const [, name, version, architecture, sha256] = match ?? [];
  if (name === undefined || version === undefined || architecture === undefined || sha256 === undefined) {
    throw new SconeError('E_APT', 'apt names a package in a way that is not understood', { found: line.slice(0, 300) });
  }
  return { name, version: version.replaceAll('%3a', ':'), architecture, sha256 };
}

async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file) as AsyncIterable<Buffer>) hash.update(part);
  return hash.digest('hex');
}
