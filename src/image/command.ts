import { SconeError } from '../core/errors.ts';
import { type BytePath, below, encodePath, nameOf, pathOfText } from '../oci/path.ts';
import type { Entry } from '../oci/rootfs.ts';
import { readContent } from '../oci/spool.ts';
import { resolvePath } from '../oci/tree.ts';
import type { Assembly } from './assembly.ts';

/**
 * Finds the program that `argv[0]` means inside the image: by the image's PATH, or relative to `pwd` when it holds a
 * slash. The runtime will do the same at start; here a missing program is found while somebody can still mend it.
 * Returns its path; throws `E_COMMAND`.
 */
export function findCommand(
  assembly: Assembly,
  name: string,
  pwd: BytePath,
  env: { [name: string]: string },
): BytePath {
  const written = pathOfText(name);
  const path = (env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const candidates = written.includes('/')
    ? [written.startsWith('/') ? written : below(pwd, written)]
    : path.map((folder) => below(pathOfText(folder), written));
  let refused: string | undefined;
  for (const candidate of candidates) {
    const place = resolvePath(assembly.places, candidate);
    const type = assembly.places.get(place)?.type;
    if (type === undefined) continue;
    if (type === 'file' && isExecutable(assembly, place)) return place;
    refused ??= `${candidate} is ${type === 'file' ? 'not executable' : 'no file'}`;
  }
  throw new SconeError('E_COMMAND', `build.command: the image has no program ${JSON.stringify(name)}`, {
    expected: candidates.length === 0 ? 'a PATH in the environment of the image' : `one of ${candidates.join(', ')}`,
    found: refused ?? 'nothing of that name',
    hint: name.includes('/')
      ? 'Add the program to build.copy, with its executable bit set.'
      : 'See how the program is called in the base, or start it through its interpreter: python3 program.py',
  });
}

/**
 * A script of `build.copy` that starts itself (`#!`) needs its interpreter in the image, too: the kernel would only
 * say that the script is not there. `env NAME` is looked up by PATH.
 */
export async function checkInterpreter(
  assembly: Assembly,
  program: BytePath,
  env: { [name: string]: string },
): Promise<void> {
  const node = assembly.top.get(program);
  if (node?.type !== 'file') return;
  const parts: Uint8Array[] = [];
  for await (const part of readContent(node.content, Math.min(node.size, 256))) parts.push(part.subarray(0, 256));
  const line = /^#![ \t]*([^\s\0]+)(?:[ \t]+([^\s\0]+))?/.exec(Buffer.concat(parts).toString('latin1'));
  const [, written, argument] = line ?? [];
  if (written === undefined) return;
  const interpreter = written.includes('/') ? written : `/${written}`;
  const needed =
    nameOf(interpreter) === 'env' && argument?.startsWith('-') === false ? [interpreter, argument] : [interpreter];
  for (const name of needed) {
    try {
      findCommand(assembly, name, '/', env);
    } catch (error) {
      throw new SconeError(
        'E_COMMAND',
        `build.command: the image has no ${name}, which ${encodePath(program)} starts with`,
        {
          cause: error,
          hint: 'Start the script through its interpreter: python3 program.py',
        },
      );
    }
  }
}

function isExecutable(assembly: Assembly, path: BytePath): boolean {
  const top = assembly.top.get(path);
  if (top !== undefined) return (top.mode & 0o111) !== 0;
  const entry: Entry | undefined = assembly.base.get(path);
  return entry !== undefined && (Number.parseInt(entry.mode, 8) & 0o111) !== 0;
}
