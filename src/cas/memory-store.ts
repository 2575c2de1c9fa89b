import { SconeError } from '../core/errors.ts';
import type { Store } from './store.ts';

/** Records in memory that several writers share, as replicas share a database; for tests. */
export class SharedRecords {
  readonly records: Uint8Array<ArrayBuffer>[] = [];
  /** Runs before each append is decided; lets a test put another writer's record in between. */
  beforeAppend: () => Promise<void> = async () => {};
}

/** One writer's view of shared records. It conflicts whenever another writer was there first. */
export class MemoryStore implements Store {
  size = 0;
  private readonly shared: SharedRecords;

  constructor(shared: SharedRecords) {
    this.shared = shared;
    this.size = shared.records.length;
  }

  async append(expected: number, records: readonly Uint8Array[]): Promise<void> {
    await this.shared.beforeAppend();
    if (this.shared.records.length !== expected) {
      throw new SconeError('E_CONFLICT', `the ledger has ${this.shared.records.length} records, not ${expected}`);
    }
    for (const record of records) this.shared.records.push(new Uint8Array(record));
    this.size = this.shared.records.length;
  }

  async read(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const record = this.shared.records[index];
    if (record === undefined) throw new SconeError('E_LEDGER', `the ledger has no record ${index}`);
    return record.slice();
  }

  async refresh(): Promise<void> {
    this.size = this.shared.records.length;
  }

  async close(): Promise<void> {}
}
