import { hex } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import type { Crl } from '../pki/crl.ts';
import type { Collateral } from './collateral.ts';
import type { SnpCollateral } from './snp/collateral.ts';

/** One kind of document, the newest that was seen. */
export interface SeenDocument {
  /** tcbEvaluationDataNumber or cRLNumber, decimal. */
  number: string;
  /** Issue date, RFC 3339. */
  issued: string;
}

/** The newest seen of every document, by its name; plain JSON, for a ledger. */
export type Seen = Readonly<Record<string, SeenDocument>>;

/**
 * Which documents collateral consists of. A host that keeps old but still dated collateral can bring back a TCB level
 * or a certificate that was revoked since; so who has a memory refuses what is older than it knows (review H3).
 */
export function documentsOf(collateral: Collateral | SnpCollateral): Seen {
  // Of AMD, the list of each root is what can be old.
  if ('kind' in collateral) return collateral.crl === undefined ? {} : documentsOfLists([collateral.crl]);
  const { tcbInfo, qeIdentity, pckCrl, rootCrl } = collateral;
  const info = tcbInfo.document;
  const identity = qeIdentity.document;
  return {
    [`tcb-info/${info.id}/${info.fmspc}/${info.pceId}`]: {
      number: String(info.tcbEvaluationDataNumber),
      issued: rfc3339(info.issueDate),
    },
    [`qe-identity/${identity.id}`]: {
      number: String(identity.tcbEvaluationDataNumber),
      issued: rfc3339(identity.issueDate),
    },
    ...documentsOfLists([pckCrl, rootCrl]),
  };
}

function documentsOfLists(lists: readonly Crl[]): Seen {
  return Object.fromEntries(
    lists.map((crl) => [
      `crl/${hex(sha256(crl.issuer))}`,
      { number: String(crl.number), issued: rfc3339(crl.thisUpdate) },
    ]),
  );
}

/** Throws `E_COLLATERAL` when a document is older than the one of its name that was seen. */
export function refuseOlder(seen: Seen, collateral: Collateral | SnpCollateral): void {
  for (const [name, offered] of Object.entries(documentsOf(collateral))) {
    const known = Object.hasOwn(seen, name) ? seen[name] : undefined;
    if (known !== undefined && isOlder(name, offered, known)) {
      throw new SconeError('E_COLLATERAL', `the collateral holds an older ${name} than was seen before`, {
        expected: `number ${known.number} of ${known.issued} or newer`,
        found: `number ${offered.number} of ${offered.issued}`,
        hint: 'fetch collateral from a source that is up to date; what was seen is never forgotten',
      });
    }
  }
}

/** `seen` with the documents of this collateral, where they are newer. */
export function withNewest(seen: Seen, collateral: Collateral | SnpCollateral): Seen {
  const newest: Record<string, SeenDocument> = { ...seen };
  for (const [name, offered] of Object.entries(documentsOf(collateral))) {
    const known = Object.hasOwn(newest, name) ? newest[name] : undefined;
    if (known === undefined || !isOlder(name, offered, known)) newest[name] = offered;
  }
  return newest;
}

/**
 * Numbers decide. Intel leaves the number of its CRLs at 1, so for lists of one number the date decides; TCB Info of
 * one evaluation number says the same whenever it was issued.
 */
function isOlder(name: string, offered: SeenDocument, known: SeenDocument): boolean {
  const difference = BigInt(offered.number) - BigInt(known.number);
  if (difference !== 0n) return difference < 0n;
  return name.startsWith('crl/') && offered.issued < known.issued;
}
