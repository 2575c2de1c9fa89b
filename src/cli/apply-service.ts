import { dirname, join } from 'node:path';
import { buildImage } from '../image/build.ts';
import { explicitValues } from '../manifest/explicit-values.ts';
import type { ServiceManifest } from '../manifest/service.ts';
import type { ApplyOptions } from './apply.ts';
import type { Context } from './context.ts';
import { PrivateValues } from './private.ts';
import type { Outcome } from './report/reporter.ts';

/** Applies a service manifest: the image is built into the local store; explicit secret values stay here. */
export async function applyService(
  context: Context,
  file: string,
  manifest: ServiceManifest,
  { target, tee = 'sim' }: ApplyOptions,
): Promise<Outcome> {
  const { reporter, home, version, now } = context;
  const built = await buildImage({
    manifest,
    file,
    folder: dirname(file),
    home,
    target,
    tee,
    sources: { runtime: join(import.meta.dirname, '..', '..', 'runtime') },
    version,
    progress: (text) => reporter.progress(text),
    clock: now,
  });
  for (const warning of built.warnings) reporter.warning(warning);
  await new PrivateValues(target).keepExplicit(built.image, explicitValues(manifest));
  const { image, digest, rootfsDigest, descriptor } = built;
  const { flavour } = descriptor;
  if (flavour === 'sim') reporter.notice('NOT CONFIDENTIAL: this image is for simulation, which protects nothing');
  return {
    result: { kind: 'genservice', image, digest, rootfs: rootfsDigest, flavour, confidential: flavour !== 'sim' },
    text: [`image   ${image}`, `digest  ${digest}`, `rootfs  ${rootfsDigest}`].join('\n'),
  };
}
