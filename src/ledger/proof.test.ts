import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type Head, verifyConsistency, verifyInclusion } from './proof.ts';
import { emptyRoot, type Hash, leafHash, Tree } from './tree.ts';

const tree = new Tree();
for (let i = 0; i < 130; i++) tree.append(leafHash(utf8(`record ${i}`)));

const head = (size: number): Head => ({ size, root: tree.root(size) });
const refuses = (call: () => void, ...codes: string[]) =>
  assert.throws(call, (error) => error instanceof SconeError && codes.includes(error.code));

test('every inclusion proof of a tree holds, and for no other leaf or size', () => {
  for (let size = 1; size <= 66; size++) {
    for (let i = 0; i < size; i++) {
      const proof = tree.inclusion(i, size);
      verifyInclusion(tree.leaf(i), i, head(size), proof);
      refuses(() => verifyInclusion(tree.leaf((i + 1) % 130), i, head(size), proof), 'E_LEDGER');
      if (size > 1) refuses(() => verifyInclusion(tree.leaf(i), (i + 1) % size, head(size), proof), 'E_LEDGER');
      refuses(() => verifyInclusion(tree.leaf(i), i, head(size), [...proof, emptyRoot()]), 'E_LEDGER');
      if (proof.length > 0) refuses(() => verifyInclusion(tree.leaf(i), i, head(size), proof.slice(1)), 'E_LEDGER');
    }
  }
});

test('36: every consistency proof holds, and no history but the own continues a head', () => {
  for (let from = 0; from <= 66; from++) {
    for (let to = from; to <= 66; to++) {
      const proof = tree.consistency(from, to);
      verifyConsistency(head(from), head(to), proof);
      refuses(() => verifyConsistency(head(from), head(to), [...proof, emptyRoot()]), 'E_ROLLBACK');
      if (proof.length > 0) refuses(() => verifyConsistency(head(from), head(to), proof.slice(0, -1)), 'E_ROLLBACK');
      if (from > 0) {
        const other = { size: from, root: tree.root(from - 1) };
        refuses(() => verifyConsistency(other, head(to), proof), 'E_ROLLBACK');
      }
      if (to > from) refuses(() => verifyConsistency(head(to), head(from), proof), 'E_ROLLBACK');
    }
  }
});

test('36: a fork of a ledger is found at every place where it can begin', () => {
  for (let fork = 0; fork < 20; fork++) {
    const other = new Tree();
    for (let i = 0; i < 25; i++) other.append(leafHash(utf8(i < fork ? `record ${i}` : `forged ${i}`)));
    for (let from = fork + 1; from <= 25; from++) {
      refuses(
        () => verifyConsistency(head(from), { size: 25, root: other.root() }, other.consistency(from, 25)),
        'E_ROLLBACK',
      );
    }
    verifyConsistency(head(fork), { size: 25, root: other.root() }, other.consistency(fork, 25));
  }
});

test('a proof with one flipped bit is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 129 }), fc.nat(), fc.nat(255), (from, which, bit) => {
      const proof = tree.consistency(from, 130).map((hash): Hash => hash.slice());
      const hash = proof[which % proof.length] as Hash;
      hash[bit >> 3] = (hash[bit >> 3] as number) ^ (1 << (bit & 7));
      refuses(() => verifyConsistency(head(from), head(130), proof), 'E_ROLLBACK');
    }),
  );
});

test('hostile sizes, hashes and proofs give only our own errors', () => {
  const size = fc.oneof(fc.nat(200), fc.double(), fc.integer(), fc.constant(2 ** 53), fc.constant(2 ** 52 + 1));
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.uint8Array({ maxLength: 40 }),
  ) as fc.Arbitrary<Hash>;
  const proofs = fc.array(bytes, { maxLength: 120 });
  fc.assert(
    fc.property(size, bytes, size, bytes, proofs, (a, rootA, b, rootB, proof) => {
      for (const call of [
        () => verifyConsistency({ size: a, root: rootA }, { size: b, root: rootB }, proof),
        () => verifyInclusion(rootA, a, { size: b, root: rootB }, proof),
      ]) {
        try {
          call();
        } catch (error) {
          assert.ok(error instanceof SconeError, String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('an empty ledger is continued by every ledger, and only with its own root', () => {
  verifyConsistency({ size: 0, root: emptyRoot() }, head(7), []);
  refuses(() => verifyConsistency({ size: 0, root: tree.root(1) }, head(7), []), 'E_ROLLBACK');
  refuses(() => verifyConsistency({ size: 0, root: tree.root(1) }, { size: 0, root: tree.root(1) }, []), 'E_ROLLBACK');
});
