import { isAbsolute, join, resolve } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { type Layout, openLayout } from '../oci/layout.ts';
import {
  type Descriptor,
  type ImageConfig,
  type Manifest,
  mediaTypes,
  parseConfig,
  parseIndex,
  parseManifest,
  refName,
} from '../oci/manifest.ts';

/** Somebody's image in an OCI layout, taken as a base. */
export interface LayoutImage {
  layout: Layout;
  /** Of the manifest. */
  digest: string;
  manifest: Manifest;
  config: ImageConfig;
}

/**
 * Opens `oci:<folder>[:<tag>]` or `oci:<folder>@sha256:<hex>`; `oci:` may be left out before `/` and `.`. A relative
 * folder is beside the manifest. An index resolves to the platform asked for (threat model 51).
 */
export async function findLayoutImage(from: string, folder: string, architecture: string): Promise<LayoutImage> {
  if (!from.startsWith('oci:') && !from.startsWith('/') && !from.startsWith('.')) {
    throw new SconeError('E_NOT_YET', `build.from: images of a registry cannot be a base yet`, {
      expected: 'debian:bookworm, or oci:<folder>[:<tag>]',
      found: from,
      hint: 'Copy the image into a folder: skopeo copy docker://… oci:base:latest, then build.from: oci:base:latest',
    });
  }
  const { path, tag, digest } = parsePlace(from.replace(/^oci:/, ''));
  const layout = await openLayout(isAbsolute(path) ? path : join(resolve(folder), path));
  const { manifests } = await layout.index();
  const named = manifests.filter(
    (entry) =>
      (tag === undefined || entry.annotations?.[refName] === tag) && (digest === undefined || entry.digest === digest),
  );
  const fitting = (await Promise.all(named.map((entry) => expand(layout, entry)))).flat();
  const images: LayoutImage[] = [];
  for (const entry of fitting) {
    const manifest = parseManifest(parseJson(await layout.blob(entry), 'manifest of the base'));
    const config = parseConfig(parseJson(await layout.blob(manifest.config), 'configuration of the base'));
    if (config.os === 'linux' && config.architecture === architecture) {
      images.push({ layout, digest: entry.digest, manifest, config });
    }
  }
  const [image, ...others] = images;
  if (image === undefined || others.length > 0) {
    throw new SconeError('E_BASE', `${from} does not name exactly one image for linux/${architecture}`, {
      expected: 'one image',
      found: images.length === 0 ? `none among ${manifests.length}` : images.map((other) => other.digest).join(', '),
      hint: 'Name one of them by tag or digest: oci:<folder>:<tag> or oci:<folder>@sha256:<hex>',
    });
  }
  return image;
}

function parsePlace(text: string): { path: string; tag?: string; digest?: string } {
  const pinned = /^(.+)@(sha256:[0-9a-f]{64})$/.exec(text);
  if (pinned?.[1] !== undefined && pinned[2] !== undefined) return { path: pinned[1], digest: pinned[2] };
  const tagged = /^([^:]+):(.+)$/.exec(text);
  if (tagged?.[1] !== undefined && tagged[2] !== undefined) return { path: tagged[1], tag: tagged[2] };
  return { path: text };
}

/** The manifests behind an entry: itself, or those that an index lists, one level deep. */
async function expand(layout: Layout, entry: Descriptor): Promise<Descriptor[]> {
  if (entry.mediaType === mediaTypes.manifest) return [entry];
  if (entry.mediaType !== mediaTypes.index) return [];
  const index = parseIndex(parseJson(await layout.blob(entry), 'index of the base'));
  return index.manifests.filter(({ mediaType }) => mediaType === mediaTypes.manifest);
}
