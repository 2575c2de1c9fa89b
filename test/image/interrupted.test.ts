import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../src/oci/store.ts';
import { freshHome, sharedCache } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { build, runtimeSources, writeProject } from './project.ts';

/** A build in a process of its own; its scratch files go where the test's go. */
function start(t: TestContext, folder: string, home: string, cache: string): ChildProcess {
  const script = new URL('project.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder, home, cache, runtimeSources], {
    env: { ...process.env, TMPDIR: tempFolder(t) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Images that were read from end to end. */
const whole = new Set<string>();

/** Every blob under its final name has the bytes of that name, and the index can be read. */
async function checkStore(images: string): Promise<string[]> {
  if (!existsSync(join(images, 'oci-layout'))) return [];
  for (const name of readdirSync(join(images, 'blobs/sha256'))) {
    if (name.startsWith('.new-')) continue;
    const found = createHash('sha256')
      .update(readFileSync(join(images, 'blobs/sha256', name)))
      .digest('hex');
    assert.equal(found, name);
  }
  const store = await openStore(images, 'read');
  const named = await store.list();
  for (const { digest } of named) if (!whole.has(digest)) await store.contents(digest);
  for (const { digest } of named) whole.add(digest);
  return named.map(({ digest }) => digest);
}

test('60: a build killed at any moment leaves the old image or the new one, and the next build ends well', async (t) => {
  const folder = writeProject(tempFolder(t));
  const home = freshHome(t);
  const images = join(home, 'images');
  const old = (await build({ folder, home })).digest;
  writeFileSync(join(folder, 'app.py'), 'print("new")\n');
  const other = freshHome(t);
  const fresh = (await build({ folder: writeProject(tempFolder(t), { 'app.py': 'print("new")\n' }), home: other }))
    .digest;

  // How long a whole build takes here and now says where its moments are.
  const began = performance.now();
  await once(start(t, folder, freshHome(t), sharedCache), 'exit');
  const duration = performance.now() - began;
  const outcomes = new Set<string>();
  for (let i = 1; i <= 12; i++) {
    const child = start(t, folder, home, sharedCache);
    await sleep((duration * (i + 4)) / 16);
    await kill(child);
    const [digest = 'none', ...more] = await checkStore(images);
    assert.deepEqual(more, []);
    assert.ok(digest === old || digest === fresh, digest);
    outcomes.add(digest === old ? 'old' : 'new');
  }
  assert.equal((await build({ folder, home })).digest, fresh);
  assert.deepEqual(await checkStore(images), [fresh]);
  t.diagnostic(`seen after a kill: ${[...outcomes].join(', ')}`);
});

test('60: a first build killed while it makes the base leaves no base, no lock and no name', async (t) => {
  if (need(t, 'go') === undefined) return;
  const folder = writeProject(tempFolder(t));
  const home = freshHome(t);
  const cache = join(tempFolder(t), 'cache');
  mkdirSync(cache);
  for (const part of ['debs', 'apt', 'runtime', 'layers']) {
    cpSync(join(sharedCache, part), join(cache, part), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
  }
  for (const step of ['compiling the modules', 'packing']) {
    const child = start(t, folder, home, cache);
    assert.ok(child.stdout);
    for await (const line of createInterface(child.stdout)) if (line.startsWith(`step ${step}`)) break;
    await sleep(100);
    await kill(child);
    assert.deepEqual(
      readdirSync(join(cache, 'bases')).filter((name) => name.endsWith('.json')),
      [],
      step,
    );
    assert.deepEqual(await checkStore(join(home, 'images')), []);
    assert.equal(existsSync(join(folder, 'service.lock.yml')), false);
  }
  const built = await build({ folder, home, cache });
  assert.deepEqual(await checkStore(join(home, 'images')), [built.digest]);
  assert.deepEqual(
    readdirSync(join(cache, 'bases')).filter((name) => name.startsWith('.new-')),
    [],
  );
});

test('two builds at once in one store both end well', async (t) => {
  const home = freshHome(t);
  const folders = [writeProject(tempFolder(t)), writeProject(tempFolder(t), { 'app.py': 'print(2)\n' })];
  const text = readFileSync(join(folders[1] ?? '', 'service.yml'), 'utf8');
  writeFileSync(join(folders[1] ?? '', 'service.yml'), text.replace('test/hello:v1', 'test/hello:v2'));
  const children = folders.map((folder) => start(t, folder, home, sharedCache));
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  assert.deepEqual(codes, [0, 0]);
  assert.equal((await checkStore(join(home, 'images'))).length, 2);
});
