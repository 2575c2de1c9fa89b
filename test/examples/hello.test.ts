import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { loadManifest } from '../../src/manifest/load.ts';
import { notYet } from '../../src/manifest/not-yet.ts';
import { need } from '../support/require.ts';

const folder = new URL('../../examples/hello/', import.meta.url);
const program = new URL('print_env.py', folder).pathname;

test('the example’s manifests load without warnings and ask for nothing that is not supported', () => {
  for (const [name, kind] of [
    ['service.yml', 'genservice'],
    ['mesh.yml', 'mesh'],
  ] as const) {
    const loaded = loadManifest(readFileSync(new URL(name, folder), 'utf8'), name, { variables: new Map() });
    assert.equal(loaded.kind, kind);
    assert.deepEqual([loaded.warnings, notYet(loaded.manifest)], [[], []]);
  }
});

test('the program prints the user and a checksum, never the password, and ends on SIGTERM with 0', async (t) => {
  const python = need(t, 'python3');
  if (python === undefined) return;
  const child = spawn(python, [program], { env: { API_USER: 'myself', API_PASSWORD: 'hunter2' }, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (printed === '') child.kill('SIGTERM');
    printed += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const checksum = sha256Hex(utf8('hunter2')).slice(0, 16);
  assert.equal(printed, `Hello, myself! The checksum of your password is ${checksum}.\nAsked to stop. Goodbye!\n`);
  assert.equal(code, 0);
});

test('the program says which variable it misses', (t) => {
  const python = need(t, 'python3');
  if (python === undefined) return;
  const { status, stderr } = spawnSync(python, [program], { env: { API_USER: 'myself' }, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^API_PASSWORD is not set/);
});
