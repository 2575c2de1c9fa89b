import type { SconeError } from '../../core/errors.ts';

/** What a command achieved. */
export interface Outcome {
  /** For `--output json`: `{"ok":true,"result":…}`, and `"warnings"` where there were any. */
  result: unknown;
  /** For people; lines without a last line feed, nothing where there is nothing to say. */
  text: string;
  /** 0 unless told; only `run` and `cas start` pass on what their processes ended with. */
  exitCode?: number;
  /** The command has written its own standard output (JSON lines, or a service's). */
  streamed?: true;
}

/** Where a command tells what it does; three writers: for a terminal, for a log, for programs. */
export interface Reporter {
  /** Something begins that may take more than a moment. */
  progress: (text: string) => void;
  /** Something everybody must see whatever the form of the output: NOT CONFIDENTIAL, for instance. */
  notice: (text: string) => void;
  warning: (warning: SconeError) => void;
  success: (outcome: Outcome) => void;
  failure: (error: SconeError) => void;
  /** Ends a progress line, so that others may write to the terminal. */
  pause: () => void;
}

/** The streams that a reporter writes to. */
export interface Streams {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether colours may be used on standard error; NO_COLOR and pipes say no. */
  colours: boolean;
  /** Texts of files, for excerpts; `undefined` for one that cannot be read. */
  readText: (path: string) => string | undefined;
}
