import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const source = join(import.meta.dirname, '..', '..', 'src');

test('41: each domain string, exporter label and sealing context stands at one place in the code: one purpose', () => {
  const places = new Map<string, string[]>();
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const text = readFileSync(join(source, name), 'utf8');
    for (const [, domain = ''] of text.matchAll(/'((?:EXPORTER-)?sconectl[ -][a-z -]+[ -]v[0-9]+)'/g)) {
      places.set(domain, [...(places.get(domain) ?? []), name]);
    }
  }
  for (const wanted of [
    'EXPORTER-sconectl-cas-v1',
    'EXPORTER-sconectl-service-v1',
    'sconectl cas evidence v1',
    'sconectl genesis v1',
    'sconectl ledger v1',
    'sconectl root v1',
    'sconectl service evidence v1',
    'sconectl session v1',
    'sconectl token v1',
  ]) {
    assert.ok(places.has(wanted), wanted);
  }
  for (const [domain, files] of places) assert.equal(files.length, 1, `${domain} in ${files.join(', ')}`);
});
