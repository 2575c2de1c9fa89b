import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import type { BytePath } from './path.ts';
import { unfinished } from './sweep.ts';
import type { Content } from './tree.ts';

/** A file that takes the contents of many files one behind the other, so that a large image need not fit into memory. */
export interface Spool {
  append: (parts: Parts, path?: BytePath) => Promise<SpooledFile>;
  /** Closes the file and removes it. */
  close: () => Promise<void>;
}

type Parts = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface SpooledFile {
  size: number;
  /** Lower-case hex. */
  sha256: string;
  content: Content;
}

/** Opens a spool at a path that must not exist. */
export async function openSpool(path: string): Promise<Spool> {
  const file: FileHandle = await open(path, 'wx', 0o600);
  let end = 0;
  return {
    append: async (parts) => {
      const offset = end;
      const hash = createHash('sha256');
      for await (const part of parts) {
        hash.update(part);
        await file.appendFile(part);
        end += part.length;
      }
      return { size: end - offset, sha256: hash.digest('hex'), content: { file: path, offset } };
    },
    close: async () => {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

/**
 * Runs with a spool, which goes away in any case. It lies in a folder of ours, under a name that `sweep` knows, so that
 * a killed process does not fill the disk for good.
 */
export async function withSpool<Result>(folder: string, run: (spool: Spool) => Promise<Result>): Promise<Result> {
  const scratch = await mkdtemp(join(folder, unfinished));
  try {
    const spool = await openSpool(join(scratch, 'contents'));
    try {
      return await run(spool);
    } finally {
      await spool.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A spool that measures every file and keeps the bytes of few: those of other paths cannot be read afterwards. */
export function measuringSpool(keep: (path: BytePath) => boolean): Pick<Spool, 'append'> {
  return {
    append: async (parts, path) => {
      const kept: Uint8Array[] = [];
      const wanted = path !== undefined && keep(path);
      const hash = createHash('sha256');
      let size = 0;
      for await (const part of parts) {
        hash.update(part);
        size += part.length;
        if (wanted && size <= maxKept) kept.push(part);
      }
      const whole = wanted && size <= maxKept;
      const content: Content = whole
        ? new Uint8Array(Buffer.concat(kept))
        : { file: 'a file that was measured only', offset: 0 };
      return { size, sha256: hash.digest('hex'), content };
    },
  };
}

/** Bytes of a file that a measuring spool keeps in memory at most. */
const maxKept = 64 << 20;

/** A file in memory as a node's content. */
export function memoryFile(bytes: Uint8Array): SpooledFile {
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), content: bytes };
}

/** The bytes of a content, in parts; a file that became shorter meanwhile is an `E_STORE`. */
export async function* readContent(content: Content, size: number): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content;
    return;
  }
  if (size === 0) return;
  let left = size;
  const { file, offset } = content;
  const stream = createReadStream(file, { start: offset, end: offset + size - 1, highWaterMark: 1 << 18 });
  for await (const part of stream as AsyncIterable<Buffer>) {
    left -= part.length;
    yield part;
  }
  if (left !== 0) throw new SconeError('E_STORE', `${file} changed while it was read`);
}
