import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { tempFolder } from '../test/support/temp.ts';
import { compileLoad } from './load.ts';
import type { Subject } from './subject.ts';
import { median } from './timing.ts';

const files = 64;
const fileSize = 16 << 20;
const runs = 7;
/** OpenSSL is given pieces of the size in which the runtime reads. */
const block = 256 << 10;

/** The runtime's check of a root file system that is in memory already, against SHA-256 with nothing around it. */
export const ground: Subject = async ({ scope, row }) => {
  const folder = tempFolder(scope);
  const load = compileLoad(folder);
  const base = join(folder, 'root');
  mkdirSync(base);
  chmodSync(base, 0o755);
  const content = randomFillSync(Buffer.alloc(fileSize));
  for (let file = 0; file < files; file++) {
    content.writeUInt32BE(file);
    writeFileSync(join(base, `file-${String(file).padStart(2, '0')}`), content, { mode: 0o644 });
  }
  // Before and after, since the machine's clock and its other work change.
  const before = opensslRates();
  const result = await load.run<GroundResult>('ground', { folder: base, runs });
  const after = opensslRates();
  const cores = availableParallelism();
  const rate = result.bytes / median(result.seconds) / 1e6;
  const floor = (cores * (before.wall + after.wall)) / 2;
  row({
    name: `verified per second, ${cores} cores`,
    value: rate,
    unit: 'MB/s',
    floor: { name: `openssl speed -evp sha256 x ${cores}`, value: floor },
  });
  row({ name: 'part of what openssl does', value: (100 * rate) / floor, unit: '%', target: { atLeast: 80 } });
  const perProcessor = (runs * result.bytes) / result.processor / 1e6;
  row({
    name: 'the same per second of processor time',
    value: (200 * perProcessor) / (before.processor + after.processor),
    unit: '%',
    note: 'says more than the line above while other programs run',
  });
};

interface GroundResult {
  bytes: number;
  /** Of each check. */
  seconds: number[];
  /** Seconds of processor time of all checks. */
  processor: number;
}

/** MB/s of `openssl speed` on one core, by the clock and by its processor time. */
function opensslRates(): { wall: number; processor: number } {
  return { wall: opensslRate('-elapsed'), processor: opensslRate() };
}

function opensslRate(...more: string[]): number {
  const options = ['speed', '-mr', '-seconds', '1', '-bytes', String(block), ...more, '-evp', 'sha256'];
  const said = execFileSync('openssl', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [, rate] = /^\+F:\d+:[^:]+:([0-9.]+)/m.exec(said) ?? [];
  if (rate === undefined) throw new Error(`openssl speed said something unexpected: ${said}`);
  return Number(rate) / 1e6;
}
