import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { serviceReportData } from '../../src/api/binding.ts';
import { fromBase64, fromHex, hex } from '../../src/core/bytes.ts';
import { keyHash, type Mode, parseKeyHash } from '../../src/core/digest.ts';
import { parseJson } from '../../src/core/json.ts';
import { initDataHash, parseInitData, renderInitData, type ServiceInitData } from '../../src/initdata/document.ts';
import { simEnclave } from '../../src/measurement/sim.ts';

/** The Go tests of the runtime read the same files: what both sides compute must be equal, what one refuses the other does. */
function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../runtime/testdata/${name}.json`, import.meta.url), 'utf8'));
}

test('key hashes are those of the runtime', () => {
  const { good, bad } = vectors('keyhash') as {
    good: { spki_sha256: string; mode: Mode; text: string }[];
    bad: { [why: string]: string };
  };
  for (const { spki_sha256, mode, text } of good) {
    assert.equal(keyHash(fromHex(spki_sha256), mode), text);
    const parsed = parseKeyHash(text);
    assert.deepEqual([parsed.mode, hex(parsed.spkiSha256)], [mode, spki_sha256]);
  }
  for (const [why, text] of Object.entries(bad)) {
    assert.throws(() => parseKeyHash(text), { name: 'SconeError', code: 'E_FORMAT' }, why);
  }
});

test('61, 68: init data is read and refused as the runtime does', () => {
  const { good, bad } = vectors('initdata') as {
    good: { fields: ServiceInitData; hash: string; document: string }[];
    bad: { why: string; document: string }[];
  };
  for (const { fields, hash, document } of good) {
    const bytes = fromBase64(document);
    assert.deepEqual(renderInitData(fields), bytes);
    assert.deepEqual({ ...parseInitData(bytes) }, fields);
    assert.equal(hex(initDataHash(bytes)), hash);
  }
  for (const { why, document } of bad) {
    assert.throws(() => parseInitData(fromBase64(document)), { name: 'SconeError', code: 'E_INITDATA' }, why);
  }
});

test('68: both JSON readers take the same documents', () => {
  const { good, bad } = vectors('json') as { good: string[]; bad: string[] };
  for (const document of good) parseJson(fromBase64(document));
  for (const document of bad) {
    const bytes = fromBase64(document);
    assert.throws(() => parseJson(bytes), { name: 'SconeError', code: 'E_FORMAT' }, Buffer.from(bytes).toString());
  }
});

test('26: report_data is the same on both sides', () => {
  const vector = vectors('binding') as {
    ekm: string;
    server_spki_sha256: string;
    init_data_hash: string;
    claims: string;
    report_data: string;
  };
  const reportData = serviceReportData({
    ekm: fromHex(vector.ekm),
    serverSpkiSha256: fromHex(vector.server_spki_sha256),
    initDataHash: fromHex(vector.init_data_hash),
    claims: fromBase64(vector.claims),
  });
  assert.equal(hex(reportData), vector.report_data);
});

test('28: the simulated measurement is the same on both sides', () => {
  const zeros = new Uint8Array(32);
  assert.equal(hex(simEnclave(zeros, zeros)), '842e35a42d1ee354e68d42a750f2ad8245e403e95db29373b49d79993a62d280');
});
