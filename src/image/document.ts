import { canonicalBytes } from '../core/json.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { Layer } from '../oci/layer.ts';
import type { Layout } from '../oci/layout.ts';
import { type Descriptor, type ImageConfig, type Manifest, mediaTypes } from '../oci/manifest.ts';
import { labels, runtimePath } from '../oci/store.ts';

/** What an image of the simulation says about itself wherever somebody looks. */
export const notConfidential = 'NOT CONFIDENTIAL (simulation)';

/**
 * Writes configuration and manifest, in canonical JSON, and returns the manifest's descriptor. The configuration holds
 * no time but the epoch, no command and no host name; the runtime is the only entry point.
 */
export async function putImage(
  layout: Layout,
  layers: readonly Layer[],
  image: { descriptor: ServiceDescriptor; architecture: string; labels: { [name: string]: string } },
): Promise<Descriptor> {
  const { descriptor, architecture } = image;
  const config: ImageConfig & { created: string } = {
    architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      User: `${descriptor.user.uid}:${descriptor.user.gid}`,
      Env: Object.entries(descriptor.env)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
      Entrypoint: [runtimePath],
      WorkingDir: '/',
      Labels: {
        ...image.labels,
        [labels.flavour]: descriptor.flavour,
        ...(descriptor.flavour === 'sim' ? { [labels.confidential]: notConfidential } : {}),
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...(await layout.putBlob(canonicalBytes(config))) },
    layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layerGzip, digest, size })),
    annotations: {
      [labels.flavour]: descriptor.flavour,
      ...(descriptor.flavour === 'sim' ? { [labels.confidential]: notConfidential } : {}),
    },
  };
  return {
    mediaType: mediaTypes.manifest,
    ...(await layout.putBlob(canonicalBytes(manifest))),
    platform: { architecture, os: 'linux' },
  };
}
