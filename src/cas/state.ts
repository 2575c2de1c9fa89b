import { fromBase64 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Seen } from '../evidence/freshness.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Session } from '../session/types.ts';
import type { Event, GenesisEvent, SeenCollateral, SessionEvent } from './events.ts';
import type { KnownTime } from './time.ts';

/** One version of a session. */
export interface SessionVersion {
  readonly session: Session;
  /** Its canonical text, as it was stored. */
  readonly text: string;
  /** Session hash, hex. */
  readonly hash: string;
  /** The record that made it. */
  readonly index: number;
  /** Values of all its secrets by name. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
}

/** A session with what stays the same over its versions. */
export interface SessionState extends SessionVersion {
  /** Hash of its first version, to which exports and namespaces bind (H8). */
  readonly firstHash: string;
  /** Key hash of who created it. */
  readonly creator: string;
}

/** The state of a CAS as of some record. */
export interface View extends KnownTime {
  /** How many records it is made of. */
  readonly size: number;
  readonly genesis: GenesisEvent;
  session(name: string): SessionState | undefined;
  /** The records that concern a session, ascending. */
  records(name: string): readonly number[];
  /** The newest collateral that was used, document by document (H3). */
  readonly seen: Seen;
}

/**
 * The fold of a ledger's events. A draft lies over another state and takes events without changing it: the events of a
 * batch are evaluated one behind the other, and thrown away together when the batch does not become durable (H2).
 */
export class State implements View {
  size: number;
  lastRecord: Date;
  newestIssue: Date;
  seen: Seen;
  private readonly base: State | undefined;
  private first: GenesisEvent | undefined;
  private readonly sessions = new Map<string, SessionState>();
  private readonly touched = new Map<string, number[]>();

  constructor(base?: State) {
    this.base = base;
    this.size = base?.size ?? 0;
    this.lastRecord = base?.lastRecord ?? new Date(0);
    this.newestIssue = base?.newestIssue ?? new Date(0);
    this.seen = base?.seen ?? {};
    this.first = base?.first;
  }

  get genesis(): GenesisEvent {
    if (this.first === undefined) throw new SconeError('E_INTERNAL', 'the ledger is empty');
    return this.first;
  }

  session(name: string): SessionState | undefined {
    return this.sessions.get(name) ?? this.base?.session(name);
  }

  records(name: string): readonly number[] {
    const own = this.touched.get(name) ?? [];
    const below = this.base?.records(name) ?? [];
    return own.length === 0 ? below : below.length === 0 ? own : [...below, ...own];
  }

  /** Takes the event of the next record. Throws `E_LEDGER` for one that cannot stand there. */
  apply(event: Event): void {
    const time = new Date(event.time);
    if ((event.type === 'genesis') !== (this.size === 0) || time < this.lastRecord) {
      throw new SconeError('E_LEDGER', `record ${this.size} does not fit to the records before it`);
    }
    if (event.type === 'session') this.sessions.set(event.name, this.version(event));
    if (event.type === 'genesis') this.first = event;
    else this.touch(event.name);
    if (event.type === 'release' && event.collateral !== undefined) this.see(event.collateral);
    this.lastRecord = time;
    this.size++;
  }

  /** Takes over what a draft over this state holds. */
  absorb(draft: State): void {
    if (draft.base !== this) throw new SconeError('E_INTERNAL', 'a draft belongs to another state');
    for (const [name, session] of draft.sessions) this.sessions.set(name, session);
    for (const [name, indices] of draft.touched) for (const index of indices) this.touch(name, index);
    this.seen = draft.seen;
    this.size = draft.size;
    this.lastRecord = draft.lastRecord;
    this.newestIssue = draft.newestIssue;
    this.first = draft.first;
  }

  private version(event: SessionEvent): SessionState {
    const before = this.session(event.name);
    return {
      session: normaliseSession(parseJson(event.session, 'session')),
      text: event.session,
      hash: event.hash,
      index: this.size,
      secrets: new Map(event.secrets.map(({ name, value }) => [name, fromBase64(value, 'secret')])),
      firstHash: before?.firstHash ?? event.hash,
      creator: before?.creator ?? event.by,
    };
  }

  private see({ documents, newest }: SeenCollateral): void {
    this.seen = {
      ...this.seen,
      ...Object.fromEntries(documents.map(({ name, number, issued }) => [name, { number, issued }])),
    };
    if (new Date(newest) > this.newestIssue) this.newestIssue = new Date(newest);
  }

  private touch(name: string, index = this.size): void {
    const indices = this.touched.get(name);
    if (indices === undefined) this.touched.set(name, [index]);
    else indices.push(index);
  }
}
