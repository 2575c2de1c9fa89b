import { equalBytes } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { openNote } from './note.ts';
import { type Head, verifyConsistency } from './proof.ts';

/** Whose heads are compared. */
export interface Ledger {
  /** Ledger id, the origin of its heads. */
  id: string;
  /** SubjectPublicKeyInfo (DER) of the identity key. */
  spki: Uint8Array;
}

/**
 * The check of a client with memory (H1): the head a CAS shows now must continue the head remembered from before. Both
 * notes are signed by the CAS, so a failure is a proof of rollback or fork that can be shown to others.
 *
 * @param remembered signed note kept from an earlier answer
 * @param shown signed note of this answer
 * @param proof consistency proof from the remembered to the shown size, as `/v1/head?from=` gives it
 * @returns the shown head, to be remembered from now on
 * @throws SconeError `E_ROLLBACK` when the shown history is shorter or another one; what `openNote` throws
 */
export function demandContinuation(
  ledger: Ledger,
  remembered: string,
  shown: string,
  proof: readonly Uint8Array[],
): Head {
  const old = openNote(remembered, ledger.spki, ledger.id);
  const now = openNote(shown, ledger.spki, ledger.id);
  if (now.size < old.size) {
    throw new SconeError('E_ROLLBACK', 'the CAS shows an older ledger than it did before', {
      expected: `at least ${old.size} records`,
      found: `${now.size} records`,
      hint: rollbackHint,
    });
  }
  if (now.size === old.size && !equalBytes(now.root, old.root)) {
    throw new SconeError('E_ROLLBACK', 'the CAS shows another ledger of the same size than it did before: a fork', {
      expected: `root ${base64Head(old)}`,
      found: `root ${base64Head(now)}`,
      hint: rollbackHint,
    });
  }
  try {
    verifyConsistency(old, now, proof);
  } catch (cause) {
    throw new SconeError('E_ROLLBACK', 'the CAS shows another history than it did before: a fork or a rollback', {
      expected: `a ledger that continues size ${old.size}, root ${base64Head(old)}`,
      found: `size ${now.size}, root ${base64Head(now)}`,
      cause,
      hint: rollbackHint,
    });
  }
  return now;
}

const rollbackHint =
  'its storage was restored from an older copy or runs twice; do not upload to it before its owner has explained this';

function base64Head(head: Head): string {
  return Buffer.from(head.root).toString('base64');
}
