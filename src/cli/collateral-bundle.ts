import { resolve } from 'node:path';
import { writeWhole } from '../client/file.ts';
import { platformsIn, renderSupply } from '../collateral/supply.ts';
import { SconeError } from '../core/errors.ts';
import { readSupply } from './collateral-files.ts';
import { describePlatform, platformLine } from './collateral-platform.ts';
import type { Run } from './context.ts';

/** `sconectl collateral bundle`: several files as one, for hosts without a network and for years from now. */
export const run: Run = async (context, { arguments: files, options }) => {
  const platforms = unique(platformsIn(await readSupply(context, files)));
  if (platforms.length === 0) throw new SconeError('E_COLLATERAL', 'the files hold the collateral of no platform');
  const file = String(options['file']);
  await writeWhole(resolve(context.folder, file), renderSupply(platforms));
  const described = platforms.map((one) => describePlatform(one, context.now()));
  return {
    result: { file, platforms: described },
    text: [...described.map(platformLine), `written to ${file}`].join('\n'),
  };
};

function unique<T extends { text: string }>(platforms: readonly T[]): T[] {
  return [...new Map(platforms.map((one) => [one.text, one])).values()];
}
