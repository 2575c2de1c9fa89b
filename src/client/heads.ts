import type { HeadAnswer } from '../api/answers.ts';
import { equalBytes, fromBase64, hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { openNote } from '../ledger/note.ts';
import { type Head, verifyConsistency } from '../ledger/proof.ts';

/** A head and the signed note that states it. */
export interface SignedHead {
  head: Head;
  note: string;
}

/** A head that somebody saw earlier. */
export interface RememberedHead extends SignedHead {
  /** Who remembers it, for messages: a file name, or what was answered. */
  where: string;
  /** Sizes of this ledger and when they were seen, oldest first; RFC 3339. */
  seen: readonly { size: number; time: string }[];
}

/** A ledger as its CAS shows it now. */
export interface LedgerView {
  /** The CAS's address, for messages. */
  address: string;
  /** Its identity key (SubjectPublicKeyInfo, DER). */
  spki: Uint8Array;
  ledger: string;
  fetchHead: (from?: number) => Promise<HeadAnswer>;
}

/** Heads may grow while they are fetched; each round leaves fewer of them. */
const mostRounds = 16;

/**
 * The present head of a ledger, after it was proved to continue every remembered one, and they each other (protocol,
 * "Trusting a CAS"; threat model 36). All heads end up below one: each is followed to a newer head, and these to newer
 * ones, until a single head is left.
 *
 * @throws SconeError `E_ROLLBACK` for an older or another history, `E_CAS_IDENTITY` for a head signed by another key
 */
export async function followHeads(view: LedgerView, remembered: readonly RememberedHead[]): Promise<SignedHead> {
  if (remembered.length === 0) return openHead(view, (await view.fetchHead()).note);
  let open = distinct(view, remembered);
  for (let round = 0; round < mostRounds; round++) {
    const newer: RememberedHead[] = [];
    for (const old of open) newer.push(await follow(view, old));
    open = distinct(view, newer);
    const [only, another] = open;
    if (only !== undefined && another === undefined) return { head: only.head, note: only.note };
  }
  throw new SconeError('E_CONFLICT', `the ledger of the CAS at ${view.address} grows faster than it can be followed`, {
    hint: 'try again when fewer clients write to it',
  });
}

function openHead(view: LedgerView, note: string): SignedHead {
  return { head: openNote(note, view.spki, view.ledger), note };
}

/** One head of each size; two of one size must be equal. */
function distinct(view: LedgerView, heads: readonly RememberedHead[]): RememberedHead[] {
  const bySize = new Map<number, RememberedHead>();
  for (const next of heads) {
    const there = bySize.get(next.head.size);
    if (there !== undefined && !equalBytes(there.head.root, next.head.root)) throw forked(view, there, next);
    bySize.set(next.head.size, there ?? next);
  }
  return [...bySize.values()];
}

async function follow(view: LedgerView, old: RememberedHead): Promise<RememberedHead> {
  const answer = await ask(view, old);
  const now: RememberedHead = { ...openHead(view, answer.note), where: 'what the CAS shows now', seen: [] };
  if (now.head.size < old.head.size) throw rolledBack(view, old, now.head);
  try {
    verifyConsistency(
      old.head,
      now.head,
      answer.proof.map((hash) => fromBase64(hash, 'a hash in a consistency proof')),
    );
  } catch {
    throw forked(view, old, now);
  }
  return now;
}

async function ask(view: LedgerView, old: RememberedHead): Promise<HeadAnswer> {
  try {
    return await view.fetchHead(old.head.size);
  } catch (error) {
    if (!(error instanceof SconeError) || error.code === 'E_CAS_UNREACHABLE') throw error;
    // A CAS has no proof for a size that it has not: its own signed head then says how old it is.
    const bare = await view.fetchHead();
    if (openHead(view, bare.note).head.size < old.head.size) return bare;
    throw error;
  }
}

function rolledBack(view: LedgerView, old: RememberedHead, now: Head): SconeError {
  const last = old.seen.findLast(({ size }) => size <= now.size);
  const first = old.seen.find(({ size }) => size > now.size);
  return new SconeError('E_ROLLBACK', `the CAS at ${view.address} shows an older history than ${old.where} remembers`, {
    expected: `at least ${old.head.size} records${first === undefined ? '' : `, seen since ${first.time}`}`,
    found: `${now.size} records`,
    causes: [
      `its changes ${now.size + 1} to ${old.head.size} are gone` +
        (last === undefined ? '' : `: everything since ${last.time}, when it had ${last.size} records`),
    ],
    hint: `stop this CAS and start it on its newest data. ${anew(view)}`,
  });
}

function forked(view: LedgerView, old: RememberedHead, now: RememberedHead): SconeError {
  return new SconeError('E_ROLLBACK', `the CAS at ${view.address} shows another history than ${old.where} remembers`, {
    expected: `a continuation of the ${old.head.size} records with root ${hex(old.head.root)}`,
    found: `${now.head.size} records with root ${hex(now.head.root)}`,
    causes: [
      'one CAS key has signed two histories: two copies of it run, or its data was replaced',
      `signed earlier: ${oneLine(old.note)}`,
      `signed now: ${oneLine(now.note)}`,
    ],
    hint: `find out which copy is the right one, and stop the other; the two signed heads above prove it. ${anew(view)}`,
  });
}

function anew(view: LedgerView): string {
  return `If the CAS was set up anew on purpose: sconectl cas forget ${view.address}`;
}

function oneLine(note: string): string {
  return JSON.stringify(note);
}
