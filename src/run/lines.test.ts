import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { eachLine } from './lines.ts';

async function linesOf(...chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const lines: string[] = [];
  await eachLine(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), (line) => lines.push(line));
  return lines;
}

test('lines are whole whatever pieces they come in, and an unfinished last one counts', async () => {
  assert.deepEqual(await linesOf('a\nb', 'c\n\nd'), ['a', 'bc', '', 'd']);
  assert.deepEqual(await linesOf(), []);
});

test('a character that is cut in two comes out whole', async () => {
  const bytes = Buffer.from('ü\n');
  assert.deepEqual(await linesOf(bytes.subarray(0, 1), bytes.subarray(1)), ['ü']);
});

test('a line that never ends is passed on in pieces', async () => {
  const lines = await linesOf('x'.repeat(150_000), 'y\n');
  assert.equal(lines.join(''), `${'x'.repeat(150_000)}y`);
  assert.ok(lines.every(({ length }) => length <= 64 * 1024));
});
