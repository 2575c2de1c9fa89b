import { equalBytes } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { emptyRoot, type Hash, nodeHash } from './tree.ts';

/** The size and root of a ledger at one moment. */
export interface Head {
  size: number;
  /** Root of the Merkle tree over the first `size` records; 32 bytes. */
  root: Hash;
}

/** No tree of 2^53 leaves needs a longer proof; anything beyond is a hostile answer. */
const longestProof = 2 * 53;

/**
 * Checks that `leaf` (see `leafHash`) is record `index` of the ledger with that head (RFC 9162, 2.1.3.2).
 * Anything else is an `E_LEDGER`.
 */
export function verifyInclusion(leaf: Uint8Array, index: number, head: Head, proof: readonly Uint8Array[]): void {
  const fail = (why: string): never => {
    throw new SconeError('E_LEDGER', `record ${index} is not proven to be in the ledger of size ${head.size}: ${why}`);
  };
  demandSizes(index, head.size);
  demandHashes([leaf, head.root, ...proof], fail);
  if (index >= head.size) fail('there is no such record');
  if (proof.length > longestProof) fail('the proof is too long');
  let fn = index;
  let sn = head.size - 1;
  let node = leaf as Hash;
  for (const step of proof) {
    if (sn === 0) fail('the proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(step, node);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      node = nodeHash(node, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  if (sn !== 0) fail('the proof is too short');
  if (!equalBytes(node, head.root)) fail('the root differs');
}

/**
 * Checks that the ledger with head `to` begins with all of the ledger with head `from` (RFC 9162, 2.1.4.2).
 * Anything else, a smaller `to` included, is an `E_ROLLBACK`.
 */
export function verifyConsistency(from: Head, to: Head, proof: readonly Uint8Array[]): void {
  const fail = (why: string): never => {
    throw new SconeError(
      'E_ROLLBACK',
      `the ledger of size ${to.size} does not continue the one of ${from.size}: ${why}`,
    );
  };
  demandSizes(from.size, to.size);
  demandHashes([from.root, to.root, ...proof], fail);
  if (to.size < from.size) fail('it is shorter');
  if (proof.length > longestProof) fail('the proof is too long');
  if (from.size === 0 || from.size === to.size) {
    if (proof.length > 0) fail('the proof is too long');
    if (from.size === 0 && !equalBytes(from.root, emptyRoot())) fail('the empty ledger has another root');
    if (from.size === to.size && !equalBytes(from.root, to.root)) fail('the roots differ at the same size');
    if (to.size === 0 && !equalBytes(to.root, emptyRoot())) fail('the empty ledger has another root');
    return;
  }
  let fn = from.size - 1;
  let sn = to.size - 1;
  while (fn % 2 === 1) {
    fn = half(fn);
    sn = half(sn);
  }
  // A `from` that is a complete subtree is its own first node and is not repeated in the proof.
  const path = fn === 0 ? [from.root, ...proof] : proof;
  const first = path[0];
  if (first === undefined) throw fail('the proof is too short');
  let older = first as Hash;
  let newer = first as Hash;
  for (const step of path.slice(1)) {
    if (sn === 0) fail('the proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      older = nodeHash(step, older);
      newer = nodeHash(step, newer);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      newer = nodeHash(newer, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  if (sn !== 0) fail('the proof is too short');
  if (!equalBytes(older, from.root)) fail('its beginning differs');
  if (!equalBytes(newer, to.root)) fail('its root differs');
}

/** Sizes may exceed 32 bits, where `>>` would cut them. */
function half(n: number): number {
  return Math.floor(n / 2);
}

function demandSizes(...sizes: number[]): void {
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new SconeError('E_FORMAT', 'a ledger size is no number from 0 to 2^53-1');
    }
  }
}

function demandHashes(hashes: readonly Uint8Array[], fail: (why: string) => never): void {
  if (hashes.some((hash) => hash.length !== 32)) fail('it holds something that is no SHA-256 hash');
}
