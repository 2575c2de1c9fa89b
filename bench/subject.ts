import type { Row } from './row.ts';
import type { Scope } from './scope.ts';

/** What a subject measures with. */
export interface Bench {
  /** Undone when the subject is over, also after a failure or Ctrl-C. */
  scope: Scope;
  /** Adds a line to the table. */
  row: (row: Row) => void;
  /** Says something between the lines. */
  say: (text: string) => void;
}

/** One thing that is measured, bounded in count and time. */
export type Subject = (bench: Bench) => void | Promise<void>;
