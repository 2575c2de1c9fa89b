import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { readBuilt } from '../image/built.ts';
import { parseDescriptor } from '../manifest/descriptor.ts';
import type { Meshfile } from '../manifest/meshfile.ts';
import { summary } from '../manifest/yaml.ts';
import type { MeshImage } from '../mesh/types.ts';
import { parseReference, referenceName } from '../oci/reference.ts';
import { openStore } from '../oci/store.ts';
import type { Context } from './context.ts';

/** The images by the names that the Meshfile gives them, each checked as a whole. Missing ones are left out. */
export async function findImages(
  { home, reporter }: Context,
  meshfile: Meshfile,
  target: string,
): Promise<Map<string, MeshImage>> {
  const store = await openStore(join(home, 'images'));
  const built = await readBuilt(target);
  const images = new Map<string, MeshImage>();
  for (const { image, at } of meshfile.services) {
    if (images.has(image)) continue;
    const reference = parseReference(image);
    const stored = await store.resolve(image);
    if (stored === undefined) continue;
    const own = built.get(referenceName(reference))?.digest;
    // A name alone would let whoever can write to the store choose the policy (architecture, decision 10).
    if (reference.digest === undefined && own !== stored.digest) {
      throw new SconeError('E_IMAGE', `the image ${image} is not the one that was built into ${target}`, {
        at,
        expected: own ?? 'an image that was built with this target directory',
        found: stored.digest,
        hint: `apply its service manifest with the same target directory, or write ${image}@${stored.digest}`,
      });
    }
    reporter.progress(`Checking the layers of ${image}`);
    const { descriptor, rootfsDigest } = await store.contents(stored.digest);
    images.set(image, { descriptor: parseDescriptor(descriptor), rootfsDigest, digest: stored.digest });
  }
  return images;
}

/**
 * What `--tee` says about a Meshfile: images are built already, so it only states for which TEE they have to be. Called
 * before anything is sent, since a mesh for a simulation protects nothing of what its owner believes to be in a TEE.
 *
 * @param tee as it was asked for; `undefined` where nothing was said, so that the images alone decide
 */
export function demandTee(
  tee: string | undefined,
  { file, services }: Meshfile,
  images: ReadonlyMap<string, MeshImage>,
): void {
  if (tee === undefined) return;
  const problems: SconeError[] = [];
  for (const { name, image, at } of services) {
    const flavour = images.get(image)?.descriptor.flavour;
    if (flavour === undefined || flavour === tee) continue;
    problems.push(
      new SconeError('E_MODE', `the image of ${name} is not for the TEE that was asked for`, {
        at,
        expected: tee,
        found: flavour,
        hint: 'leave --tee out, or build the image for that TEE',
      }),
    );
  }
  const [first, second] = problems;
  if (first !== undefined) throw second === undefined ? first : summary(file, 'E_MODE', problems);
}
