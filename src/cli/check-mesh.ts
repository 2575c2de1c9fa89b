import { join } from 'node:path';
import { utf8 } from '../core/bytes.ts';
import { keyHash, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { Meshfile } from '../manifest/meshfile.ts';
import { previewDescriptor } from '../manifest/preview.ts';
import type { ServiceManifest } from '../manifest/service.ts';
import type { MeshImage } from '../mesh/types.ts';
import type { CheckedFile, Finding } from './check-file.ts';
import { looksSecret } from './check-secrets.ts';
import type { Context } from './context.ts';

/** Values that stand for what only an attested CAS and a built image have. */
const nothing = '00'.repeat(32);

/**
 * What is wrong between a Meshfile and its images: everything is derived as `apply` would, from the service manifests
 * that are checked with it and, where there is none, from the images of the local store.
 */
export async function checkMesh(
  context: Context,
  meshfile: Meshfile,
  files: readonly CheckedFile[],
): Promise<Finding[]> {
  const images = await findImages(context, meshfile, files);
  const { deriveCompleteMesh, policyCas } = await import('../mesh/derive.ts');
  const { host } = policyCas(meshfile);
  const mesh = deriveCompleteMesh({
    meshfile,
    images,
    cas: { keys: [keyHash(sha256(utf8('check')), 'simulation')], serviceAddress: `${host}:18765` },
    salts: new Map(meshfile.services.map(({ name }) => [`${meshfile.policy.namespace}/${name}`, nothing.slice(0, 32)])),
    explicit: new Map(
      Array.from(images, ([image, { descriptor }]) => [
        image,
        new Map(descriptor.secrets.global.map(({ name, kind }) => [name, standIn(kind)])),
      ]),
    ),
  });
  const secrets = new Set(
    Array.from(images.values()).flatMap(({ descriptor }) => descriptor.secrets.global.map(({ name }) => name)),
  );
  return [
    // What would only be refused for now is no mistake of the files.
    ...mesh.problems.map((error): Finding => ({ level: error.code === 'E_NOT_YET' ? 'warning' : 'error', error })),
    ...[...mesh.unsupported, ...mesh.warnings, ...looksSecret(meshfile.env, secrets)].map(
      (error): Finding => ({ level: 'warning', error }),
    ),
  ];
}

/** A value of a form that the kind has; the real ones stay where they are. */
function standIn(kind: string): string {
  return kind === 'binary' ? '00' : 'x';
}

async function findImages(
  context: Context,
  meshfile: Meshfile,
  files: readonly CheckedFile[],
): Promise<Map<string, MeshImage>> {
  const images = new Map<string, MeshImage>();
  const made = new Map<string, ServiceManifest>();
  for (const file of files) {
    if (file.kind === 'genservice' && file.loaded?.kind === 'genservice') {
      const { manifest } = file.loaded;
      made.set(withTag(manifest.build.to), manifest);
    }
  }
  for (const { image } of meshfile.services) {
    if (images.has(image)) continue;
    const manifest = made.get(withTag(image));
    const descriptor = manifest === undefined ? await storedDescriptor(context, image) : previewDescriptor(manifest);
    if (descriptor === undefined) continue;
    const known = manifest === undefined ? {} : { locate: manifest.locate };
    images.set(image, { descriptor, rootfsDigest: nothing, digest: `sha256:${nothing}`, ...known });
  }
  return images;
}

/** `name` and `name:latest` are one image; a digest says which one, not how it is called. */
function withTag(image: string): string {
  const name = image.replace(/@.*$/s, '');
  return /:[^/]*$/.test(name) ? name : `${name}:latest`;
}

/** The descriptor that the store's label shows; `apply` compares it with the layers. */
async function storedDescriptor(context: Context, image: string): Promise<ServiceDescriptor | undefined> {
  const { labels, openStore } = await import('../oci/store.ts');
  const { parseDescriptor } = await import('../manifest/descriptor.ts');
  try {
    const store = await openStore(join(context.home, 'images'), 'read');
    const stored = await store.resolve(image);
    const label = stored?.config.config?.Labels?.[labels.service];
    return label === undefined ? undefined : parseDescriptor(utf8(label));
  } catch (error) {
    // No store, no such name, an image of something else: in each case nothing is known about it.
    if (!(error instanceof SconeError)) throw error;
    return undefined;
  }
}
