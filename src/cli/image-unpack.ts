import { resolve } from 'node:path';
import type { Run } from './context.ts';
import { storedImage } from './stored-image.ts';

/** `sconectl image unpack`: a root file system for an OCI runtime by hand; owners are exact for root only. */
export const run: Run = async (context, { arguments: [name = '', folder = ''] }) => {
  const { store, image } = await storedImage(context, name);
  const place = resolve(context.folder, folder);
  context.reporter.progress(`Unpacking ${name}`);
  const { rootfsDigest, rootfs } = await store.unpack(image.digest, place);
  return {
    result: { image: name, digest: image.digest, rootfs: rootfsDigest, folder: place, entries: rootfs.entries.length },
    text: `unpacked ${rootfs.entries.length} entries of ${name} into ${place}`,
  };
};
