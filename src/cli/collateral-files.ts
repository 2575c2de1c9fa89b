import { mergeSupplies, parseSupply, type Supply, supplySizeLimit } from '../collateral/supply.ts';
import type { Context } from './context.ts';
import { readSmall } from './evidence-input.ts';

/** All files of collateral that a command was given. Throws `E_USAGE` and `E_COLLATERAL`. */
export async function readSupply(context: Context, files: readonly string[]): Promise<Supply> {
  const supplies = [];
  for (const file of files) supplies.push(parseSupply(await readSmall(context, file, supplySizeLimit), file));
  return mergeSupplies(supplies);
}

/** The values of an option that may be given again. */
export function listOf(option: unknown): string[] {
  return Array.isArray(option) ? option.filter((one) => typeof one === 'string') : [];
}
