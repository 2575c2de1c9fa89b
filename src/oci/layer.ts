import { createHash } from 'node:crypto';
import { SconeError } from '../core/errors.ts';
import { type ApplyOptions, applyArchive } from './apply.ts';
import { gunzip, gzip } from './gzip.ts';
import type { Layout } from './layout.ts';
import { type Descriptor, type ImageConfig, type Manifest, mediaTypes } from './manifest.ts';
import type { BytePath } from './path.ts';
import { readContent, type Spool } from './spool.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';
import { type Node, Tree } from './tree.ts';
import { defaultLimits, type TarLimits, untar } from './untar.ts';

/** A layer in a layout. */
export interface Layer {
  /** Of the compressed blob. */
  digest: string;
  size: number;
  /** `sha256:<hex>` of the archive before compression; depends on no compressor. */
  diffId: string;
}

/** The archive of these nodes, which must be sorted. `/` is left out: engines make it themselves. */
export async function* tarParts(nodes: Iterable<readonly [BytePath, Node]>): AsyncGenerator<Uint8Array> {
  for (const [path, node] of nodes) {
    if (path === '/') continue;
    yield tarHeader({ path, ...node });
    if (node.type !== 'file') continue;
    yield* readContent(node.content, node.size);
    yield tarPadding(node.size);
  }
  yield tarEnd();
}

/** Writes sorted nodes as a gzip layer into a layout. */
export async function writeLayer(layout: Layout, nodes: Iterable<readonly [BytePath, Node]>): Promise<Layer> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const part of tarParts(nodes)) {
      hash.update(part);
      yield part;
    }
  }
  const blob = await layout.putParts(gzip(hashed()));
  return { ...blob, diffId: `sha256:${hash.digest('hex')}` };
}

/**
 * The root file system that the layers of an image make, their bytes compared with digest, size and diff id. File
 * contents go into the spool. `own` takes nothing that our writer does not write; `layer` takes anybody's images.
 */
export async function readTree(
  layout: Layout,
  image: { manifest: Manifest; config: ImageConfig },
  spool: Pick<Spool, 'append'>,
  kind: Extract<ApplyOptions['kind'], 'layer' | 'own'>,
  limits: TarLimits = defaultLimits,
): Promise<Tree> {
  const diffIds = image.config.rootfs.diff_ids;
  if (diffIds.length !== image.manifest.layers.length) {
    throw new SconeError('E_IMAGE', 'the manifest and the configuration of an image disagree on its layers', {
      expected: `${image.manifest.layers.length} layers`,
      found: `${diffIds.length} diff ids`,
    });
  }
  const tree = new Tree([['/', { type: 'dir', mode: 0o755, uid: 0, gid: 0 }]]);
  for (const [i, layer] of image.manifest.layers.entries()) {
    const hash = createHash('sha256');
    async function* archive(): AsyncGenerator<Uint8Array> {
      for await (const part of decompressed(layout, layer, limits)) {
        hash.update(part);
        yield part;
      }
    }
    await applyArchive(tree, untar(archive(), limits), { spool, kind });
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== diffIds[i]) {
      throw new SconeError('E_IMAGE', 'a layer is not the one that the configuration of the image names', {
        expected: diffIds[i] ?? 'a diff id',
        found,
      });
    }
  }
  return tree;
}

function decompressed(layout: Layout, layer: Descriptor, limits: TarLimits): AsyncGenerator<Uint8Array> {
  const bytes = layout.readBlob(layer);
  // An archive is larger than its files: headers, padding, and what extended headers take.
  const most = limits.bytes + limits.members * 2048;
  switch (layer.mediaType) {
    case mediaTypes.layer:
      return bytes;
    case mediaTypes.layerGzip:
    case mediaTypes.dockerLayerGzip:
      return gunzip(bytes, most);
    default:
      throw new SconeError('E_NOT_YET', 'a layer has a compression that cannot be read yet', {
        expected: `${mediaTypes.layer} or ${mediaTypes.layerGzip}`,
        found: layer.mediaType,
        hint: 'Copy the image with gzip: skopeo copy --dest-compress-format gzip oci:… oci:…',
      });
  }
}
