import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { bundleHash, codeHash } from './code.ts';
import { simCas, simEnclave } from './sim.ts';

/** Written out by hand, not with our own LP. */
function fields(...parts: (string | Buffer)[]): Buffer {
  const all = parts.map((part) => {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat(all);
}
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

test('28: the simulated enclave is a hash over length-prefixed fields with its own domain', () => {
  const runtime = Buffer.alloc(32, 1);
  const rootfs = Buffer.alloc(32, 2);
  assert.deepEqual(
    Buffer.from(simEnclave(runtime, rootfs)),
    sha256(fields('sconectl sim enclave v1', runtime, rootfs)),
  );
  assert.notDeepEqual(simEnclave(runtime, rootfs), simEnclave(rootfs, runtime));
  assert.deepEqual(Buffer.from(simCas(runtime)), sha256(fields('sconectl sim cas v1', runtime)));
});

test('the code hash covers every source and the lockfile, and nothing else', async (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'src/b'), { recursive: true });
  writeFileSync(join(root, 'src/b/x.ts'), 'x');
  writeFileSync(join(root, 'src/a.ts'), 'a');
  writeFileSync(join(root, 'package-lock.json'), '{}');
  const expected = sha256(
    fields(
      'package-lock.json',
      sha256(Buffer.from('{}')),
      'src/a.ts',
      sha256(Buffer.from('a')),
      'src/b/x.ts',
      sha256(Buffer.from('x')),
    ),
  );
  assert.deepEqual(Buffer.from(await codeHash(root)), expected);
  writeFileSync(join(root, 'src/notes.md'), 'not code');
  assert.deepEqual(Buffer.from(await codeHash(`${root}/`)), expected);
  writeFileSync(join(root, 'src/a.ts'), 'b');
  assert.notDeepEqual(Buffer.from(await codeHash(root)), expected);
});

test('the hash of a bundle is the hash of its file', async (t) => {
  const file = join(tempFolder(t), 'cas.js');
  writeFileSync(file, 'bundle');
  assert.deepEqual(Buffer.from(await bundleHash(file)), sha256(Buffer.from('bundle')));
});
