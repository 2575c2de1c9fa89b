import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { canonicalBytes } from '../core/json.ts';
import { exclusively } from '../oci/exclusive.ts';
import type { Layer } from '../oci/layer.ts';
import { type Layout, openLayout, writeDurably } from '../oci/layout.ts';
import { sweep } from '../oci/sweep.ts';

/** Where something that takes seconds to make is kept: `<cache>/<kind>/<key>.json`, its layer in `<cache>/layers`. */
export interface CachePlace {
  cache: string;
  kind: 'bases' | 'runtime';
  /** Changes with everything that the result depends on. */
  key: string;
}

/** Something made, with the layout that holds its layer. */
export type Cached<Made> = Made & {
  layout: Layout;
  /** Removes it from the cache: its bytes turned out to be damaged. */
  forget: () => Promise<void>;
};

/** Making takes seconds, on a slow machine minutes; a second build waits for the first rather than doing the same. */
const patience = { milliseconds: 15 * 60 * 1000 };

/**
 * Takes something from the cache, or makes and keeps it. Only one process makes things of a kind at a time; what a
 * killed one left unfinished goes then. `make` gets the folder of its kind for scratch files.
 */
export async function cached<Made extends { layer: Layer }>(
  place: CachePlace,
  make: (layout: Layout, folder: string) => Promise<Made>,
): Promise<Cached<Made>> {
  const layout = await openLayout(join(place.cache, 'layers'), 'create');
  const whole = (made: Made): Cached<Made> => ({
    ...made,
    layout,
    forget: async () => {
      await rm(record(place), { force: true });
      await rm(layout.blobFile(made.layer.digest), { force: true });
    },
  });
  const known = await recorded<Made>(place, layout);
  if (known !== undefined) return whole(known);
  const folder = join(place.cache, place.kind);
  await mkdir(folder, { recursive: true });
  return exclusively(
    folder,
    async () => {
      await sweep(folder, 'all');
      await layout.sweep();
      const meanwhile = await recorded<Made>(place, layout);
      if (meanwhile !== undefined) return whole(meanwhile);
      const made = await make(layout, folder);
      await writeDurably(record(place), canonicalBytes(made));
      return whole(made);
    },
    patience,
  );
}

/** Makes sure that a store has the layer of something cached. Where the cached bytes are damaged, it is made anew. */
export async function layerInStore<Made extends { layer: Layer }>(
  store: Layout,
  get: () => Promise<Cached<Made>>,
): Promise<Made> {
  const made = await get();
  try {
    await store.copyBlob(made.layout, made.layer);
    return made;
  } catch (error) {
    if (!(error instanceof SconeError) || error.code !== 'E_IMAGE') throw error;
    await made.forget();
    const again = await get();
    await store.copyBlob(again.layout, again.layer);
    return again;
  }
}

/**
 * Our own file, written in one piece; the layer's digest is compared when the layer is read. What cannot be read is
 * made again.
 */
async function recorded<Made extends { layer: Layer }>(place: CachePlace, layout: Layout): Promise<Made | undefined> {
  try {
    const made = JSON.parse(await readFile(record(place), 'utf8')) as Made;
    return (await layout.hasBlob(made.layer)) ? made : undefined;
  } catch {
    return undefined;
  }
}

function record(place: CachePlace): string {
  return join(place.cache, place.kind, `${place.key}.json`);
}
