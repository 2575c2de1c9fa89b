import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { root } from '../environment.ts';
import type { Tally } from './tally.ts';

/** One line of `go test -json` (`go doc test2json`). */
interface GoEvent {
  Action: string;
  Package?: string;
  ImportPath?: string;
  Test?: string;
  Elapsed?: number;
  Output?: string;
}

/** Runs the Go tests of the runtime with the given build tags and adds every test to the tally. */
export async function runGoSuite(tags: readonly string[], tally: Tally, print: (text: string) => void): Promise<void> {
  const args = [
    'test',
    '-json',
    '-count=1',
    '-vet=off',
    ...(tags.length > 0 ? ['-tags', tags.join(',')] : []),
    './...',
  ];
  const { code, output, seconds } = await runCommand('go', args, { cwd: join(root, 'runtime') });
  const before = tally.results.length;
  readGoEvents(output, `runtime${tags.map((tag) => ` (${tag})`).join('')}`, tally, print);
  const failed = tally.results.slice(before).some(({ outcome }) => outcome === 'failed');
  if (code !== 0 && !failed) {
    const why = code === 127 ? 'Go is missing: install Go 1.24 or newer' : output;
    tally.add({ where: 'runtime', name: `go ${args.join(' ')}`, outcome: 'failed', seconds, why });
    print(`FAILED go ${args.join(' ')}\n${why}`);
  }
  print(`go test${tags.map((tag) => ` -tags ${tag}`).join('')} in ${seconds.toFixed(1)} s`);
}

/** Adds what `go test -json` printed to the tally. Lines that are no event are shown as they are. */
export function readGoEvents(output: string, where: string, tally: Tally, print: (text: string) => void): void {
  const written = new Map<string, string>();
  for (const line of output.split('\n')) {
    if (line.trim() === '') continue;
    const event = parse(line);
    if (event === undefined) {
      print(line);
      continue;
    }
    const place = `${where}/${event.Package ?? event.ImportPath ?? ''}`;
    const key = `${place} ${event.Test ?? ''}`;
    const seconds = event.Elapsed ?? 0;
    if (event.Action === 'output') written.set(key, (written.get(key) ?? '') + (event.Output ?? ''));
    else if (event.Action === 'build-output') print((event.Output ?? '').trimEnd());
    else if (event.Test !== undefined) {
      const outcome = ({ pass: 'passed', fail: 'failed', skip: 'skipped' } as const)[event.Action];
      if (outcome === undefined) continue;
      const why = outcome === 'passed' ? {} : { why: (written.get(key) ?? '').trim() };
      tally.add({ where: place, name: event.Test, outcome, seconds, ...why });
      if (outcome === 'failed') print(`FAILED ${place}: ${event.Test}\n${written.get(key) ?? ''}`);
    } else if (event.Action === 'fail') {
      // A package fails without a failed test of its own when it does not build, panics or runs too long.
      const named = tally.results.some((result) => result.where === place && result.outcome === 'failed');
      if (!named) {
        const why = written.get(key) ?? 'it does not build';
        tally.add({ where: place, name: 'the package itself', outcome: 'failed', seconds, why });
        print(`FAILED ${place}\n${why}`);
      }
    } else if (event.Action === 'pass') print(`ok     ${place}  ${seconds.toFixed(1)} s`);
  }
}

function parse(line: string): GoEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as GoEvent;
  } catch {
    return undefined;
  }
}
