import type { FileHandle } from 'node:fs/promises';
import { uint } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { longestRecord } from './store.ts';

/** Bytes of the length in front of each record, big-endian. */
export const prefixLength = 4;
const readAhead = 1 << 20;

/** The offsets of all complete records; throws `E_LEDGER` for what no crash leaves behind. */
export async function scanLedger(file: FileHandle, length: number): Promise<number[]> {
  const offsets = [0];
  let window = new Uint8Array();
  let windowStart = 0;
  for (let at = 0; length - at >= prefixLength; ) {
    if (at < windowStart || at + prefixLength > windowStart + window.length) {
      windowStart = at;
      window = await readExactly(file, at, Math.min(readAhead, length - at));
    }
    const size = Buffer.from(window.buffer, window.byteOffset + at - windowStart, prefixLength).readUInt32BE();
    if (size === 0 && (await isZero(file, at, length))) break;
    if (size === 0 || size > longestRecord) {
      throw new SconeError('E_LEDGER', `the ledger file is damaged at byte ${at}: no record is ${size} bytes long`, {
        hint: 'restore the newest copy of the data folder; clients will tell whether it is older than what they saw',
      });
    }
    if (at + prefixLength + size > length) {
      await demandTorn(file, at, length, offsets.length);
      break;
    }
    at += prefixLength + size;
    offsets.push(at);
  }
  return offsets;
}

/**
 * Demands that what begins at `at` is the incomplete record of a crash. A wrong length in the middle of the file looks
 * the same, but then the header of the next record (`seal.ts`: version, key version, n) lies somewhere behind it, and
 * cutting would destroy what was acknowledged.
 */
async function demandTorn(file: FileHandle, at: number, length: number, next: number): Promise<void> {
  const tail = Buffer.from(await readExactly(file, at, length - at));
  const mark = uint(next, 8);
  for (let found = tail.indexOf(mark); found >= 0; found = tail.indexOf(mark, found + 1)) {
    if (found >= 5 && tail[found - 5] === 1) {
      throw new SconeError('E_LEDGER', `the ledger file is damaged at byte ${at}: the length of a record is wrong`, {
        hint: 'restore the newest copy of the data folder; clients will tell whether it is older than what they saw',
      });
    }
  }
}

async function isZero(file: FileHandle, start: number, end: number): Promise<boolean> {
  for (let at = start; at < end; at += readAhead) {
    const piece = await readExactly(file, at, Math.min(readAhead, end - at));
    if (piece.some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** So many bytes from there; `E_LEDGER` when the file is shorter. */
export async function readExactly(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new SconeError('E_LEDGER', 'the ledger file is shorter than it was');
    done += bytesRead;
  }
  return bytes;
}
