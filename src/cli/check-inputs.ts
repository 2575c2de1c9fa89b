import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { Context } from './context.ts';

/** A text to check. */
export interface CheckInput {
  /** As it was named; `-` is standard input. */
  file: string;
  text: string;
  /** Why there is no text: it is not UTF-8. */
  problem?: SconeError;
  /** It was found in a folder, where files of other kinds lie too. */
  found: boolean;
}

/** Folders that hold no manifests of anybody: outputs, dependencies, hidden ones. */
const skipped = /^(?:target|node_modules|\..*)$/;
const mostFiles = 10_000;

/**
 * The texts of files, of all `.yml`, `.yaml` and `.json` files below folders, and of standard input (`-`); sorted by
 * name, each once. Throws `E_USAGE` for one that cannot be read.
 */
export async function readInputs(context: Context, names: readonly string[]): Promise<CheckInput[]> {
  const inputs = new Map<string, CheckInput>();
  for (const name of names) {
    if (name === '-') inputs.set('-', { file: '-', ...textOf(await readStdin(), '<stdin>'), found: false });
    else {
      const path = resolve(context.folder, name);
      const folder = await readable(name, async () => (await stat(path)).isDirectory());
      const files = folder ? await below(name, path, mostFiles - inputs.size) : [{ file: name, path }];
      for (const one of files) {
        if (inputs.get(one.path)?.found === false) continue;
        const bytes = await readable(one.file, () => readFile(one.path));
        inputs.set(one.path, { file: one.file, ...textOf(bytes, one.file), found: folder });
      }
    }
  }
  return [...inputs.values()].toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

async function below(name: string, path: string, room: number): Promise<{ file: string; path: string }[]> {
  const files: { file: string; path: string }[] = [];
  const entries = await readable(name, () => readdir(path, { withFileTypes: true }));
  for (const entry of entries) {
    const inside = { file: join(name, entry.name), path: join(path, entry.name) };
    if (entry.isDirectory() && !skipped.test(entry.name)) {
      files.push(...(await below(inside.file, inside.path, room - files.length)));
    } else if (entry.isFile() && /\.(?:ya?ml|json)$/.test(entry.name)) files.push(inside);
    if (files.length > room) {
      throw new SconeError('E_USAGE', `${name} holds more than ${mostFiles} files`, {
        hint: 'name the folders to check',
      });
    }
  }
  return files;
}

/** One file that is no text must not hide what is wrong with the others. */
function textOf(bytes: Uint8Array, file: string): Pick<CheckInput, 'text' | 'problem'> {
  try {
    return { text: utf8Text(bytes, file) };
  } catch {
    const at = { file, line: 1, column: 1 };
    return {
      text: '',
      problem: new SconeError('E_MANIFEST', 'the file is not UTF-8', { at, hint: 'save it as UTF-8 text' }),
    };
  }
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function readable<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SconeError) throw error;
    throw new SconeError('E_USAGE', `${name} cannot be read`, { cause: error });
  }
}
