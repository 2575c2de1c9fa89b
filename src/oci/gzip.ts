import { createGunzip, createGzip } from 'node:zlib';
import { SconeError } from '../core/errors.ts';

/** What the compressor gets and gives at once; fixed, so that how the input was cut cannot matter. */
const chunkSize = 1 << 18;

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Compresses with fixed settings: level 6, time 0, no name, operating system "unknown" (RFC 1952, 2.3.1). The bytes
 * still depend on the zlib inside Node, which is why Node is pinned by the lockfile; the layer's diff id does not.
 */
export async function* gzip(source: Bytes): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of through(source, createGzip({ level: 6, memLevel: 8, chunkSize }))) {
    if (at <= 9 && at + chunk.length > 9) chunk[9 - at] = 0xff;
    at += chunk.length;
    yield chunk;
  }
}

/** Decompresses; damaged input is an `E_FORMAT`, more than `limit` bytes an `E_LIMIT`. */
export async function* gunzip(source: Bytes, limit: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of through(source, createGunzip({ chunkSize }))) {
      bytes += chunk.length;
      if (bytes > limit) {
        throw new SconeError('E_LIMIT', 'a compressed layer is larger than what is taken', {
          expected: `at most ${limit} bytes`,
        });
      }
      yield chunk;
    }
  } catch (error) {
    throw error instanceof SconeError ? error : new SconeError('E_FORMAT', 'a layer is no gzip', { cause: error });
  }
}

type Transform = ReturnType<typeof createGzip> | ReturnType<typeof createGunzip>;

/** What comes out of a stream when the source goes in; an error of either side is thrown, the stream always closed. */
async function* through(source: Bytes, stream: Transform): AsyncGenerator<Buffer> {
  let feedError: unknown;
  const feeding = feed(source, stream).catch((error: unknown) => {
    feedError = error;
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw feedError ?? error;
  } finally {
    stream.destroy();
    await feeding;
  }
}

async function feed(source: Bytes, stream: Transform): Promise<void> {
  let rest = Buffer.alloc(0);
  for await (const part of source) {
    rest = Buffer.concat([rest, part]);
    while (rest.length >= chunkSize) {
      await write(stream, rest.subarray(0, chunkSize));
      rest = rest.subarray(chunkSize);
    }
  }
  await write(stream, rest);
  stream.end();
}

/** A destroyed stream forgets the callback of a write that it was at, so its closing counts as the end too. */
async function write(stream: Transform, chunk: Uint8Array): Promise<void> {
  if (stream.closed) throw new Error('the stream was closed');
  await new Promise<void>((resolve, reject) => {
    const closed = (): void => reject(new Error('the stream was closed'));
    stream.once('close', closed);
    stream.write(chunk, (error) => {
      stream.off('close', closed);
      if (error) reject(error);
      else resolve();
    });
  });
}
