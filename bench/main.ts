// Measures what the project promises, with floors: `npm run bench` for everything, `npm run bench -- release cli` for
// some. Uses only this machine and its loopback (a build with an empty cache downloads Debian packages), writes only
// below target/bench, and leaves nothing running. docs/reference/benchmarks.md explains each number.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root, toolEnvironment } from '../scripts/environment.ts';
import { build } from './build.ts';
import { cli } from './cli.ts';
import { conditions, loadLines } from './conditions.ts';
import { benchEvidence } from './evidence.ts';
import { ground } from './ground.ts';
import { release } from './release.ts';
import { rowText } from './row.ts';
import { Scope } from './scope.ts';
import { start } from './start.ts';
import type { Subject } from './subject.ts';

const subjects: { [name: string]: { what: string; run: Subject } } = {
  cli: { what: 'the command line, until a command has ended', run: cli },
  build: { what: 'sconectl apply of examples/hello/service.yml', run: build },
  ground: { what: 'verification of a root file system of 1 GiB in 64 files', run: ground },
  start: { what: 'what the runtime adds to the start of a Python container', run: start },
  release: { what: 'attestation until the configuration is there, CAS on one core', run: release },
  evidence: { what: 'verification of evidence', run: ({ say }) => benchEvidence(say) },
};

const scratch = join(root, 'target', 'bench');
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !Object.hasOwn(subjects, name));
  if (unknown.length > 0) {
    print(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(subjects).join(', ')}`);
    return 2;
  }
  rmSync(join(scratch, 'tmp'), { recursive: true, force: true });
  mkdirSync(join(scratch, 'tmp'), { recursive: true });
  Object.assign(process.env, toolEnvironment(), { TMPDIR: join(scratch, 'tmp'), NO_COLOR: '1' });
  for (const line of conditions()) print(line);
  let failed = 0;
  for (const [name, { what, run }] of Object.entries(subjects)) {
    if (names.length > 0 && !names.includes(name)) continue;
    print(`\n${name}: ${what} (${loadLines()[0]})`);
    if (!(await measured(run))) failed++;
  }
  rmSync(join(scratch, 'tmp'), { recursive: true, force: true });
  return failed === 0 ? 0 : 1;
}

/** Runs a subject and undoes what it did; false where it could not be measured. */
async function measured(run: Subject): Promise<boolean> {
  const scope = new Scope();
  const stop = (): void => {
    void scope.close().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    await run({ scope, row: (row) => print(rowText(row)), say: (text) => print(`  ${text}`) });
    return true;
  } catch (error) {
    const lines = stripVTControlCharacters(error instanceof Error ? error.message : String(error)).split('\n');
    print(`  NOT measured: ${lines.slice(0, 8).join('\n    ')}`);
    return false;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
    await scope.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
