import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { openStore, type Store, type StoredImage } from '../oci/store.ts';
import type { Context } from './context.ts';

/** An image of the local store by its name or digest. Throws `E_IMAGE` where there is none. */
export async function storedImage({ home }: Context, name: string): Promise<{ store: Store; image: StoredImage }> {
  const store = await openStore(join(home, 'images'));
  const image = await store.resolve(name);
  if (image === undefined) {
    throw new SconeError('E_IMAGE', `there is no image ${name} in the local store`, {
      hint: 'build it with: sconectl apply -f service.yml; sconectl image list shows what is there',
    });
  }
  return { store, image };
}
