import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeWorld, now } from '../../test/evidence/world.ts';
import { parseCollateral } from '../evidence/collateral.ts';
import type { SimDocument } from '../sim/collateral.ts';
import { bundleFile } from './bundle-file.ts';
import { renderSupply } from './supply.ts';

const collateral = (change: SimDocument = {}): ReturnType<typeof parseCollateral> =>
  parseCollateral(makeWorld({ collateral: { tcbInfo: (document) => ({ ...document, ...change }) } }).collateral);
const fmspc = '53494d000000';
const platform = { tee: 'sgx', fmspc, pceid: '0000', ca: 'platform' } as const;

async function fileIn(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sconectl-collateral-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'bundle.json');
}

test('a bundle file gives the collateral of the platform that is asked for, and the same object each time', async (t) => {
  const path = await fileIn(t);
  await writeFile(path, renderSupply([collateral({ fmspc: '53494D000001' }), collateral()]));
  const source = bundleFile(path);
  const first = await source.forPlatform(platform, now);
  assert.equal(first.tcbInfo.document.fmspc, fmspc);
  assert.equal(await source.forPlatform(platform, now), first);
});

test('what is in force is preferred to what has expired', async (t) => {
  const path = await fileIn(t);
  const old = collateral({ issueDate: '2025-01-01T00:00:00Z', nextUpdate: '2025-02-01T00:00:00Z' });
  await writeFile(path, renderSupply([old, collateral()]));
  const found = await bundleFile(path).forPlatform(platform, now);
  assert.equal(found.tcbInfo.document.issueDate.getUTCFullYear(), 2026);
});

test('a file that was renewed is read again', async (t) => {
  const path = await fileIn(t);
  await writeFile(path, collateral().text);
  const source = bundleFile(path);
  await source.forPlatform(platform, now);
  await writeFile(path, collateral({ tcbEvaluationDataNumber: 18 }).text);
  await utimes(path, now, new Date(now.getTime() + 5000));
  const found = await source.forPlatform(platform, now);
  assert.equal(found.tcbInfo.document.tcbEvaluationDataNumber, 18);
});

test('a platform that is not there, or only expired, is refused with what is there', async (t) => {
  const path = await fileIn(t);
  await writeFile(path, collateral().text);
  const source = bundleFile(path);
  await assert.rejects(source.forPlatform({ ...platform, fmspc: '00a067110000' }, now), {
    code: 'E_COLLATERAL',
    found: `SGX, FMSPC ${fmspc}, PCE-ID 0000`,
  });
  await assert.rejects(source.forPlatform(platform, new Date('2030-01-01T00:00:00Z')), {
    code: 'E_COLLATERAL',
    found: /valid from 2026-01-01T00:00:00Z to 2026-01-31T00:00:00Z/,
  });
});

test('a missing, damaged or huge file is refused by its name', async (t) => {
  const path = await fileIn(t);
  await assert.rejects(bundleFile(path).forPlatform(platform, now), {
    code: 'E_COLLATERAL',
    message: new RegExp(path),
  });
  await writeFile(path, '{');
  await assert.rejects(bundleFile(path).forPlatform(platform, now), {
    code: 'E_COLLATERAL',
    message: new RegExp(path),
  });
  await writeFile(path, new Uint8Array(64 * 1024 * 1024 + 1));
  await assert.rejects(bundleFile(path).forPlatform(platform, now), { code: 'E_LIMIT' });
});
