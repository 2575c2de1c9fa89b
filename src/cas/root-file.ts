import { constants } from 'node:fs';
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
const settled = 'root.sealed';
const unsettled = 'root.sealed.new';

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
  if (!found.settled) await settle(folder);
  const { mode, ledger } = found;
  const plain = platform.unseal(context(mode, ledger), fromBase64(found.sealed, 'sealed root'));
  if (plain.length <= rootLength) throw damaged(folder);
  return { mode, ledger, root: plain.slice(0, rootLength), identitySpki: plain.slice(rootLength) };
}

/**
 * Writes the root of a new ledger, whose record 0 must be durable before: with a whole `root.sealed.new` on the disk the
 * ledger exists, and the name it keeps is given by `settle`, now or at the next start.
 */
export async function writeRoot(folder: string, platform: Platform, root: Root): Promise<void> {
  const sealed = platform.seal(context(root.mode, root.ledger), concat(root.root, root.identitySpki));
  const bytes = canonicalBytes({ v: 1, mode: root.mode, ledger: root.ledger, sealed: base64(sealed) });
  try {
    // O_SYNC and not fsync, which Node's permission model forbids.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_SYNC;
    const file = await open(join(folder, unsettled), flags, 0o600);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unwritable(folder, cause);
  }
  await settle(folder);
}

async function settle(folder: string): Promise<void> {
  try {
    await rename(join(folder, unsettled), join(folder, settled));
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/** A sealed root opens in the mode and for the ledger it was made for, and nowhere else. */
function context(mode: Mode, ledger: string): Uint8Array {
  return lpSequence('sconectl root v1', mode, ledger);
}

interface Found extends z.infer<typeof document> {
  /** Whether it has the name it keeps. */
  settled: boolean;
}

async function readDocument(folder: string): Promise<Found | undefined> {
  const whole = await readFileOf(folder, settled);
  const left = whole === undefined ? await readFileOf(folder, unsettled) : undefined;
  const found = parse(whole ?? left ?? new Uint8Array());
  if (found !== undefined) return { ...found, settled: whole !== undefined };
  if (whole !== undefined) throw damaged(folder);
  // Half a document without its name is what an interrupted first start leaves: there is no ledger yet.
  return undefined;
}

function parse(bytes: Uint8Array): z.infer<typeof document> | undefined {
  try {
    return document.safeParse(parseJson(bytes, settled)).data;
  } catch {
    return undefined;
  }
}

async function readFileOf(folder: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(folder, name));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new SconeError('E_STORE', `the data folder ${folder} cannot be read`, { cause });
  }
}

function unwritable(folder: string, cause: unknown): SconeError {
  return new SconeError('E_STORE', `the data folder ${folder} cannot be written`, {
    cause,
    hint: 'make room on its disk, and let its owner be the user the CAS runs as',
  });
}

function damaged(folder: string): SconeError {
  return new SconeError('E_LEDGER', `root.sealed in ${folder} is damaged`, {
    hint: 'restore it from a copy of the folder; without it nothing in the ledger can be read',
  });
}
