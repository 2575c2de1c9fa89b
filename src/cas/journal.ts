import type { Clock, Random } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { signNote } from '../ledger/note.ts';
import { leafHash, Tree } from '../ledger/tree.ts';
import { decodeEvent, type Event, encodeEvent } from './events.ts';
import { genesisHash, type LedgerKey, openRecord, sealLength, sealRecord } from './seal.ts';
import { State, type View } from './state.ts';
import { longestRecord, type Store } from './store.ts';
import { casTime, isJump, recordTime } from './time.ts';

/** Requests that wait for the disk at the same time; the next one is told to come later. */
export const longestQueue = 4096;
/** Records of one group commit. */
const longestBatch = 256;
/** Turns of the event loop that a batch waits for more records; one takes a millisecond or two under load. */
const mostTurns = 32;
/** Conflicts with other writers before giving up: each means that somebody else made progress. */
const mostConflicts = 100;

/** The moment for which a decision is made. */
export interface Moment {
  /** CAS time, the one to judge by. */
  now: Date;
  /** The time to write into the record; `confirmed` when an owner's clock agrees. */
  record(confirmed?: boolean): string;
  /** Whether the time of records stands still, because the clock jumped and no owner has confirmed it. */
  frozen: boolean;
}

/** An event to append, and what to hand to the caller once it is durable. */
export interface Decision<T> {
  event: Event;
  result: T;
}

export interface Committed<T> {
  result: T;
  /** Index of the record. */
  index: number;
  /** Signed head that covers it. */
  note: string;
}

/** A decision is a function of the state at exactly the head it is appended to; it may be made more than once (H2). */
export type Decide<T> = (view: View, moment: Moment) => Decision<T>;

interface Job {
  /** Decides on the draft and puts the event there, and answers its bytes; throws to refuse. */
  decide(draft: State): Accepted;
  fail(error: unknown): void;
}

interface Accepted {
  /** Of the event. */
  bytes: Uint8Array;
  done: (index: number, note: string) => void;
}

interface Batch {
  draft: State;
  accepted: Accepted[];
  refused: { job: Job; error: unknown }[];
}

export interface JournalOptions {
  store: Store;
  key: LedgerKey;
  /** SubjectPublicKeyInfo of the identity key, DER. */
  identitySpki: Uint8Array;
  /** Signs with the identity key: ECDSA P-256, SHA-256, DER. */
  sign: (text: Uint8Array) => Uint8Array;
  clock: Clock;
  random: Random;
}

/**
 * A ledger that is open: the state its records fold to, its tree and signed head, and the one way to change it. All
 * waiting decisions are made one behind the other on a draft, sealed, and appended with one sync (group commit). If
 * another writer was first, the sealed records are thrown away and every decision is made again on the new state.
 */
export class Journal {
  private readonly options: JournalOptions;
  private readonly state = new State();
  private readonly tree = new Tree();
  private readonly queue: Job[] = [];
  private running: Promise<void> | undefined;
  private signed: { size: number; note: string } | undefined;

  private constructor(options: JournalOptions) {
    this.options = options;
  }

  /** Opens all records of the store; `E_LEDGER` when one of them is not what was written there. */
  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options);
    await journal.catchUp();
    return journal;
  }

  /** The state as of the last durable record. */
  get view(): View {
    return this.state;
  }

  /** CAS time now. */
  get now(): Date {
    return casTime(this.options.clock, this.state);
  }

  /** The signed head of all durable records. */
  note(): string {
    if (this.signed?.size !== this.tree.size) {
      const { key, identitySpki, sign } = this.options;
      const head = { size: this.tree.size, root: this.tree.root() };
      this.signed = { size: head.size, note: signNote(key.ledger, head, identitySpki, sign) };
    }
    return this.signed.note;
  }

  /** Consistency proof from an earlier size to the head of `note`; nothing for a size that was never reached. */
  proof(from: number): Uint8Array[] {
    return from > this.tree.size ? [] : this.tree.consistency(from);
  }

  /** The event of a durable record. */
  async event(index: number): Promise<Event> {
    return this.open(index, await this.options.store.read(index));
  }

  /** Whether these bytes are the record that would come next. */
  isNext(record: Uint8Array): boolean {
    try {
      this.open(this.tree.size, record);
      return true;
    } catch {
      return false;
    }
  }

  /** Decides and appends; resolves when the record is durable, rejects with what `decide` threw or with `E_STORE`. */
  commit<T>(decide: Decide<T>): Promise<Committed<T>> {
    if (this.queue.length >= longestQueue) {
      return Promise.reject(
        new SconeError('E_LIMIT', 'the CAS is busy: too many changes wait for its disk', { hint: 'try again later' }),
      );
    }
    return new Promise((resolve, reject) => {
      this.queue.push({
        decide: (draft) => {
          const now = casTime(this.options.clock, draft);
          const moment: Moment = {
            now,
            record: (confirmed = false) => recordTime(now, draft, confirmed),
            frozen: isJump(now, draft),
          };
          const { event, result } = decide(draft, moment);
          const bytes = encodeWithin(event);
          draft.apply(event);
          return { bytes, done: (index, note) => resolve({ result, index, note }) };
        },
        fail: reject,
      });
      this.running ??= this.run();
    });
  }

  /** Waits for everything that was begun, then closes the store. */
  async close(): Promise<void> {
    await this.running;
    await this.options.store.close();
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0) {
      await this.gather();
      await this.flush(this.queue.splice(0, longestBatch));
    }
    this.running = undefined;
  }

  /**
   * Waits for a turn of the event loop, so that all requests that have arrived join the batch; and for another one as
   * long as each brings more, since a batch costs the same however many it serves. Who comes alone waits for one.
   */
  private async gather(): Promise<void> {
    for (let turn = 0, before = 0; turn < mostTurns && this.queue.length > before; turn++) {
      before = this.queue.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private async flush(jobs: readonly Job[]): Promise<void> {
    try {
      for (let conflicts = 0; ; conflicts++) {
        const batch = this.decide(jobs);
        const records = this.seal(batch.accepted.map(({ bytes }) => bytes));
        try {
          if (records.length > 0) await this.options.store.append(this.tree.size, records);
        } catch (error) {
          if (!(error instanceof SconeError) || error.code !== 'E_CONFLICT' || conflicts === mostConflicts) throw error;
          await this.options.store.refresh();
          await this.catchUp();
          continue;
        }
        const first = this.tree.size;
        for (const record of records) this.tree.append(leafHash(record));
        this.state.absorb(batch.draft);
        const note = this.note();
        for (const [i, { done }] of batch.accepted.entries()) done(first + i, note);
        for (const { job, error } of batch.refused) job.fail(error);
        return;
      }
    } catch (error) {
      for (const job of jobs) job.fail(error);
    }
  }

  /** A refusal may rest on a record before it in the batch, so it is not told before that record is durable either. */
  private decide(jobs: readonly Job[]): Batch {
    const draft = new State(this.state);
    const accepted: Batch['accepted'] = [];
    const refused: Batch['refused'] = [];
    for (const job of jobs) {
      try {
        accepted.push(job.decide(draft));
      } catch (error) {
        refused.push({ job, error });
      }
    }
    return { draft, accepted, refused };
  }

  private seal(events: readonly Uint8Array[]): Uint8Array[] {
    let n = this.tree.size;
    let previous = this.previous(n);
    return events.map((bytes) => {
      const record = sealRecord(this.options.key, n, previous, this.options.random(32), bytes);
      previous = leafHash(record);
      n++;
      return record;
    });
  }

  /** Takes the records of the store that are not yet known. */
  private async catchUp(): Promise<void> {
    for (let n = this.tree.size; n < this.options.store.size; n++) {
      const record = await this.options.store.read(n);
      const event = this.open(n, record);
      const { key } = this.options;
      if (event.type === 'genesis' && (event.mode !== key.mode || event.ledger !== key.ledger)) {
        throw new SconeError('E_LEDGER', 'record 0 is of another ledger');
      }
      this.state.apply(event);
      this.tree.append(leafHash(record));
    }
  }

  private open(n: number, record: Uint8Array): Event {
    return decodeEvent(openRecord(this.options.key, n, this.previous(n), record));
  }

  /** What record n is sealed behind. */
  private previous(n: number): Uint8Array {
    const { key, identitySpki } = this.options;
    return n === 0 ? genesisHash(key.ledger, key.mode, identitySpki) : this.tree.leaf(n - 1);
  }
}

/** A record that no store holds would be taken for damage at the next start, and end the ledger for all its owners. */
function encodeWithin(event: Event): Uint8Array {
  const bytes = encodeEvent(event);
  if (bytes.length <= longestRecord - sealLength) return bytes;
  throw new SconeError('E_LIMIT', 'this change is larger than a record of the ledger', {
    expected: `at most ${longestRecord - sealLength} bytes`,
    found: `${bytes.length} bytes`,
    hint: 'make secrets smaller, or put some of them into another session',
  });
}
