import { lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, readIfThere, writeWhole } from '../client/file.ts';
import { fileStem, predecessorName } from '../client/sessions.ts';
import { utf8Text } from '../core/bytes.ts';
import { SconeError, systemCode } from '../core/errors.ts';

/** Folders whose whole content one apply of a Meshfile makes. */
const owned = ['initdata', 'helm'] as const;
const stagePrefix = '.apply-';
const sessions = 'sessions';

/** Files by their path below `target/`. */
export type Files = ReadonlyMap<string, Uint8Array | string>;

/** The text of a session below `target/`. */
export function sessionPath(session: string): string {
  return join(sessions, `${fileStem(session)}.yaml`);
}

/** Init data of a service below `target/`, or what `SCONE_SIM_PLATFORM` has to be for it. */
export function initDataPath(service: string, form: 'toml' | 'configid'): string {
  return join('initdata', `${service}.${form}`);
}

/** The hash that a session had after its last upload from this folder. */
export async function predecessorOf(target: string, session: string): Promise<string | undefined> {
  const path = join(target, sessions, predecessorName(session));
  const bytes = await readIfThere(path);
  return bytes === undefined ? undefined : utf8Text(bytes, path).trim();
}

export async function keepPredecessor(target: string, session: string, hash: string): Promise<void> {
  await writeWhole(join(target, sessions, predecessorName(session)), `${hash}\n`);
}

/** Outputs that lie ready on the disk, and nobody sees yet. */
export interface Staged {
  /** Puts each file in its place, whole, and removes what an earlier apply left there. */
  place: () => Promise<void>;
  discard: () => Promise<void>;
}

/**
 * Writes all outputs of a Meshfile beside their place first. A full disk or an interruption is then found before the
 * CAS is changed, and leaves the old outputs as they are; what remains after the upload are renames.
 */
export async function stageOutputs(target: string, files: Files): Promise<Staged> {
  await demandFolders(target);
  await removeStages(target);
  const stage = await mkdtemp(join(target, stagePrefix)).catch((error: unknown) => {
    throw fileError(target, 'written', error);
  });
  const discard = (): Promise<void> => rm(stage, { recursive: true, force: true });
  try {
    for (const [path, content] of files) {
      // Salt and HMACs of explicit values are in a session: whoever reads them can try values out (M12).
      const mode = path.startsWith(join(sessions, '/')) ? 0o600 : 0o644;
      await writeWhole(join(stage, path), content, { mode });
    }
  } catch (error) {
    await discard();
    throw error;
  }
  const place = async (): Promise<void> => {
    try {
      for (const path of files.keys()) {
        await mkdir(dirname(join(target, path)), { recursive: true });
        await rename(join(stage, path), join(target, path));
      }
      await removeOthers(target, files);
    } catch (error) {
      throw fileError(target, 'written', error);
    }
    await discard();
  };
  return { place, discard };
}

/** A link in the place of a folder of ours, as a repository may bring one, would have files elsewhere replaced and removed. */
async function demandFolders(target: string): Promise<void> {
  for (const folder of [...owned, sessions]) {
    const path = join(target, folder);
    const found = await lstat(path).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw fileError(path, 'read', error);
    });
    if (found === undefined || found.isDirectory()) continue;
    throw new SconeError('E_STORE', `${path} is not a folder`, {
      expected: 'a folder, or nothing',
      found: found.isSymbolicLink() ? 'a link' : 'a file',
      hint: 'remove it; sconectl makes and empties this folder itself',
    });
  }
}

/** What an apply that was killed left. Called under the lock of the folder, so no other apply is at work in it. */
async function removeStages(target: string): Promise<void> {
  for (const name of await readdir(target)) {
    if (name.startsWith(stagePrefix)) await rm(join(target, name), { recursive: true, force: true });
  }
}

async function removeOthers(target: string, files: Files): Promise<void> {
  for (const folder of owned) {
    for (const path of await filesBelow(target, folder)) if (!files.has(path)) await rm(join(target, path));
  }
  for (const path of await filesBelow(target, sessions)) {
    // Predecessors stay: a session that is no longer in the mesh is still on the CAS.
    if (path.endsWith('.yaml') && !files.has(path)) await rm(join(target, path));
  }
}

async function filesBelow(target: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(target, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
