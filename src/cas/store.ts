/** Bytes of the largest record that a store holds; a longer length in a file is damage. */
export const longestRecord = 1 << 23;

/**
 * Where sealed records lie. A store only has to append on condition; it is not trusted with anything but availability
 * (architecture, decision 8). Records are opaque to it.
 */
export interface Store {
  /** Number of durable records this process knows of. */
  readonly size: number;
  /**
   * Appends records behind the first `expected` ones and returns when they are durable. When the store holds another
   * number of records, nothing is written and `E_CONFLICT` is thrown. After any other error (`E_STORE`) the store is
   * as it was.
   */
  append(expected: number, records: readonly Uint8Array[]): Promise<void>;
  /** The record with that index, below `size`. */
  read(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Learns of records that another writer has appended; `size` may grow. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}
