import type { Readable } from 'node:stream';

/** A line without an end is passed on in pieces of this many characters. */
const longest = 64 * 1024;

/** Calls `take` with each line of a stream, also an unfinished last one. Resolves when the stream has ended. */
export function eachLine(stream: Readable, take: (line: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    while (rest.length > longest) {
      take(rest.slice(0, longest));
      rest = rest.slice(longest);
    }
  });
  return new Promise((resolve) => {
    stream.once('close', () => {
      if (rest !== '') take(rest);
      resolve();
    });
  });
}
