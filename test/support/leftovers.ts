import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What a machine shows at one moment, of the things that a test could leave behind. */
export interface Snapshot {
  /** `pid:start time` to a line that says what it is, followed by its environment and mounts. */
  processes: Map<string, string>;
  mounts: Set<string>;
  /** Path to the ids of the processes in it. */
  cgroups: Map<string, string[]>;
  /** Entries of the home folder and of the folders that everybody may write. */
  files: Set<string>;
}

export interface Leftovers {
  /** Certainly or very probably from the tests: a failure. */
  ours: string[];
  /** New in the same time, maybe of another program: only shown. */
  notes: string[];
}

/**
 * Names that we, or the tools we call, give to what they keep outside the folder they were told to use. What listens
 * to TMPDIR, HOME or the XDG variables is not here: under `npm test` these lead into the run's own folder.
 */
const ourNames = /sconectl|^\.cas$|runc|umoci|skopeo|^containers$|helm/;

/**
 * What is new in the second snapshot. A process, mount or cgroup is ours when it carries one of the marks: the name of
 * the run in its environment, or a path below the run's own folder. A file is ours when a tool of ours names it so.
 */
export function findLeftovers(before: Snapshot, after: Snapshot, marks: readonly string[]): Leftovers {
  const marked = (text: string) => marks.some((mark) => text.includes(mark));
  const found: Leftovers = { ours: [], notes: [] };
  const judge = (ours: boolean, text: string) => found[ours ? 'ours' : 'notes'].push(text);
  for (const [key, line] of after.processes) {
    // Only its first line is shown: an environment may hold what belongs into no log.
    if (!before.processes.has(key) && marked(line)) found.ours.push(`process ${line.split('\n')[0]}`);
  }
  for (const mount of fresh(before.mounts, after.mounts)) judge(marked(mount), `mount ${mount}`);
  for (const [cgroup, pids] of after.cgroups) {
    // One with processes is a container that runs: ours if a process of it is, which is said already.
    if (!before.cgroups.has(cgroup)) judge(pids.length === 0 && /sconectl/.test(cgroup), `cgroup ${cgroup}`);
  }
  const files = fresh(before.files, after.files);
  for (const path of files) {
    // A new folder stands for what it holds.
    if (files.some((other) => path.startsWith(`${other}/`))) continue;
    judge(
      path.split('/').some((name) => ourNames.test(name)),
      `file ${path}`,
    );
  }
  return found;
}

function fresh(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  return [...after].filter((item) => !before.has(item));
}

/**
 * Looks at the machine. Never throws: what vanishes while it looks was no leftover.
 *
 * @param apart paths whose contents do not count: the project, npm's cache
 */
export function takeSnapshot(apart: readonly string[]): Snapshot {
  const files = new Set<string>();
  for (const place of [homedir(), '/tmp', '/var/tmp', '/run', '/dev/shm']) listInto(files, place, 3, apart);
  return { processes: processes(), mounts: mounts(), cgroups: cgroups(), files };
}

function processes(): Map<string, string> {
  const found = new Map<string, string>();
  const family = ancestors();
  for (const name of namesIn('/proc')) {
    if (!/^[0-9]+$/.test(name) || family.has(name)) continue;
    const folder = join('/proc', name);
    const stat = text(join(folder, 'stat'))
      .replace(/^.*\) /s, '')
      .split(' ');
    const [state, start] = [stat[0], stat[19]];
    // A zombie holds nothing; its parent has only not asked for it yet.
    if (start === undefined || state === 'Z') continue;
    const seen = ['cwd', 'exe', 'root'].map((link) => target(join(folder, link)));
    const command = text(join(folder, 'cmdline')).replaceAll(/[\0\n]/g, ' ');
    const rest = ['environ', 'mountinfo'].map((part) => text(join(folder, part)));
    found.set(`${name}:${start}`, [[name, ...seen, command].join(' '), ...rest].join('\n'));
  }
  return found;
}

/** This process and those above it, which carry the same marks. */
function ancestors(): Set<string> {
  const found = new Set<string>();
  for (let pid = String(process.pid); pid !== '0' && pid !== ''; ) {
    found.add(pid);
    pid =
      text(join('/proc', pid, 'stat'))
        .replace(/^.*\) /s, '')
        .split(' ')[1] ?? '';
  }
  return found;
}

function mounts(): Set<string> {
  // Without the first two numbers, which are given anew; root, mount point, type and source say what it is.
  return new Set(
    text('/proc/self/mountinfo')
      .split('\n')
      .map((line) => line.split(' ').slice(2).join(' ')),
  );
}

function cgroups(): Map<string, string[]> {
  const found = new Set<string>();
  listInto(found, '/sys/fs/cgroup', 5, [], true);
  return new Map([...found].map((path) => [path, text(join(path, 'cgroup.procs')).split('\n').filter(Boolean)]));
}

function listInto(
  found: Set<string>,
  folder: string,
  depth: number,
  apart: readonly string[],
  foldersOnly = false,
): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (apart.includes(path)) continue;
      if (!foldersOnly || entry.isDirectory()) found.add(path);
      if (entry.isDirectory() && depth > 1) listInto(found, path, depth - 1, apart, foldersOnly);
    }
  } catch {
    // Not there, not ours to read, or gone meanwhile.
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
