import { lstat, open, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type BytePath, isWithin, nameOf, pathBytes } from '../oci/path.ts';

/** Places of this build that are never its input, as bytes of real paths. */
export interface OwnPlaces {
  /** `target/`. */
  target: BytePath;
  /** `$SCONECTL_HOME`. */
  home: BytePath;
  /** The cache folder. */
  cache: BytePath;
  /** The service manifest, which may hold explicit secret values. */
  manifest: BytePath;
}

/** The first line of every text file that sconectl writes. */
export const writtenByUs = '# Written by sconectl';

/** Folders and files that never go into an image, wherever they lie. */
const ownNames: { readonly [name: string]: string } = {
  '.git': 'holds the history of the sources',
  '.cas': 'belongs to the CAS client',
  '.sconectl': 'holds the state of sconectl',
  'cas.lock': 'is a file of sconectl',
  'service.lock.yml': 'is a file of sconectl',
};

/** Names under which credentials lie by custom. */
const privateNames =
  /^(?:\.env|\.env\..+|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.pgpass|\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|id_(?:rsa|dsa|ecdsa|ed25519))$/;

/** Why a place is never an input of a build, if it is not. `root` is the folder of the manifest. */
export function ownReason(place: BytePath, root: BytePath, own: OwnPlaces): string | undefined {
  const parts = relative(root, place).split('/');
  for (const part of parts) {
    const reason = Object.hasOwn(ownNames, part) ? ownNames[part] : undefined;
    if (reason !== undefined) return reason;
  }
  if (parts[0] === 'target' || isWithin(place, own.target)) return 'is the folder of generated files';
  if (isWithin(place, own.home) || isWithin(place, own.cache)) return 'holds the state of sconectl';
  if (place === own.manifest) return 'is the service manifest, which may hold secret values';
  return undefined;
}

/**
 * Why a folder below the manifest's is never an input, if it is not: it is the `target/` of another project, under
 * whatever name. It says so by its `.gitignore` and by what an apply leaves there.
 */
export async function generatedReason(place: BytePath): Promise<string | undefined> {
  const ignored = await readFile(pathBytes(join(place, '.gitignore')), 'latin1').catch(() => undefined);
  if (ignored !== '*\n') return undefined;
  for (const name of ['images.json', 'private', 'sessions', 'initdata']) {
    const found = await lstat(pathBytes(join(place, name))).catch(() => undefined);
    if (found !== undefined) return 'is a folder of generated files of sconectl, which may hold secret values';
  }
  return undefined;
}

/** Why a name inside a copied folder is left alone, if it is. */
export function privateName(place: BytePath): string | undefined {
  if (!privateNames.test(nameOf(place))) return undefined;
  return 'holds credentials by custom; name it in build.copy if it has to be in the image';
}

/** What the beginning of a file says about it: that it is one of ours (`always` withheld), or holds a private key. */
export async function privateText(place: BytePath): Promise<{ reason: string; always: boolean } | undefined> {
  const file = await open(pathBytes(place), 'r');
  let text: string;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
    text = buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
  if (/\.ya?ml$/i.test(nameOf(place))) {
    if (/^apiVersion:\s*["']?scone\//m.test(text)) {
      return { reason: 'is a manifest or Meshfile, which may hold secret values', always: true };
    }
    if (text.startsWith(writtenByUs)) return { reason: 'is a file of sconectl', always: true };
    if (/^version:\s*["']?0\.3/m.test(text) && /^(?:secrets|services|access_policy):/m.test(text)) {
      return { reason: 'is a session, which may hold secret values; name it in build.copy if not', always: false };
    }
  }
  if (!/-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/.test(text)) return undefined;
  return { reason: 'holds a private key; name it in build.copy if it has to be in the image', always: false };
}
