import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { Context } from './context.ts';

/** The text of a file that the command line names. */
export async function readInput(context: Context, file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(resolve(context.folder, file));
  } catch (error) {
    throw new SconeError('E_USAGE', `${file} cannot be read`, { cause: error });
  }
  return utf8Text(bytes, file);
}
