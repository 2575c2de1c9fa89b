import { concat } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';

/** A SHA-256 value, 32 bytes. */
export type Hash = Uint8Array<ArrayBuffer>;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The leaf of a record: SHA-256(0x00 ‖ record) (RFC 9162, 2.1.1). */
export function leafHash(record: Uint8Array): Hash {
  return sha256(leafPrefix, record);
}

/** An inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 9162, 2.1.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  return sha256(nodePrefix, left, right);
}

/** The root of the tree without leaves: SHA-256 of nothing (RFC 9162, 2.1.1). */
export function emptyRoot(): Hash {
  return sha256(concat());
}

/**
 * The Merkle tree of RFC 9162, section 2.1, over leaf hashes in the order of the ledger. It keeps the root of every
 * complete subtree, 64 bytes a leaf, so that a root or a proof for any size costs a logarithm.
 */
export class Tree {
  /** Entry i of level h is the root of the complete subtree over the leaves [i·2^h, (i+1)·2^h). */
  private readonly levels: Level[] = [];

  get size(): number {
    return this.level(0).length;
  }

  append(leaf: Hash): void {
    let node = leaf;
    for (let height = 0; ; height++) {
      const level = this.level(height);
      level.push(node);
      if (level.length % 2 === 1) return;
      node = nodeHash(level.at(level.length - 2), node);
    }
  }

  /** Removes the newest leaves until `size` are left; used when an append did not become durable. */
  truncate(size: number): void {
    this.demandSize(size);
    for (let height = 0, length = size; height < this.levels.length; height++, length = Math.floor(length / 2)) {
      this.level(height).length = length;
    }
  }

  /** The leaf with that index. */
  leaf(index: number): Hash {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) {
      throw new SconeError('E_LEDGER', `the ledger has no record ${index}`);
    }
    return this.level(0).at(index);
  }

  /** The root of the first `size` leaves (all unless told). */
  root(size = this.size): Hash {
    this.demandSize(size);
    return size === 0 ? emptyRoot() : this.range(0, size);
  }

  /** The inclusion proof PATH(index, D[0:size]) (RFC 9162, 2.1.3.1). */
  inclusion(index: number, size = this.size): Hash[] {
    this.demandSize(size);
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
      throw new SconeError('E_LEDGER', `there is no record ${index} among ${size}`);
    }
    const path: Hash[] = [];
    let start = 0;
    let end = size;
    while (end - start > 1) {
      const middle = start + split(end - start);
      if (index < middle) {
        path.push(this.range(middle, end));
        end = middle;
      } else {
        path.push(this.range(start, middle));
        start = middle;
      }
    }
    return path.reverse();
  }

  /** The consistency proof PROOF(from, D[0:to]) (RFC 9162, 2.1.4.1); empty when from = 0 or from = to. */
  consistency(from: number, to = this.size): Hash[] {
    this.demandSize(to);
    if (!Number.isSafeInteger(from) || from < 0 || from > to) {
      throw new SconeError('E_LEDGER', `a ledger of ${to} records never had ${from}`);
    }
    if (from === 0 || from === to) return [];
    const path: Hash[] = [];
    let start = 0;
    let end = to;
    let whole = true;
    while (from !== end) {
      const middle = start + split(end - start);
      if (from <= middle) {
        path.push(this.range(middle, end));
        end = middle;
      } else {
        path.push(this.range(start, middle));
        start = middle;
        whole = false;
      }
    }
    if (!whole) path.push(this.range(start, end));
    return path.reverse();
  }

  /** The root over the leaves [start, end), where start is where such a subtree can begin. */
  private range(start: number, end: number): Hash {
    const length = end - start;
    const height = Math.log2(length);
    if (Number.isInteger(height)) return this.level(height).at(start / length);
    const middle = start + split(length);
    return nodeHash(this.range(start, middle), this.range(middle, end));
  }

  private level(height: number): Level {
    return (this.levels[height] ??= new Level());
  }

  private demandSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size) {
      throw new SconeError('E_LEDGER', `a ledger of ${this.size} records has no head of size ${size}`);
    }
  }
}

/** The largest power of two below n, n > 1 (RFC 9162, 2.1.1). */
function split(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}

/** A growing list of hashes in one piece of memory: as objects of their own they would take three times as much. */
class Level {
  length = 0;
  private bytes = new Uint8Array(32 * 16);

  push(hash: Hash): void {
    const end = 32 * (this.length + 1);
    if (end > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(hash, end - 32);
    this.length++;
  }

  at(index: number): Hash {
    return this.bytes.slice(32 * index, 32 * (index + 1));
  }
}
