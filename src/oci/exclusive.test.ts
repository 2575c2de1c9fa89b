import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '../../test/support/temp.ts';
import { exclusively } from './exclusive.ts';

test('two runs for one folder follow one another, for two folders they do not wait', async (t) => {
  const folder = tempFolder(t);
  const other = tempFolder(t);
  let inside = 0;
  let most = 0;
  const run = (): Promise<void> =>
    exclusively(folder, async () => {
      most = Math.max(most, ++inside);
      await sleep(10);
      inside--;
    });
  await Promise.all([run(), run(), run()]);
  assert.equal(most, 1);
  await exclusively(folder, () => exclusively(other, async () => undefined));
});

test('a run that fails gives the folder free, and its error is the answer', async (t) => {
  const folder = tempFolder(t);
  await assert.rejects(
    exclusively(folder, () => Promise.reject(new Error('failed'))),
    /failed/,
  );
  assert.equal(await exclusively(folder, async () => 7), 7);
});

test('who waits too long is told so', async (t) => {
  const folder = tempFolder(t);
  await exclusively(folder, async () => {
    await assert.rejects(
      exclusively(folder, async () => undefined, { milliseconds: 40 }),
      { code: 'E_STORE' },
    );
  });
});

test('60: a process that is killed holds nothing', async (t) => {
  const folder = tempFolder(t);
  const program = `import { exclusively } from ${JSON.stringify(new URL('exclusive.ts', import.meta.url).href)};
    await exclusively(${JSON.stringify(folder)}, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await assert.rejects(
    exclusively(folder, async () => undefined, { milliseconds: 40 }),
    { code: 'E_STORE' },
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await exclusively(folder, async () => 'free', { milliseconds: 5000 }), 'free');
});
