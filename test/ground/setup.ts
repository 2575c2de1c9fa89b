import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempFolder } from '../support/temp.ts';
import { compileRuntime } from './binaries.ts';
import { type Ended, type Start, start } from './bundle.ts';
import { type ImageOptions, readRuntime, type SmallImage, writeImage } from './image.ts';

/** What the tests of one file share: the compiled runtime, files of the machine, and a place for bundles. */
export interface Ground {
  folder: string;
  /** Files that engines bind: hosts, hostname, resolv.conf, termination-log, empty; folders for tmpfs: shm, memory. */
  host: string;
  runtime: Uint8Array;
  /** Writes a new image. */
  image: (options?: ImageOptions) => Promise<SmallImage>;
  /** Starts an image under runc, in a bundle of its own. */
  start: (image: SmallImage, options: Start) => Promise<Ended>;
}

export async function prepare(t: TestContext, runc: string, flavour: 'sim' | 'production' = 'sim'): Promise<Ground> {
  const folder = tempFolder(t);
  const runtime = await readRuntime(await compileRuntime(folder, flavour));
  const host = join(folder, 'host');
  for (const name of ['shm', 'memory/scone', 'memory/tmp', 'disk']) await mkdir(join(host, name), { recursive: true });
  for (const name of ['hosts', 'hostname', 'resolv.conf', 'termination-log']) {
    await writeFile(join(host, name), `the machine's ${name}\n`);
  }
  await writeFile(join(host, 'empty'), '');
  let count = 0;
  return {
    folder,
    host,
    runtime,
    image: (options) => writeImage(join(folder, `root${count++}`), runtime, options),
    start: (image, options) => start(runc, join(folder, `bundle${count++}`), image, options),
  };
}

/** The lines of a refusal, by what they are. */
export interface Refusal {
  code: string;
  message: string;
  causes: string[];
  hint: string;
}

/** Reads what the runtime printed; anything that is no refusal in its form is an error. */
export function readRefusal(ended: Ended): Refusal {
  const fatal = /^\[sconectl\|FATAL\] (E_[A-Z_]+): (.*)$/m.exec(ended.stderr);
  const hint = /^Hint: (.+)$/m.exec(ended.stderr);
  if (ended.code !== 101 || fatal === null || hint === null) {
    throw new Error(`no refusal: exit code ${ended.code}\n${ended.stderr}\n${ended.stdout}`);
  }
  const causes = [...ended.stderr.matchAll(/^Caused by: (.*)$/gm)].map((match) => match[1] ?? '');
  return { code: fatal[1] ?? '', message: fatal[2] ?? '', causes, hint: hint[1] ?? '' };
}

/** Whether the runtime accepted ground and image, and ended only because nobody answers as its CAS. */
export function isAccepted(ended: Ended): boolean {
  const { code, message } = readRefusal(ended);
  return code === 'E_CAS_UNREACHABLE' && message.startsWith('ground verified, no CAS');
}
