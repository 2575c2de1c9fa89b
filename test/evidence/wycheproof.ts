import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { need } from '../support/require.ts';

/** Project Wycheproof (Apache-2.0), as a Go module; nothing of it is copied into the project. */
const wycheproof = {
  version: 'github.com/C2SP/wycheproof@v0.0.0-20250901140545-b51abcfb8daf',
  sum: 'h1:5BKKVVVj676FUWirLcouEEL6GCYR9X0opkMlEUck8FY=',
};

const names = [
  'ecdsa_secp256r1_sha256_test',
  'ecdsa_secp256r1_sha256_p1363_test',
  'ecdsa_secp384r1_sha384_test',
  'ecdsa_secp384r1_sha384_p1363_test',
  'rsa_pss_4096_sha384_mgf1_48_test',
  'aes_gcm_test',
] as const;

export interface VectorGroup {
  publicKeyDer?: string;
  publicKeyAsn?: string;
  ivSize?: number;
  keySize?: number;
  tests: {
    tcId: number;
    comment: string;
    result: 'valid' | 'invalid' | 'acceptable';
    msg: string;
    sig?: string;
    key?: string;
    iv?: string;
    aad?: string;
    ct?: string;
    tag?: string;
  }[];
}

/** The groups of a file of vectors, downloaded once into target/cache; the test is skipped where that cannot be. */
export function vectorsOf(t: TestContext, name: (typeof names)[number]): VectorGroup[] | undefined {
  if (need(t, 'go') === undefined) return undefined;
  const folder = new URL('../../target/cache/wycheproof', import.meta.url).pathname;
  try {
    if (!existsSync(folder)) download(folder);
  } catch (error) {
    if (process.env['SCONECTL_REQUIRE'] === 'all') throw error;
    t.skip(`the vectors could not be downloaded: ${String(error).split('\n')[0]}`);
    return undefined;
  }
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')).testGroups;
}

function download(folder: string): void {
  mkdirSync(join(folder, '..'), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    const cache = join(work, 'mod');
    const environment = { ...process.env, GOMODCACHE: cache, GOFLAGS: '-modcacherw', GOTOOLCHAIN: 'local' };
    const options = { cwd: work, env: environment, encoding: 'utf8', timeout: 120_000 } as const;
    const { Dir, Sum } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', wycheproof.version], options));
    if (Sum !== wycheproof.sum) throw new Error(`the module has the sum ${Sum}, not ${wycheproof.sum}`);
    const draft = join(work, 'vectors');
    mkdirSync(draft);
    for (const name of names) copyFileSync(join(Dir, 'testvectors_v1', `${name}.json`), join(draft, `${name}.json`));
    copyFileSync(join(Dir, 'LICENSE'), join(draft, 'LICENSE'));
    // Two test runs may do this at once; the first one wins.
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
