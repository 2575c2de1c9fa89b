import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { pack } from '../../scripts/pack.ts';
import { packages, packedFolder } from '../../src/cli/packed.ts';
import { tempFolder } from '../support/temp.ts';
import { type Place, project, sconectl, startCas } from './sconectl.ts';

const check = ['check', '-f', join(project, 'examples', 'hello')] as const;

/** A copy of the sources whose packages lie elsewhere, and of which nothing is packed yet. */
function copy(t: TestContext): Place & { root: string } {
  const root = tempFolder(t);
  cpSync(join(project, 'src'), join(root, 'src'), { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(project, file), join(root, file));
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(project, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(project, 'node_modules', name), join(root, 'node_modules', name));
  }
  return { root, home: tempFolder(t), folder: tempFolder(t) };
}

/** Packs something that nobody can import from. */
function spoil(root: string): void {
  const folder = packedFolder(root);
  mkdirSync(folder, { recursive: true });
  for (const name of packages) writeFileSync(join(folder, `${name}.js`), 'export {};\n');
}

test('a command finds the same with packed packages and without, and with those of another lockfile', async (t) => {
  const at = copy(t);
  const plain = await sconectl(at, ...check);
  assert.deepEqual([plain.code, plain.stderr], [0, '']);
  assert.match(plain.stdout, /2 files, 0 errors/);
  await pack(packedFolder(at.root));
  assert.deepEqual(await sconectl(at, ...check), plain);
  spoil(at.root);
  assert.match((await sconectl(at, ...check)).stderr, /E_INTERNAL: .* does not provide an export named/);
  appendFileSync(join(at.root, 'package-lock.json'), '\n');
  assert.deepEqual(await sconectl(at, ...check), plain);
});

test('a CAS runs the packages themselves, whatever is packed', async (t) => {
  const at = copy(t);
  spoil(at.root);
  const cas = await startCas(t, at, join(at.home, 'cas'));
  assert.match(cas.key, /^[1-9A-Za-z]{40,60}$/);
  assert.equal(await cas.stop(), 0);
});

test('a packed package exports what the package does, and the same bytes are packed again', async (t) => {
  const first = join(tempFolder(t), 'a');
  const second = join(tempFolder(t), 'b');
  await pack(first);
  await pack(second);
  for (const name of packages) {
    const bytes = readFileSync(join(first, `${name}.js`));
    assert.ok(bytes.equals(readFileSync(join(second, `${name}.js`))), name);
    assert.ok(!bytes.includes(project), name);
    const packed = Object.keys((await import(pathToFileURL(join(first, `${name}.js`)).href)) as object);
    const missing = Object.keys((await import(name)) as object).filter((word) => !packed.includes(word));
    assert.deepEqual(
      missing.filter((word) => word !== 'default' && word !== 'module.exports'),
      [],
    );
  }
});
