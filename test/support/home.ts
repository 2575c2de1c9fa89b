import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempFolder } from './temp.ts';

/** What all tests share: downloads, by content; nothing a test could see of another. */
export const sharedCache = join(
  process.env['SCONECTL_HOME'] ?? new URL('../../target/test-home', import.meta.url).pathname,
  'cache',
);

/**
 * A state folder (`SCONECTL_HOME`) for one test: no configuration, no identity, no images; the downloads of all tests.
 * Removed when the test ends.
 */
export function freshHome(t: Pick<TestContext, 'after'>): string {
  const home = tempFolder(t);
  mkdirSync(sharedCache, { recursive: true });
  symlinkSync(sharedCache, join(home, 'cache'));
  return home;
}
