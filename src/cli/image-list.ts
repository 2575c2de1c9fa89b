import { join } from 'node:path';
import { openStore } from '../oci/store.ts';
import type { Run } from './context.ts';

/** `sconectl image list`: names and digests in the local store. */
export const run: Run = async ({ home }) => {
  const images = await (await openStore(join(home, 'images'))).list();
  images.sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = images.map(({ name, digest }) => `${name}  ${digest}`).join('\n');
  return { result: images, text: text === '' ? 'no image was built here yet' : text };
};
