import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { concat, uint } from '../core/bytes.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { prefixLength, readExactly, scanLedger } from './ledger-scan.ts';
import type { Store } from './store.ts';

const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_DSYNC;

/** Errors that mean "no room": the write is taken back and the store goes on. */
const noRoom = ['ENOSPC', 'EDQUOT'];

/**
 * The embedded store: one append-only file, each record behind its length (4 bytes, big-endian). The caller holds the
 * lock of the folder.
 *
 * The file is open with O_DSYNC: a write is over when data and length are on the disk, exactly as with `fdatasync`
 * behind it, which Node's permission model forbids. It costs one way to another thread per group commit.
 *
 * A crash can leave an incomplete record at the end, or zeros (a file system may make the file longer before it writes
 * the data). This is the `tail`, and the ledger decides about it: only it can tell an append that never was acknowledged
 * from a record whose length was damaged. Each record is sealed behind the one before it, so whether complete records
 * are right is its business too.
 */
export class FileStore implements Store {
  private readonly file: FileHandle;
  /** Where each record begins, its length prefix included; one more entry for the end. */
  private readonly offsets: number[];
  private broken: SconeError | undefined;
  private rest: Uint8Array;

  private constructor(file: FileHandle, offsets: number[], rest: Uint8Array) {
    this.file = file;
    this.offsets = offsets;
    this.rest = rest;
  }

  /** Opens or creates the file. Throws `E_LEDGER` for what no crash leaves behind. */
  static async open(path: string): Promise<FileStore> {
    let file: FileHandle;
    try {
      file = await open(path, openFlags, 0o600);
    } catch (cause) {
      throw new SconeError('E_STORE', `the ledger ${path} cannot be opened`, { cause });
    }
    try {
      const length = (await file.stat()).size;
      const offsets = await scanLedger(file, length);
      const end = offsets[offsets.length - 1] as number;
      return new FileStore(file, offsets, await readExactly(file, end, length - end));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get size(): number {
    return this.offsets.length - 1;
  }

  /** What lies behind the last complete record, without the place of a length; nothing may be appended before it is cut. */
  get tail(): Uint8Array {
    return this.rest.subarray(prefixLength);
  }

  /** Cuts the incomplete end; returns how many bytes that were. */
  async cutTail(): Promise<number> {
    const { length } = this.rest;
    if (length === 0) return 0;
    await this.file.truncate(this.end());
    this.rest = new Uint8Array();
    return length;
  }

  async append(expected: number, records: readonly Uint8Array[]): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    const end = this.end();
    if (expected !== this.size || fstatSync(this.file.fd).size !== end) {
      throw this.fail(
        new SconeError('E_LEDGER', 'somebody else writes the ledger file', {
          hint: 'one CAS per data folder; stop both, keep a copy of the folder, start one',
        }),
      );
    }
    const bytes = concat(...records.flatMap((record) => [uint(record.length, prefixLength), record]));
    try {
      await this.write(bytes, end);
    } catch (cause) {
      throw noRoom.includes(systemCode(cause) ?? '') ? await this.takeBack(end, cause) : this.fail(unconfirmed(cause));
    }
    let at = end;
    for (const record of records) {
      at += prefixLength + record.length;
      this.offsets.push(at);
    }
  }

  async read(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const start = this.offsets[index];
    const end = this.offsets[index + 1];
    if (start === undefined || end === undefined) throw new SconeError('E_LEDGER', `the ledger has no record ${index}`);
    return await readExactly(this.file, start + prefixLength, end - start - prefixLength);
  }

  /** Nobody else writes: the folder is locked. */
  async refresh(): Promise<void> {}

  async close(): Promise<void> {
    await this.file.close();
  }

  private async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  }

  /** Takes back what an append for which there was no room has written; the error to tell. */
  private async takeBack(end: number, cause: unknown): Promise<SconeError> {
    try {
      await this.file.truncate(end);
    } catch (second) {
      return this.fail(
        new SconeError('E_STORE', 'an incomplete write to the ledger could not be taken back', {
          cause: second,
          hint: 'check the disk and start the CAS again; the incomplete end is cut then',
        }),
      );
    }
    return new SconeError('E_STORE', 'the ledger cannot be written', {
      cause,
      hint: 'the disk of the data folder is full: make room and try again; nothing was changed',
    });
  }

  private end(): number {
    return this.offsets[this.offsets.length - 1] as number;
  }

  private fail(error: SconeError): SconeError {
    this.broken ??= error;
    return error;
  }
}

/**
 * After a write that failed in another way than for room, nobody knows what of it is on the disk, and a second one may
 * claim success without having written anything. Only a new start, which reads the file again, can tell.
 */
function unconfirmed(cause: unknown): SconeError {
  return new SconeError('E_STORE', 'the disk did not confirm a write to the ledger', {
    cause,
    hint: 'the change may or may not have happened; check the disk and start the CAS again',
  });
}
