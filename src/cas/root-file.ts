import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { base64, concat, fromBase64, lpSequence } from '../core/bytes.ts';
import type { Mode } from '../core/digest.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { canonicalBytes, parseJson } from '../core/json.ts';
import type { Platform } from './platform.ts';

/** What opens a ledger. */
export interface Root {
  mode: Mode;
  /** Ledger id: 32 hex digits. */
  ledger: string;
  /** 32 random bytes that all keys of the ledger come from. */
  root: Uint8Array;
  /** SubjectPublicKeyInfo of the identity key, DER; record 0 is sealed behind it. */
  identitySpki: Uint8Array;
}

const document = z.strictObject({
  v: z.literal(1),
  mode: z.enum(['production', 'simulation']),
  ledger: z.string().regex(/^[0-9a-f]{32}$/),
  sealed: z.base64(),
});

const rootLength = 32;

/** The mode of a data folder, in the clear so that a wrong start can be refused by name; `undefined` for a new one. */
export async function modeOfFolder(folder: string): Promise<Mode | undefined> {
  return (await readDocument(folder))?.mode;
}

/** Refuses a data folder of the other mode by name (C6). */
export async function demandMode(folder: string, mode: Mode): Promise<void> {
  const found = await modeOfFolder(folder);
  if (found === undefined || found === mode) return;
  throw new SconeError('E_MODE', `the data folder ${folder} belongs to a ${found} CAS, and this is a ${mode} CAS`, {
    expected: mode,
    found,
    hint: 'a ledger keeps its mode for ever: start the CAS it belongs to, or give this one another folder with --data',
  });
}

/** Unseals the root of a data folder; `undefined` for a new folder. */
export async function readRoot(folder: string, platform: Platform): Promise<Root | undefined> {
  await demandMode(folder, platform.mode);
  const found = await readDocument(folder);
  if (found === undefined) return undefined;
  const { mode, ledger } = found;
  const plain = platform.unseal(context(mode, ledger), fromBase64(found.sealed, 'sealed root'));
  if (plain.length <= rootLength) throw damaged(folder);
  return { mode, ledger, root: plain.slice(0, rootLength), identitySpki: plain.slice(rootLength) };
}

/** Writes the root of a new ledger; this makes the ledger exist, so its record 0 must be durable before. */
export async function writeRoot(folder: string, platform: Platform, root: Root): Promise<void> {
  const sealed = platform.seal(context(root.mode, root.ledger), concat(root.root, root.identitySpki));
  const bytes = canonicalBytes({ v: 1, mode: root.mode, ledger: root.ledger, sealed: base64(sealed) });
  try {
    const path = join(folder, 'root.sealed.new');
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(path, join(folder, 'root.sealed'));
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (cause) {
    throw new SconeError('E_STORE', `the data folder ${folder} cannot be written`, { cause });
  }
}

/** A sealed root opens in the mode and for the ledger it was made for, and nowhere else. */
function context(mode: Mode, ledger: string): Uint8Array {
  return lpSequence('sconectl root v1', mode, ledger);
}

async function readDocument(folder: string): Promise<z.infer<typeof document> | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, 'root.sealed'));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new SconeError('E_STORE', `the data folder ${folder} cannot be read`, { cause });
  }
  let parsed: ReturnType<typeof document.safeParse>;
  try {
    parsed = document.safeParse(parseJson(bytes, 'root.sealed'));
  } catch {
    throw damaged(folder);
  }
  if (!parsed.success) throw damaged(folder);
  return parsed.data;
}

function damaged(folder: string): SconeError {
  return new SconeError('E_LEDGER', `root.sealed in ${folder} is damaged`, {
    hint: 'restore it from a copy of the folder; without it nothing in the ledger can be read',
  });
}
