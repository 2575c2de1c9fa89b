import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A new empty folder, removed with all it holds when the test ends. Below `target/tmp` under `npm test`. */
export function tempFolder(t: Pick<TestContext, 'after'>): string {
  mkdirSync(tmpdir(), { recursive: true });
  // A short name: paths of Unix sockets end at 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 't-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
