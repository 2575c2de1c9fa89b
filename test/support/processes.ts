import { readdirSync, readFileSync } from 'node:fs';

/** A process of this machine. */
export interface Process {
  pid: number;
  /** Its words, with blanks between. */
  command: string;
}

/** The processes whose command line contains a text; one that has ended and waits for its parent has none. */
export function processesWith(text: string): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(text) ? [{ pid: Number(name), command }] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}
