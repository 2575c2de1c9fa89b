import { createPrivateKey, sign as signBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hex } from '../core/bytes.ts';
import type { Clock, Random } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import type { GenesisEvent } from './events.ts';
import { FileStore } from './file-store.ts';
import { lockFolder } from './folder-lock.ts';
import { type Identity, identitySpki, makeIdentity, openIdentity } from './identity.ts';
import { Journal, type JournalOptions } from './journal.ts';
import type { Platform } from './platform.ts';
import { demandMode, type Root, readRoot, writeRoot } from './root-file.ts';

/** The ledger of a data folder, open. */
export interface OpenCas {
  journal: Journal;
  identity: Identity;
  /** Closes the ledger and lets the folder go. */
  close(): Promise<void>;
}

export interface OpenOptions {
  folder: string;
  platform: Platform;
  clock: Clock;
  random: Random;
  /** Takes one line for the operator. */
  report: (line: string) => void;
}

/**
 * Opens the CAS of a data folder, or makes a new one in an empty folder. Throws `E_MODE` for a folder of the other
 * mode, `E_LEDGER` for one that is damaged or in use, `E_STORE` where the disk is in the way.
 */
export async function openCas(options: OpenOptions): Promise<OpenCas> {
  const { folder, platform } = options;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new SconeError('E_STORE', `the data folder ${folder} cannot be made`, { cause });
  }
  await demandMode(folder, platform.mode);
  const lock = await lockFolder(folder);
  try {
    const root = await readRoot(folder, platform);
    const { journal, identity } = root === undefined ? await create(options) : await reopen(options, root);
    return {
      journal,
      identity,
      close: async () => {
        await journal.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

type Opened = Pick<OpenCas, 'journal' | 'identity'>;

async function create(options: OpenOptions): Promise<Opened> {
  const { folder, platform, clock, random } = options;
  const path = join(folder, 'ledger');
  await discardUnfinished(path);
  const keys = await makeIdentity(clock());
  const root: Root = {
    mode: platform.mode,
    ledger: hex(random(16)),
    root: random(32),
    identitySpki: identitySpki(keys),
  };
  const store = await FileStore.open(path);
  try {
    const identity = openIdentity(keys, platform.mode);
    const journal = await Journal.open(journalOptions(options, root, store, (bytes) => identity.sign(bytes)));
    await journal.commit((_view, moment) => {
      const event: GenesisEvent = {
        type: 'genesis',
        // The clock of the first start has nobody to contradict it.
        time: moment.record(true),
        mode: platform.mode,
        ledger: root.ledger,
        ...keys,
        create_sessions: [...platform.rootCreators],
      };
      return { event, result: undefined };
    });
    // The ledger exists from here on: record 0 is durable, and now its root is.
    await writeRoot(folder, platform, root);
    return { journal, identity };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function reopen(options: OpenOptions, root: Root): Promise<Opened> {
  const store = await FileStore.open(join(options.folder, 'ledger'));
  try {
    if (store.size === 0) {
      throw new SconeError('E_LEDGER', `the ledger in ${options.folder} is empty, but its root exists`, {
        hint: 'restore the newest copy of the data folder, or start with an empty folder to get a new CAS',
      });
    }
    let key: ReturnType<typeof createPrivateKey> | undefined;
    const journal = await Journal.open(
      journalOptions(options, root, store, (bytes) => {
        key ??= createPrivateKey({
          key: Buffer.from(journal.view.genesis.identity.key, 'base64'),
          format: 'der',
          type: 'pkcs8',
        });
        return signBytes('sha256', bytes, key);
      }),
    );
    await settleTail(store, journal, options);
    return { journal, identity: openIdentity(journal.view.genesis, root.mode) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function journalOptions(
  { clock, random }: OpenOptions,
  root: Root,
  store: FileStore,
  sign: JournalOptions['sign'],
): JournalOptions {
  return {
    store,
    key: { root: root.root, version: 1, mode: root.mode, ledger: root.ledger },
    identitySpki: root.identitySpki,
    sign,
    clock,
    random,
  };
}

/** Cuts what a crash left, unless it is a whole record behind a wrong length, which somebody may have been told of. */
async function settleTail(store: FileStore, journal: Journal, { report }: OpenOptions): Promise<void> {
  if (journal.isNext(store.tail)) {
    throw new SconeError('E_LEDGER', `record ${store.size} of the ledger is damaged: its length is wrong`, {
      hint: 'restore the newest copy of the data folder; clients will tell whether it is older than what they saw',
    });
  }
  const cut = await store.cutTail();
  if (cut > 0) report(`cut ${cut} bytes of a write that was interrupted; nothing that was acknowledged is lost`);
}

/**
 * A ledger without a root is what a first start leaves when it is interrupted. It then has one record at most, and
 * nobody was told of it. With more records it is a ledger that lost its root, which is not overwritten.
 */
async function discardUnfinished(path: string): Promise<void> {
  const store = await FileStore.open(path);
  const { size } = store;
  await store.close();
  if (size > 1) {
    throw new SconeError('E_LEDGER', 'the data folder holds a ledger, but root.sealed is missing', {
      hint: 'restore root.sealed from a copy of the folder; without it nothing in the ledger can be read',
    });
  }
  await rm(path);
}
