import type { z } from 'zod';
import type { HeadAnswer, LogEntry, PutAnswer, ReadAnswer } from '../api/answers.ts';
import { errorFromAnswer } from '../api/errors.ts';
import { type RouteName, routes, sessionPath } from '../api/routes.ts';
import { type Clock, rfc3339 } from '../core/clock.ts';
import { type KeyHash, type Mode, parseKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { canonicalBytes } from '../core/json.ts';
import { openNote } from '../ledger/note.ts';
import { type Address, addressText } from './address.ts';
import { type AttestedCas, type AttestPolicy, acceptsSimulation, attestCas } from './attest.ts';
import { type Connection, openConnection } from './connect.ts';
import { followHeads, type LedgerView, type RememberedHead, type SignedHead } from './heads.ts';
import type { ClientIdentity } from './identity.ts';
import type { MemoryFile, Pin } from './memory.ts';

export interface CasOptions {
  address: Address;
  identity: ClientIdentity;
  /** The home's memory first, then that of `cas.lock` where there is one. */
  memories: readonly MemoryFile[];
  /** The key the owner demands (`cas_key`). */
  key?: string;
  /**
   * Attest on every connection, and pin. Absent: the CAS must be pinned already, and only its key and its history
   * are checked.
   */
  policy?: Omit<AttestPolicy, 'keyGiven' | 'now'>;
  now: Clock;
}

/** A CAS whose key, and whose history as far as anybody here remembers it, were checked before the first request. */
export class Cas {
  readonly address: string;
  /** `simulation` for every CAS that protects nothing; its key and evidence say what it is exactly. */
  readonly mode: Mode;
  /** Key hash of its identity. */
  readonly key: string;
  readonly ledger: string;
  /** What its evidence says; only where this connection was attested. */
  readonly attested: AttestedCas | undefined;
  private connection: Connection;
  private readonly options: CasOptions;
  private readonly pins: readonly KeyHash[];
  /** Heads that this process saw and has not yet proved to lie below one. */
  private readonly unfollowed: RememberedHead[] = [];

  private constructor(options: CasOptions, connection: Connection, pin: Pin, mode: Mode, attested?: AttestedCas) {
    this.options = options;
    this.connection = connection;
    this.address = addressText(options.address);
    this.mode = mode;
    this.key = pin.cas_key;
    this.ledger = pin.ledger;
    this.pins = [parseKeyHash(pin.cas_key)];
    this.attested = attested;
  }

  /**
   * Connects, compares the key, attests where a policy is given, and follows every remembered head. Nothing is sent
   * to a CAS with another key, and nothing but the question for its evidence and its heads before all that held.
   *
   * @throws SconeError `E_CAS_UNREACHABLE`, `E_CAS_IDENTITY`, `E_CAS_UNTRUSTED`, `E_ROLLBACK`
   */
  static async open(options: CasOptions): Promise<Cas> {
    const known = await knownPin(options);
    if (options.policy === undefined && known === undefined) throw notAttested(options.address);
    const pins = demandedKeys(options, known?.pin);
    const connection = await openConnection({ ...options, pins });
    try {
      const attested = await attest(connection, options);
      // A debug enclave of a genuine platform protects no more than a simulation: it is remembered among those.
      const mode = attested === undefined ? known?.mode : attested.confidential ? 'production' : 'simulation';
      const pin = attested === undefined ? known?.pin : pinOf(attested, options.now);
      if (mode === undefined || pin === undefined) throw notAttested(options.address);
      if (known !== undefined && known.pin.ledger !== pin.ledger) throw otherLedger(options.address, known.pin, pin);
      const cas = new Cas(options, connection, pin, mode, attested);
      if (attested !== undefined) cas.saw(attested.head, 'its attested statement');
      await cas.remember();
      for (const memory of options.memories) await memory.pin(mode, cas.address, pin);
      return cas;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** A session as it is in force, or `undefined` where there is none. */
  async session(name: string, reveal = false): Promise<ReadAnswer | undefined> {
    try {
      const answer = await this.call('readSession', `${sessionPath(name)}${reveal ? '?reveal=true' : ''}`);
      this.saw(answer.note, 'an answer to this command');
      return answer;
    } catch (error) {
      if (error instanceof SconeError && error.code === 'E_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /**
   * Creates a session, or updates it where `predecessor` is set. When this returns, the change is durable and in the
   * ledger. Throws `E_PREDECESSOR` when somebody else was quicker.
   */
  async putSession(name: string, session: object, values: { [secret: string]: string }): Promise<PutAnswer> {
    const body = canonicalBytes({
      session,
      ...(Object.keys(values).length === 0 ? {} : { values }),
      time: rfc3339(this.options.now()),
    });
    const answer = await this.call('putSession', sessionPath(name), body);
    this.saw(answer.note, 'an answer to this command');
    return answer;
  }

  /** What the ledger holds about a session, oldest first. */
  async *log(name: string): AsyncGenerator<LogEntry> {
    let from: number | undefined = 0;
    while (from !== undefined) {
      const page: z.infer<(typeof routes)['log']['answer']> = await this.call(
        'log',
        `/v1/log?session=${encodeURIComponent(name)}&from=${from}`,
      );
      this.saw(page.note, 'an answer to this command');
      yield* page.entries;
      from = page.next;
    }
  }

  /**
   * Proves that every head seen so far lies below one, and remembers that one. Called at the end of each command; one
   * that fails before has at least remembered the head it began with.
   */
  async remember(): Promise<SignedHead> {
    for (;;) {
      const basis = new Map<MemoryFile, string | undefined>();
      const heads: RememberedHead[] = [];
      for (const memory of this.options.memories) {
        const known = await memory.headOf(this.ledger);
        basis.set(memory, known?.note);
        if (known !== undefined) heads.push({ ...this.opened(known.note), where: memory.path, seen: known.seen });
      }
      // Files before what was just heard: of two histories, the earlier one is the one that was remembered.
      const newest = await followHeads(this.view(), [...heads, ...this.unfollowed]);
      this.unfollowed.length = 0;
      this.unfollowed.push({ ...newest, where: 'this command', seen: [] });
      const time = rfc3339(this.options.now());
      let agreed = true;
      for (const [memory, note] of basis) agreed = (await memory.keep(this.ledger, newest, note, time)) && agreed;
      // Another sconectl remembered another head meanwhile: that one has to be followed, too.
      if (agreed) return newest;
    }
  }

  /** Remembers the newest head and closes the connection. */
  async finish(): Promise<void> {
    try {
      await this.remember();
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private saw(note: string, where: string): void {
    this.unfollowed.push({ ...this.opened(note), where, seen: [] });
  }

  private opened(note: string): SignedHead {
    return { head: openNote(note, this.connection.spki, this.ledger), note };
  }

  private view(): LedgerView {
    return {
      address: this.address,
      spki: this.connection.spki,
      ledger: this.ledger,
      fetchHead: (from): Promise<HeadAnswer> =>
        this.call('head', `/v1/head${from === undefined ? '' : `?from=${from}`}`),
    };
  }

  private async call<Name extends RouteName>(
    name: Name,
    path: string,
    body?: Uint8Array,
  ): Promise<z.infer<(typeof routes)[Name]['answer']>> {
    await this.reconnect();
    const route = routes[name];
    const answer = await this.connection.request(route.method, path, body);
    if (answer.status !== 200) throw errorFromAnswer(answer.body);
    const parsed = route.answer.safeParse(answer.body);
    if (parsed.success) return parsed.data as z.infer<(typeof routes)[Name]['answer']>;
    throw new SconeError('E_FORMAT', `the CAS at ${this.address} answered in an unknown form`, {
      causes: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
      hint: 'use the sconectl of the same release as the CAS',
    });
  }

  /** A CAS closes idle connections. What was proved of the old socket has to be proved of the new one (H7). */
  private async reconnect(): Promise<void> {
    if (this.connection.alive) return;
    await this.connection.close();
    this.connection = await openConnection({ ...this.options, pins: this.pins });
    const attested = await attest(this.connection, this.options);
    if (attested !== undefined && attested.ledger !== this.ledger) {
      throw otherLedger(this.options.address, this, attested);
    }
  }
}

async function attest(connection: Connection, options: CasOptions): Promise<AttestedCas | undefined> {
  if (options.policy === undefined) return undefined;
  return attestCas(connection, { ...options.policy, keyGiven: options.key !== undefined, now: options.now() });
}

/**
 * The pin of this address that counts: only of simulated CASes where those are accepted, of others only otherwise.
 * Without a policy nothing is attested now, so it must have been from this home: `cas.lock` comes with a repository,
 * from whomever, and can only contradict.
 * Throws `E_CAS_IDENTITY` when two memories have another one each.
 */
async function knownPin({ address, memories, policy }: CasOptions): Promise<{ mode: Mode; pin: Pin } | undefined> {
  const text = addressText(address);
  const modes: readonly Mode[] =
    policy === undefined
      ? ['production', 'simulation']
      : [acceptsSimulation(policy.accept) ? 'simulation' : 'production'];
  for (const mode of modes) {
    const pins: { pin: Pin; path: string }[] = [];
    for (const memory of memories) {
      const pin = await memory.pinOf(mode, text);
      if (pin !== undefined) pins.push({ pin, path: memory.path });
    }
    const [first] = pins;
    if (first === undefined || (policy === undefined && first.path !== memories[0]?.path)) continue;
    const other = pins.find(({ pin }) => pin.cas_key !== first.pin.cas_key || pin.ledger !== first.pin.ledger);
    if (other === undefined) return { mode, pin: first.pin };
    throw new SconeError('E_CAS_IDENTITY', `two files remember two different CASes at ${text}`, {
      expected: `${first.pin.cas_key} with ledger ${first.pin.ledger}, as in ${first.path}`,
      found: `${other.pin.cas_key} with ledger ${other.pin.ledger}, in ${other.path}`,
      hint: `find out which one is right; then forget both (sconectl cas forget ${text}) and attest that one again`,
    });
  }
  return undefined;
}

/** The keys one of which the CAS must have; `undefined` on a first contact without a `cas_key`. */
function demandedKeys({ key, address }: CasOptions, pin: Pin | undefined): KeyHash[] | undefined {
  if (key !== undefined && pin !== undefined && key !== pin.cas_key) {
    throw new SconeError(
      'E_CAS_IDENTITY',
      `the key given for the CAS at ${addressText(address)} is not the pinned one`,
      {
        expected: `${pin.cas_key}, pinned on ${pin.attested}`,
        found: key,
        hint: `if the CAS was set up anew on purpose: sconectl cas forget ${addressText(address)}`,
      },
    );
  }
  const demanded = key ?? pin?.cas_key;
  return demanded === undefined ? undefined : [parseKeyHash(demanded, 'cas_key')];
}

function pinOf(attested: AttestedCas, now: Clock): Pin {
  return { cas_key: attested.key, ledger: attested.ledger, attested: rfc3339(now()) };
}

function notAttested(address: Address): SconeError {
  const text = addressText(address);
  return new SconeError('E_CAS_UNTRUSTED', `the CAS at ${text} was never attested from here`, {
    hint: `attest it first: sconectl cas attest ${text}`,
  });
}

function otherLedger(address: Address, expected: { ledger: string }, found: { ledger: string }): SconeError {
  return new SconeError('E_ROLLBACK', `the CAS at ${addressText(address)} has another ledger than the one pinned`, {
    expected: expected.ledger,
    found: found.ledger,
    hint: `if the CAS was set up anew on purpose: sconectl cas forget ${addressText(address)}`,
  });
}
