import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../core/digest.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { canonicalBytes, parseJson } from '../core/json.ts';
import { type Descriptor, type Index, mediaTypes, parseIndex } from './manifest.ts';
import { sweep, unfinished } from './sweep.ts';

/** A folder in the form of the OCI image layout specification 1.1: `oci-layout`, `index.json`, `blobs/sha256/`. */
export interface Layout {
  readonly folder: string;
  index: () => Promise<Index>;
  /** Changes index.json; the caller sees to it that nobody else does at the same time. */
  writeIndex: (index: Index) => Promise<void>;
  /** The file of a blob. Whether it is there and right is not said. */
  blobFile: (digest: string) => string;
  hasBlob: (blob: Pick<Descriptor, 'digest' | 'size'>) => Promise<boolean>;
  putBlob: (bytes: Uint8Array) => Promise<{ digest: string; size: number }>;
  /** Takes a blob that comes in parts; nothing is there under its name before all of it is on the disk. */
  putParts: (parts: AsyncIterable<Uint8Array>) => Promise<{ digest: string; size: number }>;
  /** Copies a blob from another layout, unless it is there; its bytes are compared with its digest. */
  copyBlob: (from: Layout, blob: Pick<Descriptor, 'digest' | 'size'>) => Promise<void>;
  /** All bytes of a blob, compared with digest and size; meant for configurations and manifests. */
  blob: (descriptor: Pick<Descriptor, 'digest' | 'size'>) => Promise<Uint8Array>;
  /** Removes what killed processes left behind; see `sweep`. */
  sweep: () => Promise<void>;
  /** The bytes of a blob in parts; an error at the end when they were not what the digest says. */
  readBlob: (descriptor: Pick<Descriptor, 'digest' | 'size'>) => AsyncGenerator<Uint8Array>;
}

const layoutFile = '{"imageLayoutVersion":"1.0.0"}';
/** Of configurations and manifests (the distribution specification's limit for manifests). */
const maxDocument = 4 << 20;

/** Opens a layout; with `create` an empty one comes into being where nothing is. A folder that is none: `E_IMAGE`. */
export async function openLayout(folder: string, how: 'read' | 'create' = 'read'): Promise<Layout> {
  const blobs = join(folder, 'blobs', 'sha256');
  if (how === 'create') await createLayout(folder, blobs);
  await checkLayout(folder);

  const blobFile = (digest: string): string => {
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
      throw new SconeError('E_IMAGE', 'a digest of an image is no sha256', { found: digest.slice(0, 100) });
    }
    return join(blobs, digest.slice('sha256:'.length));
  };
  const hasBlob = async ({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<boolean> => {
    const found = await stat(blobFile(digest)).catch(() => undefined);
    return found?.isFile() === true && found.size === size;
  };
  async function* readBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const part of createReadStream(blobFile(digest), {
        highWaterMark: 1 << 18,
      }) as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > size) break;
        hash.update(part);
        yield part;
      }
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      throw new SconeError('E_IMAGE', `the image in ${folder} lacks the blob ${digest}`, { hint: rebuildHint });
    }
    const found = `sha256:${hash.digest('hex')}`;
    if (bytes !== size || found !== digest) {
      throw new SconeError('E_IMAGE', `a blob of the image in ${folder} is damaged`, {
        expected: `${digest}, ${size} bytes`,
        found: bytes === size ? found : `${bytes > size ? 'more than that' : bytes} bytes`,
        hint: rebuildHint,
      });
    }
  }
  const putParts = async (parts: AsyncIterable<Uint8Array>): Promise<{ digest: string; size: number }> => {
    const temporary = temporaryName(blobs);
    const hash = createHash('sha256');
    let size = 0;
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        for await (const part of parts) {
          hash.update(part);
          size += part.length;
          await file.appendFile(part);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      const digest = `sha256:${hash.digest('hex')}`;
      await rename(temporary, blobFile(digest));
      return { digest, size };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  };
  return {
    folder,
    blobFile,
    hasBlob,
    readBlob,
    index: async () =>
      parseIndex(parseJson(await readDocument(join(folder, 'index.json')), 'index of the image layout')),
    writeIndex: (index) => writeDurably(join(folder, 'index.json'), canonicalBytes(index)),
    putBlob: async (bytes) => {
      const blob = { digest: `sha256:${sha256Hex(bytes)}`, size: bytes.length };
      if (!(await hasBlob(blob))) await writeDurably(blobFile(blob.digest), bytes);
      return blob;
    },
    putParts,
    sweep: async () => {
      await sweep(folder);
      await sweep(blobs);
    },
    copyBlob: async (from, blob) => {
      if (!(await hasBlob(blob))) await putParts(from.readBlob(blob));
    },
    blob: async (descriptor) => {
      if (descriptor.size > maxDocument) {
        throw new SconeError('E_LIMIT', `a document of an image is larger than ${maxDocument} bytes`);
      }
      const parts: Uint8Array[] = [];
      for await (const part of readBlob(descriptor)) parts.push(part);
      return new Uint8Array(Buffer.concat(parts));
    },
  };
}

const rebuildHint = 'Build the image again with "sconectl apply -f service.yml".';

async function createLayout(folder: string, blobs: string): Promise<void> {
  try {
    await mkdir(blobs, { recursive: true });
    if ((await stat(join(folder, 'oci-layout')).catch(() => undefined)) !== undefined) return;
    // index.json first: the folder counts as a layout only once both are there.
    const empty: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
    await writeDurably(join(folder, 'index.json'), canonicalBytes(empty));
    await writeDurably(join(folder, 'oci-layout'), Buffer.from(layoutFile));
  } catch (error) {
    throw new SconeError('E_STORE', `the image store ${folder} cannot be made`, {
      cause: error,
      hint: 'set SCONECTL_HOME to a folder you may write',
    });
  }
}

async function checkLayout(folder: string): Promise<void> {
  const path = join(folder, 'oci-layout');
  if ((await lstat(path).catch(() => undefined)) === undefined) {
    throw new SconeError('E_IMAGE', `${folder} is no OCI image layout: it holds no file "oci-layout"`);
  }
  const text = (await readDocument(path)).toString('utf8', 0, 4096);
  const version = /"imageLayoutVersion"\s*:\s*"([^"]*)"/.exec(text)?.[1];
  if (version !== '1.0.0') {
    throw new SconeError('E_IMAGE', `${folder} is an OCI image layout of an unknown version`, {
      expected: '1.0.0',
      ...(version === undefined ? {} : { found: version }),
    });
  }
}

/** A layout may come from a stranger: a pipe, a device or a link in it would hang, fill memory or read another file. */
async function readDocument(path: string): Promise<Buffer> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > maxDocument) {
    throw new SconeError('E_IMAGE', `${path} is no document of an image layout`, {
      expected: `a file of at most ${maxDocument} bytes`,
      found: found === undefined ? 'nothing' : found.isFile() ? `${found.size} bytes` : 'something that is no file',
      hint: rebuildHint,
    });
  }
  return await readFile(path);
}

/** Writes a file so that after any interruption either the old or the new one is there. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryName(join(path, '..'));
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function temporaryName(folder: string): string {
  return join(folder, `${unfinished}${process.pid}-${randomBytes(6).toString('hex')}`);
}
