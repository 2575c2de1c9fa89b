import { parseDescriptor } from '../manifest/descriptor.ts';
import type { Run } from './context.ts';
import { storedImage } from './stored-image.ts';

/** `sconectl image inspect`: everything shown is computed from the layers, after all of them were checked. */
export const run: Run = async (context, { arguments: [name = ''] }) => {
  const { store, image } = await storedImage(context, name);
  context.reporter.progress(`Checking the layers of ${name}`);
  const contents = await store.contents(image.digest);
  const service = parseDescriptor(contents.descriptor);
  const result = {
    image: name,
    digest: image.digest,
    rootfs: contents.rootfsDigest,
    runtime: contents.runtimeSha256,
    flavour: service.flavour,
    entries: contents.rootfs.entries.length,
    service,
  };
  if (service.flavour === 'sim') context.reporter.notice('NOT CONFIDENTIAL: an image for simulation');
  return {
    result,
    text: [
      `image    ${name}`,
      `digest   ${result.digest}`,
      `rootfs   ${result.rootfs}, ${result.entries} entries`,
      `runtime  ${result.runtime}`,
      `flavour  ${result.flavour}`,
      `command  ${service.argv.map((word) => JSON.stringify(word)).join(' ')} in ${service.pwd}`,
    ].join('\n'),
  };
};
