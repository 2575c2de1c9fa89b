import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { openLayout, writeDurably } from './layout.ts';
import { mediaTypes } from './manifest.ts';

async function* parts(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const part of bytes) all.push(part);
  return Buffer.concat(all).toString();
}

test('a new layout is empty and can be opened again', async (t) => {
  const folder = join(tempFolder(t), 'images');
  await openLayout(folder, 'create');
  const again = await openLayout(folder);
  assert.deepEqual((await again.index()).manifests, []);
  assert.deepEqual(readdirSync(folder).sort(), ['blobs', 'index.json', 'oci-layout']);
});

test('a folder that is no layout, or one of a later version, is refused by name', async (t) => {
  const folder = tempFolder(t);
  await assert.rejects(openLayout(folder), { code: 'E_IMAGE', message: /no OCI image layout/ });
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
  await assert.rejects(openLayout(folder), { code: 'E_IMAGE', found: '2.0.0' });
});

test('a blob is found by its digest, in whatever parts it came', async (t) => {
  const layout = await openLayout(join(tempFolder(t), 'images'), 'create');
  const one = await layout.putBlob(Buffer.from('hello'));
  const two = await layout.putParts(parts('hel', 'lo'));
  assert.deepEqual(one, two);
  assert.equal(one.digest, 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
  assert.equal(await text(layout.readBlob(one)), 'hello');
  assert.equal(await layout.hasBlob(one), true);
  assert.equal(await layout.hasBlob({ ...one, size: 4 }), false);
});

test('a changed, cut, longer or missing blob is an E_IMAGE', async (t) => {
  const layout = await openLayout(join(tempFolder(t), 'images'), 'create');
  const blob = await layout.putBlob(Buffer.from('hello'));
  for (const bytes of ['hallo', 'hell', 'hello!']) {
    writeFileSync(layout.blobFile(blob.digest), bytes);
    await assert.rejects(text(layout.readBlob(blob)), { code: 'E_IMAGE', message: /damaged/ }, bytes);
    await assert.rejects(layout.blob(blob), { code: 'E_IMAGE' }, bytes);
  }
  await assert.rejects(text(layout.readBlob({ digest: `sha256:${'0'.repeat(64)}`, size: 1 })), {
    message: /lacks the blob/,
  });
});

test('60: a blob whose source fails leaves nothing behind', async (t) => {
  const layout = await openLayout(join(tempFolder(t), 'images'), 'create');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('no more');
  }
  await assert.rejects(layout.putParts(failing()), /no more/);
  assert.deepEqual(readdirSync(join(layout.folder, 'blobs/sha256')), []);
});

test('a copied blob is compared with its digest', async (t) => {
  const folder = tempFolder(t);
  const from = await openLayout(join(folder, 'from'), 'create');
  const to = await openLayout(join(folder, 'to'), 'create');
  const blob = await from.putBlob(Buffer.from('hello'));
  await to.copyBlob(from, blob);
  assert.equal(readFileSync(to.blobFile(blob.digest), 'utf8'), 'hello');
  const other = await from.putBlob(Buffer.from('other'));
  writeFileSync(from.blobFile(other.digest), 'evil!');
  await assert.rejects(to.copyBlob(from, other), { code: 'E_IMAGE' });
  assert.equal(await to.hasBlob(other), false);
});

test('no digest leads out of the folder of blobs', async (t) => {
  const layout = await openLayout(join(tempFolder(t), 'images'), 'create');
  for (const digest of ['sha256:../../../etc/passwd', 'sha512:00', '', `sha256:${'A'.repeat(64)}`]) {
    assert.throws(() => layout.blobFile(digest), { code: 'E_IMAGE' });
  }
});

test('documents have a limit', async (t) => {
  const layout = await openLayout(join(tempFolder(t), 'images'), 'create');
  await assert.rejects(layout.blob({ digest: `sha256:${'0'.repeat(64)}`, size: 5 << 20 }), { code: 'E_LIMIT' });
});

test('a malformed index is an E_IMAGE', async (t) => {
  const layout = await openLayout(join(tempFolder(t), 'images'), 'create');
  const entry = { mediaType: mediaTypes.manifest, digest: `sha256:${'0'.repeat(64)}`, size: 1 };
  const wrong: unknown[] = [
    [],
    { schemaVersion: 1, manifests: [] },
    { schemaVersion: 2 },
    { schemaVersion: 2, manifests: [{ ...entry, digest: 'md5:0' }] },
    { schemaVersion: 2, manifests: [{ ...entry, size: -1 }] },
    { schemaVersion: 2, manifests: [{ ...entry, size: '1' }] },
    { schemaVersion: 2, manifests: [{ ...entry, annotations: { a: 1 } }] },
  ];
  for (const value of wrong) {
    writeFileSync(join(layout.folder, 'index.json'), JSON.stringify(value));
    await assert.rejects(layout.index(), { code: 'E_IMAGE' }, JSON.stringify(value));
  }
});

test('50: a layout whose documents are links, devices or endless is refused', async (t) => {
  const folder = join(tempFolder(t), 'images');
  const layout = await openLayout(folder, 'create');
  const index = join(folder, 'index.json');
  rmSync(index);
  symlinkSync('/dev/zero', index);
  await assert.rejects(layout.index(), { code: 'E_IMAGE', found: 'something that is no file' });
  rmSync(index);
  writeFileSync(index, Buffer.alloc((4 << 20) + 1, ' '));
  await assert.rejects(layout.index(), { code: 'E_IMAGE', found: `${(4 << 20) + 1} bytes` });
  rmSync(join(folder, 'oci-layout'));
  symlinkSync('/dev/zero', join(folder, 'oci-layout'));
  await assert.rejects(openLayout(folder), { code: 'E_IMAGE', found: 'something that is no file' });
});

test('60: a durable write replaces all of a file or nothing', async (t) => {
  const folder = tempFolder(t);
  await writeDurably(join(folder, 'a'), Buffer.from('one'));
  await writeDurably(join(folder, 'a'), Buffer.from('two'));
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'two');
  mkdirSync(join(folder, 'b/c'), { recursive: true });
  await assert.rejects(writeDurably(join(folder, 'b'), Buffer.from('x')));
  assert.deepEqual(readdirSync(folder).sort(), ['a', 'b']);
});
