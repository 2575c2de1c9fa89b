import type { Clock } from '../core/clock.ts';
import type { Outcome, Reporter } from './report/reporter.ts';

/** What every command gets: nothing of the process is read anywhere else. */
export interface Context {
  /** `SCONECTL_HOME`: configuration, identity, images, downloads. */
  home: string;
  /** Where relative paths begin. */
  folder: string;
  environment: { readonly [name: string]: string | undefined };
  reporter: Reporter;
  /** The forms that `--output` asked for; `text` where nothing was said. */
  outputs: ReadonlySet<string>;
  now: Clock;
  /** Of sconectl. */
  version: string;
  /** Writes to standard output, for commands that stream. */
  out: (text: string) => void;
}

/** What the command line gave a command. */
export interface Input {
  arguments: readonly string[];
  options: { readonly [name: string]: unknown };
}

/** A command's file exports one of these as `run`. */
export type Run = (context: Context, input: Input) => Promise<Outcome>;
