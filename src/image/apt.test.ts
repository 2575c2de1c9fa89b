import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { sha256Hex } from '../core/digest.ts';
import { type Apt, openApt, type Package } from './apt.ts';

const deb = Buffer.from('the bytes of a package');
const known: Package = { name: 'libc6', version: '1:2.36~x+b1', architecture: 'amd64', sha256: sha256Hex(deb) };

interface Machine {
  apt: Apt;
  cache: string;
  /** What apt-get was called with, a line each. */
  calls: () => string[];
  said: string[];
  /** Replaces parts of the machine's apt-get by other shell commands. */
  set: (parts: { [verb: string]: string }) => void;
}

/** A machine whose apt-get is a script of ours. */
function machine(t: TestContext, now = () => new Date('2026-11-23T12:00:00Z')): Machine {
  const folder = tempFolder(t);
  const cache = join(folder, 'cache');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(folder, 'debian.sources'), 'Suites: bookworm\n');
  const parts: { [verb: string]: string } = {
    indextargets: `echo "bookworm ${folder}/debian.sources:1"; echo "nodistro /etc/other.sources:1"`,
    update: 'true',
    install: `echo "Reading..."; echo "'http://mirror.example/l.deb' libc6_1%3a2.36~x+b1_amd64.deb 99 SHA256:${known.sha256}"`,
    download: `printf %s '${deb.toString()}' > libc6.deb`,
  };
  const write = (): void => {
    const cases = Object.entries(parts).map(([verb, command]) => `*" ${verb} "*) ${command};;`);
    const script = `#!/bin/sh\necho "$*" >> ${folder}/calls\ncase " $* " in\n${cases.join('\n')}\nesac\n`;
    writeFileSync(join(bin, 'apt-get'), script);
    chmodSync(join(bin, 'apt-get'), 0o755);
  };
  write();
  const path = process.env['PATH'];
  process.env['PATH'] = `${bin}:${path}`;
  t.after(() => {
    process.env['PATH'] = path;
  });
  const said: string[] = [];
  const progress = (text: string): void => void said.push(text);
  return {
    apt: openApt({ cache, release: 'bookworm', architecture: 'amd64', clock: now, progress }),
    cache,
    said,
    calls: () => (existsSync(`${folder}/calls`) ? readFileSync(`${folder}/calls`, 'utf8').trim().split('\n') : []),
    set: (changed) => {
      Object.assign(parts, changed);
      write();
    },
  };
}

const settings = (cache: string): string => readFileSync(join(cache, 'apt/bookworm-amd64/apt.conf'), 'utf8');

test('packages come with name, version and the SHA-256 of the signed index, and are found again in the cache', async (t) => {
  const { apt, cache, calls, said } = machine(t);
  const packages = await apt.resolve(['python3']);
  assert.deepEqual(packages, [known]);
  assert.deepEqual([...(await apt.fetch(packages))], [['libc6', join(cache, 'debs', `${known.sha256}.deb`)]]);
  assert.deepEqual(readFileSync(join(cache, 'debs', `${known.sha256}.deb`)), deb);
  const before = calls().length;
  assert.deepEqual(await apt.resolve(['python3']), packages);
  await apt.fetch(packages);
  assert.equal(calls().length, before, 'the second time apt is not asked');
  assert.deepEqual(said, ['fetching the package lists of Debian bookworm', 'downloading 1 Debian packages']);
});

test('the machine keeps its own state: lists, cache, status, hooks and sources are those of the folder', async (t) => {
  const { apt, cache, calls } = machine(t);
  await apt.resolve(['python3']);
  const conf = settings(cache);
  const folder = join(cache, 'apt/bookworm-amd64');
  for (const name of ['Dir::State', 'Dir::State::lists', 'Dir::State::status', 'Dir::Cache', 'Dir::Etc::sourceparts']) {
    assert.match(conf, new RegExp(`^${name} "${folder}`, 'm'));
  }
  assert.match(conf, /^#clear DPkg;$/m);
  assert.match(conf, /^#clear APT::Update;$/m);
  assert.match(conf, /^Acquire::AllowInsecureRepositories "false";$/m);
  assert.deepEqual(readdirSync(join(folder, 'sources.d')), ['0-debian.sources']);
  assert.match(
    readFileSync(join(folder, 'preferences'), 'utf8'),
    /Pin: release n=bookworm-security\nPin-Priority: 500/,
  );
  assert.match(readFileSync(join(folder, 'preferences'), 'utf8'), /Pin: release \*\nPin-Priority: -1/);
  assert.ok(calls().every((call) => call.startsWith(`-c ${folder}/apt.conf `)));
  assert.ok(calls().some((call) => call.includes('--print-uris')));
});

test('lists of a day are fetched again, and old ones do where the network does not', async (t) => {
  let now = new Date('2026-11-23T12:00:00Z');
  const { apt, cache, said, set } = machine(t, () => now);
  await apt.resolve(['python3']);
  const stamp = join(cache, 'apt/bookworm-amd64/updated');
  utimesSync(stamp, now, now);
  now = new Date('2026-11-25T12:00:00Z');
  set({ update: 'echo "W: Failed to fetch http://mirror.example" >&2' });
  assert.deepEqual(await apt.resolve(['python3']), [known]);
  assert.match(said.at(-1) ?? '', /going on with those of an earlier day/);
});

test('without lists and network the error says what to look at', async (t) => {
  const { apt, set } = machine(t);
  set({ update: 'echo "E: Could not resolve mirror" >&2; exit 100' });
  await assert.rejects(
    apt.resolve(['python3']),
    (error: Error & { code?: string; causes?: string[]; hint?: string }) => {
      assert.equal(error.code, 'E_APT');
      assert.deepEqual(error.causes, ['E: Could not resolve mirror']);
      assert.match(error.hint ?? '', /apt-get update/);
      return true;
    },
  );
});

test('a machine without sources of the release is told which are missing', async (t) => {
  const { apt, set } = machine(t);
  set({ indextargets: 'echo "trixie /etc/apt/sources.list.d/debian.sources:1"' });
  await assert.rejects(apt.resolve(['python3']), { code: 'E_APT', message: /no source of Debian bookworm/ });
});

test('packages that cannot be chosen, or are named in an unknown way, are an E_APT', async (t) => {
  const { apt, set } = machine(t);
  set({ install: 'echo "E: Unable to locate package python3" >&2; exit 100' });
  await assert.rejects(apt.resolve(['python3']), { code: 'E_APT', message: /cannot choose/ });
  set({ install: `echo "'http://x' libc6_1_amd64.deb 99 MD5Sum:00"` });
  await assert.rejects(apt.resolve(['python3']), { code: 'E_APT', found: /MD5Sum/ });
});

test('a locked package that the archive no longer has is named, after the lists were fetched anew', async (t) => {
  const { apt, calls, set } = machine(t);
  set({ download: `echo "E: Version '1' for 'libc6' was not found" >&2; exit 100` });
  await assert.rejects(apt.fetch([known]), {
    code: 'E_APT',
    expected: 'libc6 1:2.36~x+b1',
    hint: /an archive of snapshots/,
  });
  assert.equal(calls().filter((call) => call.endsWith(' update')).length, 2);
  assert.match(calls().find((call) => call.includes(' download ')) ?? '', /download libc6:amd64=1:2\.36~x\+b1$/);
});

test('a download with other bytes is not taken, and nothing of it stays', async (t) => {
  const { apt, cache, set } = machine(t);
  set({ download: 'echo evil > libc6.deb' });
  await assert.rejects(apt.fetch([known]), { code: 'E_APT', message: /not with these bytes/ });
  assert.deepEqual(readdirSync(join(cache, 'debs')), []);
  assert.deepEqual(
    readdirSync(join(cache, 'apt/bookworm-amd64')).filter((name) => name.startsWith('.new-')),
    [],
  );
});
