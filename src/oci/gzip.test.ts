import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { gunzip, gzip } from './gzip.ts';

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Compressible, longer than the compressor's window and chunk. */
const sample = Buffer.from(Array.from({ length: 120_000 }, (_, i) => `${i * 7919} `).join(''));

test('55: the compressed bytes do not depend on how the input was cut, nor on time or system', async () => {
  const one = await collect(gzip(inParts(sample, sample.length)));
  for (const size of [1000, 65_536, 262_145]) assert.deepEqual(await collect(gzip(inParts(sample, size))), one);
  assert.deepEqual([...one.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, one[8], 0xff]);
  assert.deepEqual(gunzipSync(one), sample);
});

test('what was compressed comes back, the empty text too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 700 }), async (bytes, size) => {
      assert.deepEqual(await collect(gunzip(gzip(inParts(bytes, size)), 10_000)), Buffer.from(bytes));
    }),
    { numRuns: 60 },
  );
});

test('50: a bomb ends at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(16 << 20));
  await assert.rejects(collect(gunzip([bomb], 1 << 20)), { code: 'E_LIMIT' });
});

test('damaged and cut input is an E_FORMAT', async () => {
  const good = gzipSync(sample);
  const flipped = Buffer.from(good);
  flipped[good.length - 6] = (flipped[good.length - 6] ?? 0) ^ 1;
  for (const bad of [Buffer.from('no gzip at all'), good.subarray(0, good.length - 100), flipped]) {
    await assert.rejects(collect(gunzip([bad], 1 << 30)), { code: 'E_FORMAT' });
  }
});

test('an error of the source is the error of the whole, and a reader may stop early', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield sample;
    throw new Error('the source failed');
  }
  await assert.rejects(collect(gzip(failing())), /the source failed/);
  for await (const part of gzip(inParts(sample, 5000))) {
    assert.ok(part.length > 0);
    break;
  }
});
