import { z } from 'zod';
import { noteText, timeText } from '../api/text.ts';
import { utf8Text } from '../core/bytes.ts';
import type { Mode } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { locked, readIfThere, writeWhole } from './file.ts';
import type { SignedHead } from './heads.ts';

/** A CAS that was attested once; every later connection to that address demands this key. */
export interface Pin {
  /** Key hash of the CAS's identity. */
  cas_key: string;
  /** Ledger id. */
  ledger: string;
  /** RFC 3339. */
  attested: string;
}

const pin = z.strictObject({ cas_key: z.string(), ledger: z.string().regex(/^[0-9a-f]{32}$/), attested: timeText });
const knownHead = z.strictObject({
  note: noteText,
  /** Sizes of this ledger and when they were seen, oldest first; the last one is the note's. */
  seen: z.array(z.strictObject({ size: z.int().min(0), time: timeText })).min(1),
});
/** A head as a file remembers it. */
export type KnownHead = z.infer<typeof knownHead>;
const document = z.strictObject({
  v: z.literal(1),
  /** By mode, then by `host:port`: a strict attestation never uses what a tolerant one pinned (M20). */
  cas: z.strictObject({ production: z.record(z.string(), pin), simulation: z.record(z.string(), pin) }),
  /** By ledger id, so that a copy of a CAS at another address is known again. */
  heads: z.record(z.string(), knownHead),
});
type Document = z.infer<typeof document>;

/** How many sizes and times of one ledger are remembered, to say since when a rolled-back one is old. */
const mostSeen = 24;

/**
 * What a client remembers of CASes: `config.json` in its home, and `cas.lock` beside a Meshfile, which is meant for
 * version control so that a machine with an empty home has a memory too (conventions, "Heads"). Both have one form.
 */
export class MemoryFile {
  readonly path: string;
  private readonly mode: number;

  constructor(path: string, mode: number) {
    this.path = path;
    this.mode = mode;
  }

  /** Throws `E_STORE` when the file cannot be read or is damaged; a file that is not there remembers nothing. */
  async read(): Promise<Document> {
    const bytes = await readIfThere(this.path);
    if (bytes === undefined) return { v: 1, cas: { production: {}, simulation: {} }, heads: {} };
    let value: unknown;
    try {
      value = parseJson(utf8Text(bytes, this.path), this.path);
    } catch (error) {
      throw this.damaged({ cause: error });
    }
    const parsed = document.safeParse(value);
    if (parsed.success) return parsed.data;
    throw this.damaged({ causes: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) });
  }

  async pinOf(mode: Mode, address: string): Promise<Pin | undefined> {
    return own((await this.read()).cas[mode], address);
  }

  async headOf(ledger: string): Promise<KnownHead | undefined> {
    return own((await this.read()).heads, ledger);
  }

  async pin(mode: Mode, address: string, pinned: Pin): Promise<void> {
    await this.change((memory) => {
      const there = own(memory.cas[mode], address);
      if (there?.cas_key === pinned.cas_key && there.ledger === pinned.ledger) return false;
      memory.cas[mode][address] = pinned;
      return true;
    });
  }

  /**
   * Remembers a newer head. `basis` is the note that was remembered when the newer head was checked against it; if
   * another process has put another one there since, nothing is written and the answer is `false`.
   */
  async keep(ledger: string, newer: SignedHead, basis: string | undefined, time: string): Promise<boolean> {
    let agreed = true;
    await this.change((memory) => {
      const there = own(memory.heads, ledger);
      agreed = there?.note === basis;
      const { size } = newer.head;
      if (!agreed || there?.seen.at(-1)?.size === size) return false;
      memory.heads[ledger] = { note: newer.note, seen: [...(there?.seen ?? []), { size, time }].slice(-mostSeen) };
      return true;
    });
    return agreed;
  }

  /** Forgets the CAS at an address, in both modes, and the heads of its ledgers. Answers what was forgotten. */
  async forget(address: string): Promise<Pin[]> {
    const gone: Pin[] = [];
    await this.change((memory) => {
      for (const pins of [memory.cas.production, memory.cas.simulation]) {
        const there = own(pins, address);
        if (there === undefined) continue;
        gone.push(there);
        delete pins[address];
        delete memory.heads[there.ledger];
      }
      return gone.length > 0;
    });
    return gone;
  }

  private async change(edit: (memory: Document) => boolean): Promise<void> {
    await locked(this.path, async () => {
      const memory = await this.read();
      if (edit(memory))
        await writeWhole(this.path, `${JSON.stringify(sorted(memory), null, 2)}\n`, { mode: this.mode });
    });
  }

  private damaged(details: { cause?: unknown; causes?: string[] }): SconeError {
    return new SconeError('E_STORE', `${this.path} is damaged`, {
      ...details,
      hint: 'restore it from a backup or from version control; without it a rolled-back CAS is not noticed',
    });
  }
}

/** The memory of a home. */
export function homeMemory(home: string): MemoryFile {
  return new MemoryFile(`${home}/config.json`, 0o600);
}

/** The memory beside a Meshfile. */
export function lockMemory(folder: string): MemoryFile {
  return new MemoryFile(`${folder}/cas.lock`, 0o644);
}

function own<T>(map: { [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** Addresses and ledgers in order, so that version control shows only what changed. */
function sorted({ v, cas, heads }: Document): Document {
  const inOrder = <T>(map: { [name: string]: T }): { [name: string]: T } =>
    Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    v,
    cas: { production: inOrder(cas.production), simulation: inOrder(cas.simulation) },
    heads: inOrder(heads),
  };
}
