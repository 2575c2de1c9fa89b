import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { type Layer, writeLayer } from '../oci/layer.ts';
import { openLayout } from '../oci/layout.ts';
import { memoryFile } from '../oci/spool.ts';
import { type Cached, type CachePlace, cached, layerInStore } from './cache.ts';

interface Thing {
  layer: Layer;
  made: number;
}

function things(t: TestContext): { place: CachePlace; get: () => Promise<Cached<Thing>>; count: () => number } {
  const place: CachePlace = { cache: join(tempFolder(t), 'cache'), kind: 'bases', key: 'k' };
  let made = 0;
  const get = (): Promise<Cached<Thing>> =>
    cached<Thing>(place, async (layout) => {
      const node = { type: 'file', mode: 0o644, uid: 0, gid: 0, ...memoryFile(Buffer.from('x')) } as const;
      return { layer: await writeLayer(layout, [['/file', node]]), made: ++made };
    });
  return { place, get, count: () => made };
}

test('a thing is made once, also when two ask at the same time', async (t) => {
  const { get, count } = things(t);
  const both = await Promise.all([get(), get()]);
  assert.deepEqual(
    both.map((thing) => thing.made),
    [1, 1],
  );
  assert.equal((await get()).made, 1);
  assert.equal(count(), 1);
});

test('60: what a killed build left unfinished goes when the next one makes something', async (t) => {
  const { place, get } = things(t);
  const folder = join(place.cache, place.kind);
  mkdirSync(join(folder, '.new-dead/root'), { recursive: true });
  await get();
  assert.deepEqual(readdirSync(folder), ['k.json']);
});

test('a record that cannot be read, or whose layer is gone, is made again', async (t) => {
  const { place, get } = things(t);
  const first = await get();
  writeFileSync(join(place.cache, place.kind, 'k.json'), '{"layer":');
  assert.equal((await get()).made, 2);
  await first.forget();
  assert.equal((await get()).made, 3);
});

test('a damaged layer is made again on its way into a store', async (t) => {
  const { get } = things(t);
  const store = await openLayout(join(tempFolder(t), 'images'), 'create');
  const { layer, layout } = await get();
  writeFileSync(layout.blobFile(layer.digest), Buffer.alloc(layer.size, 1));
  assert.equal((await layerInStore(store, get)).made, 2);
  assert.equal(await store.hasBlob(layer), true);
});
