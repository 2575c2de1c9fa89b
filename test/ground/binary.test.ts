import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { compileRuntime } from './binaries.ts';
import { readRuntime } from './image.ts';

const module = new URL('../../runtime', import.meta.url).pathname;

test('55: the runtime compiles to the same bytes in another folder', async (t) => {
  if (need(t, 'go') === undefined) return;
  const folder = tempFolder(t);
  const copy = join(folder, 'another', 'place');
  cpSync(module, copy, { recursive: true });
  const here = await readRuntime(await compileRuntime(folder, 'sim'));
  const there = await readRuntime(await compileRuntime(join(folder, 'there'), 'sim', { module: copy }));
  assert.ok(Buffer.from(here).equals(there));
  assert.ok(here.length <= 6e6, `${here.length} bytes`);
});

test('the version of the runtime is the one of the package', () => {
  const { version } = JSON.parse(readFileSync(join(module, '../package.json'), 'utf8')) as { version: string };
  assert.ok(readFileSync(join(module, 'main.go'), 'utf8').includes(`const version = "${version}"`));
});
