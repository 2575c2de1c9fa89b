import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Position, SconeError, systemCode } from '../core/errors.ts';
import { type BytePath, comparePaths, isWithin, parentOf, pathBytes, pathOfText } from '../oci/path.ts';
import type { Spool } from '../oci/spool.ts';
import type { Node } from '../oci/tree.ts';
import { located, withPlace } from './located.ts';
import { generatedReason, type OwnPlaces, ownReason, privateName, privateText } from './withheld.ts';

/** One file, folder or link that goes into the image. */
export interface Copied {
  /** Relative to `build.pwd`, as bytes; empty for `build.pwd` itself. */
  path: string;
  node: Node;
}

export interface CopyResult {
  /** Sorted by path. */
  copied: Copied[];
  /** What was left out of copied folders, each with its reason. */
  warnings: SconeError[];
}

/**
 * Collects what `build.copy` names, relative to the folder of the manifest. Modes become 0755 or 0644 by the owner's
 * executable bit; owners, times and the order of directories leave no trace. What is never an input is an `E_COPY`
 * when named, and left out with a warning inside a copied folder (threat model 71). A private key or a file that by
 * custom holds credentials is copied only when it is named.
 */
export async function collectCopies(
  names: readonly string[],
  folder: string,
  own: OwnPlaces,
  spool: Pick<Spool, 'append'>,
  locate: (index: number) => Position,
): Promise<CopyResult> {
  /** Paths of this machine, as bytes. */
  const root: BytePath = pathOfText(await realpath(folder));
  const copied = new Map<string, Node>();
  const warnings: SconeError[] = [];

  async function add(place: BytePath, named: boolean): Promise<void> {
    const shown = relative(root, place);
    const reason = ownReason(place, root, own) ?? (named ? undefined : privateName(place));
    if (reason !== undefined) return refuse(shown, reason, named);
    const found = await inspect(place, shown);
    if (found.isDirectory()) {
      const generated = await generatedReason(place);
      if (generated !== undefined) return refuse(shown, generated, named);
      copied.set(shown, { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
      for (const name of await readable(shown, () => readdir(pathBytes(place), { encoding: 'buffer' }))) {
        await add(join(place, name.toString('latin1')), false);
      }
    } else if (found.isSymbolicLink()) {
      const target = await linkTarget(place, root, own);
      if (target === undefined) return refuse(shown, 'is a link to a place that is no input', named);
      copied.set(shown, { type: 'symlink', mode: 0o777, uid: 0, gid: 0, target });
    } else if (found.isFile()) {
      const text = await readable(shown, () => privateText(place));
      if (text !== undefined && (text.always || !named)) return refuse(shown, text.reason, named);
      const mode = (found.mode & 0o100) === 0 ? 0o644 : 0o755;
      copied.set(shown, { type: 'file', mode, uid: 0, gid: 0, ...(await spool.append(fileParts(place))) });
    } else {
      refuse(shown, 'is neither file nor folder nor link', named);
    }
  }

  function refuse(shown: string, reason: string, named: boolean): void {
    const text = Buffer.from(shown, 'latin1').toString();
    if (!named) {
      warnings.push(new SconeError('E_COPY', `not copied: ${text} ${reason}`));
      return;
    }
    throw new SconeError('E_COPY', `build.copy: ${text} ${reason}`, {
      hint: 'Remove it from build.copy. What the program needs of it has to be a file of its own.',
    });
  }

  async function addNamed(name: string): Promise<void> {
    const place = resolve(root, pathOfText(name));
    if (name.startsWith('/') || !isWithin(place, root)) {
      throw new SconeError('E_COPY', `build.copy: ${name} is not in the folder of the manifest`, {
        expected: `a path relative to ${folder}`,
        hint: 'Copy the file beside the manifest, or move the manifest up.',
      });
    }
    for (let at = parentOf(place); isWithin(at, root) && at !== root; at = parentOf(at)) {
      const reason = ownReason(at, root, own) ?? (await generatedReason(at));
      if (reason !== undefined) refuse(relative(root, at), reason, true);
      if ((await inspect(at, relative(root, at))).isSymbolicLink()) refuse(relative(root, at), 'is a link', true);
    }
    await add(place, true);
  }

  for (const [index, name] of names.entries()) {
    const before = warnings.length;
    await located(locate(index), () => addNamed(name));
    for (const [offset, warning] of warnings.slice(before).entries()) {
      warnings[before + offset] = withPlace(warning, locate(index));
    }
  }
  const sorted = [...copied].sort(([a], [b]) => comparePaths(a, b));
  return { copied: sorted.map(([path, node]) => ({ path, node })), warnings };
}

async function inspect(place: BytePath, shown: string): Promise<Stats> {
  return readable(shown, () => lstat(pathBytes(place)));
}

async function readable<Result>(shown: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    const name = Buffer.from(shown, 'latin1').toString();
    throw new SconeError('E_COPY', `build.copy: ${name} cannot be read`, {
      ...(systemCode(error) === 'ENOENT' ? { found: 'nothing of that name' } : { cause: error }),
      hint: 'Paths of build.copy are relative to the folder of the manifest.',
    });
  }
}

/** The target as the image gets it, or nothing when it leads out of the folder or to what is never an input. */
async function linkTarget(place: BytePath, root: BytePath, own: OwnPlaces): Promise<string | undefined> {
  const target = (await readlink(pathBytes(place), { encoding: 'buffer' })).toString('latin1');
  if (target.startsWith('/')) return undefined;
  // Step by step: "../../folder/file" would come back inside, and carry the name of the folder into the image.
  let written = parentOf(place);
  for (const part of target.split('/')) {
    written = resolve(written, part);
    if (!isWithin(written, root)) return undefined;
  }
  const real = await realpath(pathBytes(place), { encoding: 'buffer' })
    .then((bytes) => bytes.toString('latin1'))
    .catch(() => undefined);
  if (real === undefined) return undefined;
  const inside = [written, real].every((path) => isWithin(path, root) && ownReason(path, root, own) === undefined);
  return inside ? target : undefined;
}

async function* fileParts(place: BytePath): AsyncGenerator<Uint8Array> {
  const file = await open(pathBytes(place), 'r');
  for await (const part of file.createReadStream() as AsyncIterable<Buffer>) yield part;
}
