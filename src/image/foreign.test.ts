import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { canonicalBytes } from '../core/json.ts';
import { type Layout, openLayout } from '../oci/layout.ts';
import { type Descriptor, mediaTypes, refName } from '../oci/manifest.ts';
import { findLayoutImage } from './foreign.ts';

async function putImage(layout: Layout, architecture: string): Promise<Descriptor> {
  const config = {
    architecture,
    os: 'linux',
    config: { Env: [`ARCH=${architecture}`] },
    rootfs: { type: 'layers', diff_ids: [] },
  };
  const blob = await layout.putBlob(canonicalBytes(config));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...blob },
    layers: [],
  };
  return { mediaType: mediaTypes.manifest, ...(await layout.putBlob(canonicalBytes(manifest))) };
}

async function withLayout(t: TestContext, entries: (layout: Layout) => Promise<Descriptor[]>): Promise<string> {
  const folder = tempFolder(t);
  const layout = await openLayout(join(folder, 'base'), 'create');
  await layout.writeIndex({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: await entries(layout) });
  return folder;
}

const named = (entry: Descriptor, tag: string): Descriptor => ({ ...entry, annotations: { [refName]: tag } });

test('a layout is found beside the manifest, by tag and by digest', async (t) => {
  const all: Descriptor[] = [];
  const folder = await withLayout(t, async (layout) => {
    const other = await layout.putBlob(Buffer.from('x'));
    all.push(named(await putImage(layout, 'amd64'), 'one'), { ...other, mediaType: 'text/plain' });
    return all;
  });
  const digest = all[0]?.digest ?? '';
  for (const from of [
    'oci:base',
    './base',
    'oci:base:one',
    `oci:${folder}/base`,
    `${folder}/base`,
    `oci:base@${digest}`,
  ]) {
    const image = await findLayoutImage(from, folder, 'amd64');
    assert.deepEqual([image.digest, image.config.config.Env], [digest, ['ARCH=amd64']], from);
  }
  for (const from of ['oci:base:two', `oci:base@sha256:${'0'.repeat(64)}`]) {
    await assert.rejects(findLayoutImage(from, folder, 'amd64'), { code: 'E_BASE', found: /none/ }, from);
  }
});

test('51: an index resolves to the platform asked for, and to no other', async (t) => {
  const folder = await withLayout(t, async (layout) => {
    const manifests = [await putImage(layout, 'arm64'), await putImage(layout, 'amd64')];
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    return [{ mediaType: mediaTypes.index, ...(await layout.putBlob(canonicalBytes(index))) }];
  });
  for (const architecture of ['amd64', 'arm64']) {
    assert.equal((await findLayoutImage('oci:base', folder, architecture)).config.architecture, architecture);
  }
  await assert.rejects(findLayoutImage('oci:base', folder, 's390x'), { code: 'E_BASE' });
});

test('51: a layout with two images for the platform asks which one', async (t) => {
  const folder = await withLayout(t, async (layout) => {
    const first = named(await putImage(layout, 'amd64'), 'one');
    const config = await layout.putBlob(
      canonicalBytes({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
    );
    const manifest = { schemaVersion: 2, config: { mediaType: mediaTypes.config, ...config }, layers: [] };
    const second = { mediaType: mediaTypes.manifest, ...(await layout.putBlob(canonicalBytes(manifest))) };
    return [first, named(second, 'two')];
  });
  await assert.rejects(findLayoutImage('oci:base', folder, 'amd64'), { code: 'E_BASE', hint: /Name one of them/ });
  assert.equal((await findLayoutImage('oci:base:two', folder, 'amd64')).config.config.Env, undefined);
});

test('a registry, and a folder that is no layout, are refused by name', async (t) => {
  const folder = tempFolder(t);
  await assert.rejects(findLayoutImage('debian:trixie', folder, 'amd64'), { code: 'E_NOT_YET', hint: /skopeo copy/ });
  await assert.rejects(findLayoutImage('oci:nothing', folder, 'amd64'), { code: 'E_IMAGE' });
});
