import { equalBytes, utf8 } from '../core/bytes.ts';
import { sha256Hex } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { exclusively } from './exclusive.ts';
import { readTree } from './layer.ts';
import { type Layout, openLayout } from './layout.ts';
import {
  type Descriptor,
  type ImageConfig,
  type Manifest,
  mediaTypes,
  parseConfig,
  parseManifest,
  refName,
} from './manifest.ts';
import { parseReference, referenceName } from './reference.ts';
import { checkTree, parseRootfs, type RootfsJson, rootfsPath } from './rootfs.ts';
import { measuringSpool, readContent, withSpool } from './spool.ts';
import type { Tree } from './tree.ts';
import { type Owners, unpackTree } from './unpack.ts';

/** Labels and annotations of our images. */
export const labels = {
  service: 'org.sconectl.service',
  rootfs: 'org.sconectl.rootfs',
  flavour: 'org.sconectl.flavour',
  confidential: 'org.sconectl.confidential',
} as const;

/** Where every image carries its service descriptor. */
export const descriptorPath = '/opt/scone/service.json';
/** The entry point of every image. */
export const runtimePath = '/opt/scone/runtime';

export interface StoredImage {
  /** Digest of the manifest, `sha256:<hex>`. */
  digest: string;
  manifest: Manifest;
  config: ImageConfig;
}

/** What an image holds, each computed from its layers; the labels were compared and say the same. */
export interface ImageContents {
  /** The bytes of `/opt/scone/service.json`. */
  descriptor: Uint8Array;
  /** SHA-256 of `/opt/scone/rootfs.json`, hex. */
  rootfsDigest: string;
  rootfs: RootfsJson;
  /** SHA-256 of `/opt/scone/runtime`, hex. */
  runtimeSha256: string;
}

/** The images of this machine: an OCI layout whose index names them. */
export interface Store {
  readonly layout: Layout;
  list: () => Promise<{ name: string; digest: string }[]>;
  /** The image of a name, or of a name with a digest; nothing where there is none. */
  resolve: (name: string) => Promise<StoredImage | undefined>;
  /** Reads and checks the whole image: blobs, layers, file list, labels. A contradiction is an `E_IMAGE`. */
  contents: (digest: string) => Promise<ImageContents>;
  /** The bytes of the service descriptor; as `contents`, the whole image is checked. */
  descriptorBytes: (digest: string) => Promise<Uint8Array>;
  /** The rootfs digest in hex, recomputed from the layers; never the label's word. */
  rootfsDigest: (digest: string) => Promise<string>;
  /** Unpacks a checked image into a new folder, owners exact when this process is root. */
  unpack: (digest: string, folder: string) => Promise<ImageContents>;
  /** Gives a manifest, whose blobs are in the layout, a name; the name leaves the image that had it. */
  name: (name: string, manifest: Descriptor) => Promise<void>;
}

/** Opens the store in `$SCONECTL_HOME/images`.  */
export async function openStore(folder: string, how: 'read' | 'create' = 'create'): Promise<Store> {
  const layout = await openLayout(folder, how);

  const contents = async (digest: string): Promise<ImageContents> => {
    const image = await loadImage(layout, digest);
    const kept = [rootfsPath, descriptorPath];
    return checkImage(
      image,
      await readTree(
        layout,
        image,
        measuringSpool((path) => kept.includes(path)),
        'own',
      ),
    );
  };
  const unpack = async (digest: string, target: string): Promise<ImageContents> => {
    const image = await loadImage(layout, digest);
    return withSpool(folder, async (spool) => {
      const tree = await readTree(layout, image, spool, 'own');
      const found = await checkImage(image, tree);
      const owners: Owners = process.getuid?.() === 0 ? 'exact' : 'caller';
      await unpackTree(tree, target, owners);
      return found;
    });
  };
  return {
    layout,
    list: async () => {
      const { manifests } = await layout.index();
      return manifests.flatMap(({ digest, annotations }) => {
        const name = annotations?.[refName];
        return name === undefined ? [] : [{ name, digest }];
      });
    },
    resolve: async (name) => {
      const wanted = parseReference(name);
      const { manifests } = await layout.index();
      const found = manifests.find(({ digest, annotations }) =>
        wanted.digest === undefined ? annotations?.[refName] === referenceName(wanted) : digest === wanted.digest,
      );
      return found === undefined ? undefined : loadImage(layout, found.digest);
    },
    contents,
    descriptorBytes: async (digest) => (await contents(digest)).descriptor,
    rootfsDigest: async (digest) => (await contents(digest)).rootfsDigest,
    unpack,
    name: (name, manifest) =>
      exclusively(folder, async () => {
        const full = referenceName(parseReference(name));
        const index = await layout.index();
        const others = index.manifests.filter(({ annotations }) => annotations?.[refName] !== full);
        const annotations = { ...manifest.annotations, [refName]: full };
        const manifests = [...others, { ...manifest, annotations }];
        await layout.writeIndex({ ...index, manifests });
        await layout.sweep();
      }),
  };
}

/** Reads manifest and configuration of an image by the digest of its manifest. */
export async function loadImage(layout: Layout, digest: string): Promise<StoredImage> {
  const { manifests } = await layout.index();
  const entry = manifests.find((descriptor) => descriptor.digest === digest);
  if (entry === undefined) {
    throw new SconeError('E_IMAGE', `there is no image ${digest} in ${layout.folder}`);
  }
  if (entry.mediaType !== mediaTypes.manifest) {
    throw new SconeError('E_IMAGE', `${digest} in ${layout.folder} is no OCI image manifest`, {
      expected: mediaTypes.manifest,
      found: entry.mediaType,
    });
  }
  const manifest = parseManifest(parseJson(await layout.blob(entry), 'manifest of the image'));
  const config = parseConfig(parseJson(await layout.blob(manifest.config), 'configuration of the image'));
  return { digest, manifest, config };
}

async function checkImage(image: StoredImage, tree: Tree): Promise<ImageContents> {
  const list = await fileBytes(tree, rootfsPath);
  const descriptor = await fileBytes(tree, descriptorPath);
  const runtime = tree.get(runtimePath);
  if (runtime?.type !== 'file') throw new SconeError('E_IMAGE', `the image has no ${runtimePath}`);
  const rootfs = parseRootfs(list);
  checkTree(rootfs, tree);
  const rootfsDigest = sha256Hex(list);
  const label = image.config.config.Labels ?? {};
  if (label[labels.rootfs] !== rootfsDigest) {
    throw new SconeError('E_IMAGE', `the label ${labels.rootfs} of the image does not fit its layers`, {
      expected: rootfsDigest,
      found: label[labels.rootfs] ?? 'no label',
    });
  }
  if (!equalBytes(utf8(label[labels.service] ?? ''), descriptor)) {
    throw new SconeError('E_IMAGE', `the label ${labels.service} of the image is not its ${descriptorPath}`);
  }
  return { descriptor, rootfsDigest, rootfs, runtimeSha256: runtime.sha256 };
}

async function fileBytes(tree: Tree, path: string): Promise<Uint8Array> {
  const node = tree.get(path);
  if (node?.type !== 'file' || node.size > 64 << 20) {
    throw new SconeError('E_IMAGE', `the image has no ${path}; it was not built by sconectl`);
  }
  const parts: Uint8Array[] = [];
  for await (const part of readContent(node.content, node.size)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}
