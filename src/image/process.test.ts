import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLines, output, plainEnvironment, run } from './process.ts';

const env = { PATH: process.env['PATH'] ?? '' };

test('a program gets nothing of our environment but how to find programs and the network', () => {
  const seen = plainEnvironment({
    PATH: '/bin',
    HOME: '/h',
    LD_PRELOAD: 'x',
    PYTHONPATH: 'y',
    APT_CONFIG: 'z',
    https_proxy: 'p',
  });
  assert.deepEqual(seen, { LC_ALL: 'C', PATH: '/bin', HOME: '/h', https_proxy: 'p' });
});

test('what a program says and its exit code are collected', async () => {
  const said = await run('sh', ['-c', 'echo out; echo err >&2; exit 3'], { env });
  assert.deepEqual(said, { code: 3, stdout: 'out\n', stderr: 'err\n' });
  assert.match((await run('sh', ['-c', 'kill -9 $$'], { env })).stderr, /SIGKILL/);
});

test('a program that is missing is an E_TOOL with its name', async () => {
  await assert.rejects(run('no-such-program', [], { env }), {
    code: 'E_TOOL',
    message: /no-such-program is not installed/,
  });
  await assert.rejects(output('no-such-program', [], { env }).next(), { code: 'E_TOOL' });
});

test('a program that fails after it wrote something is still an error', async () => {
  const parts: string[] = [];
  await assert.rejects(
    (async () => {
      for await (const part of output('sh', ['-c', 'echo half; echo why >&2; exit 2'], { env }))
        parts.push(Buffer.from(part).toString());
    })(),
    { code: 'E_TOOL', causes: ['why'] },
  );
  assert.deepEqual(parts, ['half\n']);
});

test('the last lines of a text are without blanks', () => {
  assert.deepEqual(lastLines('a\n\n b \nc\n', 2), ['b', 'c']);
});

test('a program is ended by its signal', async () => {
  const abort = new AbortController();
  const began = performance.now();
  const running = run('sleep', ['30'], { env, signal: abort.signal });
  abort.abort();
  await assert.rejects(running, { code: 'E_TOOL' });
  assert.ok(performance.now() - began < 10_000);
});
