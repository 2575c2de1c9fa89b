import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hex, utf8 } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';

/** Something that was fetched, and when. */
export interface Kept {
  bytes: Uint8Array;
  fetched: Date;
}

/**
 * What was fetched, on disk: `content/<SHA-256>` holds bytes under their own hash, `names/<SHA-256 of the name>.json`
 * says which bytes a name stands for and since when. A damaged or strange file counts as missing; the folder may be
 * removed at any time.
 */
export class Cache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(name: string): Promise<Kept | undefined> {
    return (await this.#entry(name))?.kept;
  }

  async #entry(name: string): Promise<{ digest: string; kept: Kept } | undefined> {
    try {
      const entry = parseJson(await readFile(this.#namePath(name)), 'name in the cache');
      if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return undefined;
      const { v, name: entryName, sha256: digest, fetched } = entry;
      if (v !== 1 || entryName !== name || typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) {
        return undefined;
      }
      const bytes = await readFile(this.#contentPath(digest));
      const date = new Date(typeof fetched === 'string' ? fetched : Number.NaN);
      if (hex(sha256(bytes)) !== digest || Number.isNaN(date.getTime())) return undefined;
      return { digest, kept: { bytes: new Uint8Array(bytes), fetched: date } };
    } catch (error) {
      if (error instanceof SconeError || systemCode(error) !== undefined) return undefined;
      throw error;
    }
  }

  /** Throws `E_STORE`. */
  async write(name: string, { bytes, fetched }: Kept): Promise<void> {
    const digest = hex(sha256(bytes));
    const before = await this.#entry(name);
    await writeWhole(this.#contentPath(digest), bytes);
    const entry = { v: 1, name, sha256: digest, fetched: rfc3339(fetched) };
    await writeWhole(this.#namePath(name), utf8(`${JSON.stringify(entry)}\n`));
    // A day's collateral after the other would fill the disk. Another name of the same bytes finds them missing.
    if (before !== undefined && before.digest !== digest) await rm(this.#contentPath(before.digest), { force: true });
  }

  #contentPath(digest: string): string {
    return join(this.#folder, 'content', digest);
  }

  #namePath(name: string): string {
    return join(this.#folder, 'names', `${hex(sha256(utf8(name)))}.json`);
  }
}

/** The old bytes or the new ones, whenever somebody looks. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(draft, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new SconeError('E_STORE', `the cache of collateral cannot be written: ${path}`, { cause });
  }
}
