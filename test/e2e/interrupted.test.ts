import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { configIdHex, parseInitData } from '../../src/initdata/document.ts';
import { failure, launch, type Place, result } from '../cli/sconectl.ts';
import { editFile, exampleWorld } from './world.ts';

interface Applied {
  sessions: { name: string; action: string; hash: string }[];
}

test('60: an apply that is killed at any moment leaves whole files, and applying again ends as if nothing had happened', async (t) => {
  const world = await exampleWorld(t);
  if (world === undefined) return;
  const { place } = world;
  const target = join(place.folder, 'target');
  await result(place, 'apply', '-f', 'service.yml');
  const began = performance.now();
  await result(place, 'apply', '-f', 'mesh.yml');
  const whole = performance.now() - began;
  const moments = [0.3, 0.55, 0.7, 0.8, 0.85, 0.9, 0.95];
  for (const [index, moment] of moments.entries()) {
    editFile(place, 'mesh.yml', (text) => text.replace(/(name: API_USER\n\s+value: ).*/, `$1user${index}`));
    const { child } = launch(place, ['apply', '-f', 'mesh.yml']);
    const closed = once(child, 'close');
    await Promise.race([sleep(whole * moment), closed]);
    child.kill('SIGKILL');
    await closed;
    const initData = readFileSync(join(target, 'initdata/pythonapp.toml'));
    assert.equal(parseInitData(initData).mode, 'service');
    assert.equal(readFileSync(join(target, 'initdata/pythonapp.configid'), 'utf8').trim(), configIdHex(initData));
    assert.match(
      readFileSync(join(target, 'sessions/mypythonapp-pythonapp.yaml'), 'utf8'),
      /API_USER: (?:myself|user\d)\n[^]*size: "10"\n$/,
    );
    assert.match(readFileSync(join(target, 'sessions/mypythonapp-pythonapp.predecessor'), 'utf8'), /^[0-9a-f]{64}\n$/);
    JSON.parse(readFileSync(join(place.folder, 'cas.lock'), 'utf8'));
    JSON.parse(readFileSync(join(place.home, 'config.json'), 'utf8'));
  }
  const { sessions } = await result<Applied>(place, 'apply', '-f', 'mesh.yml');
  const { hash, session } = await result<{
    hash: string;
    session: { services: { environment: { API_USER: string } }[] };
  }>(place, 'session', 'read', 'myPythonApp/pythonapp');
  assert.equal(sessions[1]?.hash, hash);
  assert.equal(session.services[0]?.environment.API_USER, `user${moments.length - 1}`);
  assert.deepEqual(readdirSync(target).sort(), ['.gitignore', 'helm', 'images.json', 'initdata', 'sessions']);
  for (const folder of ['initdata', 'sessions', 'helm']) {
    assert.deepEqual(
      readdirSync(join(target, folder)).filter((name) => name.endsWith('.new')),
      [],
    );
  }
});

test('a full disk is found before the CAS is changed, and leaves the old outputs', async (t) => {
  const world = await exampleWorld(t);
  if (world === undefined) return;
  const { place } = world;
  await result(place, 'apply', '-f', 'service.yml');
  const small = join(place.folder, 'small');
  mkdirSync(small);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', small]).status, 0);
  try {
    await withFullDisk(place, small);
  } finally {
    // Before the folder is removed, which cannot be with a mount in it.
    spawnSync('umount', [small]);
  }
});

async function withFullDisk(place: Place, small: string): Promise<void> {
  cpSync(join(place.folder, 'target/images.json'), join(small, 'images.json'));
  const apply = ['apply', '-f', 'mesh.yml', '-t', 'small'];
  const first = await result<Applied>(place, ...apply);
  editFile(place, 'mesh.yml', (text) => text.replace('value: myself', 'value: me'));
  try {
    writeFileSync(join(small, 'ballast'), Buffer.alloc(1 << 20));
  } catch {
    // That is the point.
  }
  const { code, hint } = await failure(place, ...apply);
  assert.deepEqual([code, hint], ['E_STORE', 'the disk is full']);
  const { hash } = await result<{ hash: string }>(place, 'session', 'read', 'myPythonApp/pythonapp');
  assert.equal(hash, first.sessions[1]?.hash);
  assert.match(readFileSync(join(small, 'sessions/mypythonapp-pythonapp.yaml'), 'utf8'), /API_USER: myself/);
  assert.deepEqual(readdirSync(small).sort(), ['.gitignore', 'ballast', 'helm', 'images.json', 'initdata', 'sessions']);
}
