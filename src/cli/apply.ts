import { resolve } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { type LoadedManifest, loadManifest } from '../manifest/load.ts';
import { notYet } from '../manifest/not-yet.ts';
import { summary } from '../manifest/yaml.ts';
import type { Context, Run } from './context.ts';
import { readInput } from './input.ts';
import type { Outcome } from './report/reporter.ts';
import { valuesIn, variablesOf } from './variables.ts';

/** What `apply` was told beside the files. */
export interface ApplyOptions {
  /** Absolute. */
  target: string;
  /** As it was asked for; `undefined` where nothing was said. */
  tee: string | undefined;
  dryRun: boolean;
  yesNotConfidential: boolean;
}

/**
 * `sconectl apply`: every file is read and checked before the first one is applied, each by its kind. Images come first,
 * whatever the order of the files: a Meshfile is derived from what they are after the builds.
 */
export const run: Run = async (context, { options }) => {
  if (context.outputs.has('yaml')) {
    throw new SconeError('E_NOT_YET', 'rendered manifests (--output yaml) are not supported yet', {
      hint: 'render them with: helm template <name> target/helm',
    });
  }
  const applyOptions: ApplyOptions = {
    target: resolve(context.folder, String(options['targetDirectory'])),
    tee: typeof options['tee'] === 'string' ? options['tee'] : undefined,
    dryRun: options['dryRun'] === true,
    yesNotConfidential: options['yesNotConfidential'] === true,
  };
  const variables = valuesIn(await variablesOf(context, options));
  const loaded: Loaded[] = [];
  const problems: SconeError[] = [];
  for (const file of options['filename'] as string[]) {
    try {
      const manifest = loadManifest(await readInput(context, file), file, { variables });
      const unsupported = notYet(manifest.manifest);
      if (unsupported.length > 0) throw summary(file, 'E_NOT_YET', unsupported);
      loaded.push({ file, manifest });
    } catch (error) {
      if (!(error instanceof SconeError)) throw error;
      problems.push(error);
    }
  }
  const [first, second] = problems;
  if (first !== undefined) {
    throw second === undefined
      ? first
      : new SconeError(first.code, `${problems.length} files have problems`, { errors: problems });
  }
  demandSupported(applyOptions.tee);
  if (context.outputs.has('helm_chart') && loaded.every(isService)) {
    throw new SconeError('E_USAGE', 'there is no chart without a Meshfile (--output helm_chart)', {
      expected: 'a Meshfile among the files',
      found: 'service manifests only',
      hint: 'leave --output helm_chart out, or name the Meshfile too: -f mesh.yml',
    });
  }
  const outcomes: Outcome[] = [];
  const ordered = [...loaded.filter(isService), ...loaded.filter((one) => !isService(one))];
  for (const { file, manifest } of ordered) outcomes.push(await applyOne(context, file, manifest, applyOptions));
  const results = outcomes.map(({ result }) => result);
  return {
    result: results.length === 1 ? results[0] : results,
    text: outcomes.map(({ text }) => text).join('\n\n'),
  };
};

interface Loaded {
  file: string;
  manifest: LoadedManifest;
}

function isService({ manifest }: Loaded): boolean {
  return manifest.kind === 'genservice';
}

/** Whatever the files are: an image for such a TEE cannot be built, and a mesh of such images not be derived. */
function demandSupported(tee: string | undefined): void {
  if (tee === undefined || tee === 'sim') return;
  throw new SconeError('E_NOT_YET', `images and meshes for the TEE ${tee} cannot be made yet`, {
    expected: 'sim',
    found: tee,
    hint: 'Leave --tee out: everything is then for the simulation, which is NOT CONFIDENTIAL.',
  });
}

async function applyOne(
  context: Context,
  file: string,
  loaded: LoadedManifest,
  options: ApplyOptions,
): Promise<Outcome> {
  for (const warning of loaded.warnings) context.reporter.warning(warning);
  const path = resolve(context.folder, file);
  if (loaded.kind === 'genservice') {
    const { applyService } = await import('./apply-service.ts');
    return applyService(context, path, loaded.manifest, options);
  }
  const { applyMesh } = await import('./apply-mesh.ts');
  return applyMesh(context, path, loaded.manifest, options);
}
