import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hex, utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { emptyRoot, type Hash, leafHash, nodeHash, Tree } from './tree.ts';

/** MTH, PATH and PROOF, word by word from RFC 9162, 2.1.1, 2.1.3.1 and 2.1.4.1. */
function mth(d: readonly Hash[]): Hash {
  if (d.length === 0) return emptyRoot();
  if (d.length === 1) return d[0] as Hash;
  const k = largestPower(d.length);
  return nodeHash(mth(d.slice(0, k)), mth(d.slice(k)));
}

function path(m: number, d: readonly Hash[]): Hash[] {
  if (d.length === 1) return [];
  const k = largestPower(d.length);
  return m < k ? [...path(m, d.slice(0, k)), mth(d.slice(k))] : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}

function subproof(m: number, d: readonly Hash[], b: boolean): Hash[] {
  if (m === d.length) return b ? [] : [mth(d)];
  const k = largestPower(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), b), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

function largestPower(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

function grow(size: number): { leaves: Hash[]; tree: Tree } {
  const tree = new Tree();
  const leaves = Array.from({ length: size }, (_, i) => leafHash(utf8(`record ${i}`)));
  for (const leaf of leaves) tree.append(leaf);
  return { leaves, tree };
}

const texts = (hashes: readonly Hash[]) => hashes.map(hex);

test('the empty tree and a leaf hash as RFC 9162 says', () => {
  // Published by RFC 6962's reference tests: the hash of nothing, and of the empty leaf.
  assert.equal(hex(new Tree().root()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(hex(leafHash(new Uint8Array())), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
});

test('the root of the eight leaves of the reference implementation is the published one', () => {
  const tree = new Tree();
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  for (const input of inputs) tree.append(leafHash(Buffer.from(input, 'hex')));
  assert.equal(hex(tree.root()), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
  assert.equal(hex(tree.root(3)), 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77');
});

test('roots, inclusion and consistency proofs of all small trees equal the definitions', () => {
  const { leaves, tree } = grow(40);
  for (let size = 0; size <= 40; size++) {
    const some = leaves.slice(0, size);
    assert.equal(hex(tree.root(size)), hex(mth(some)));
    for (let i = 0; i < size; i++) assert.deepEqual(texts(tree.inclusion(i, size)), texts(path(i, some)));
    for (let from = 1; from <= size; from++) {
      assert.deepEqual(texts(tree.consistency(from, size)), texts(subproof(from, some, true)));
    }
  }
});

test('truncating a tree gives the tree that never had the later leaves', () => {
  fc.assert(
    fc.property(fc.nat(70), fc.nat(70), fc.nat(20), (a, b, more) => {
      const size = Math.max(a, b);
      const kept = Math.min(a, b);
      const { tree, leaves } = grow(size);
      tree.truncate(kept);
      const others = Array.from({ length: more }, (_, i) => leafHash(utf8(`other ${i}`)));
      for (const leaf of others) tree.append(leaf);
      assert.equal(hex(tree.root()), hex(mth([...leaves.slice(0, kept), ...others])));
      assert.equal(tree.size, kept + more);
    }),
  );
});

test('sizes and indexes that the tree does not have are refused', () => {
  const { tree } = grow(5);
  for (const call of [
    () => tree.root(6),
    () => tree.root(-1),
    () => tree.root(1.5),
    () => tree.inclusion(5),
    () => tree.inclusion(-1),
    () => tree.inclusion(0, 0),
    () => tree.consistency(6),
    () => tree.consistency(-1),
    () => tree.consistency(3, 2),
    () => tree.truncate(6),
    () => tree.leaf(5),
  ]) {
    assert.throws(call, (error) => error instanceof SconeError && error.code === 'E_LEDGER');
  }
});
