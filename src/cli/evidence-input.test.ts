import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeWorld } from '../../test/evidence/world.ts';
import { base64, hex, utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { detectEvidence } from './evidence-input.ts';

const { quote, collateral } = makeWorld();
const report = new Uint8Array(1184);
report[0] = 2;

const wrapped = (text: string): string => (text.match(/.{1,64}/g) ?? []).join('\n');
const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

test('a quote and a report are found out as bytes, hex, base64 and in JSON', () => {
  for (const [bytes, kind] of [
    [quote, 'quote'],
    [report, 'snp report'],
  ] as const) {
    const forms: [form: RegExp, given: Uint8Array | string][] = [
      [/^binary$/, bytes],
      [/^hex$/, hex(bytes)],
      [/^hex$/, `0x${hex(bytes).toUpperCase()}\n`],
      [/^hex$/, wrapped(hex(bytes))],
      [/^base64$/, base64(bytes)],
      [/^base64$/, `\r\n${wrapped(base64(bytes))}\r\n`],
      [/^JSON, quote in base64$/, JSON.stringify({ quote: base64(bytes), event_log: [1] })],
      [/^JSON, report in hex$/, JSON.stringify({ report: hex(bytes) })],
      [/^JSON, quote in base64$/, JSON.stringify({ service_port: 1, evidence: { tee: 'x', quote: base64(bytes) } })],
    ];
    for (const [form, given] of forms) {
      const found = detectEvidence(typeof given === 'string' ? utf8(given) : given, 'file');
      assert.deepEqual([found.kind, hex(found.evidence.quote)], [kind, hex(bytes)], String(form));
      assert.match(found.form, form);
    }
  }
  const found = detectEvidence(utf8(url(quote)), 'file');
  assert.deepEqual(found.evidence.quote, quote);
});

test('what lies beside evidence in JSON comes along', () => {
  for (const aux of [base64(utf8(collateral)), collateral]) {
    const text = JSON.stringify({ tee: 'sim', quote: base64(quote), aux });
    const { evidence } = detectEvidence(utf8(text), 'file');
    assert.equal(evidence.tee, 'sim');
    assert.equal(Buffer.from(evidence.aux ?? []).toString(), collateral);
  }
});

test('nothing is guessed: what is not clearly evidence is refused', () => {
  const wrong: [what: string, given: Uint8Array | string][] = [
    ['nothing', ''],
    ['text', 'hello'],
    ['other hex', '00'.repeat(600)],
    ['half a digit', hex(quote).slice(1)],
    ['base64 with a character too many', `${base64(quote)}A`],
    ['hex of hex', hex(utf8(hex(quote)))],
    ['base64 of base64', base64(utf8(base64(quote)))],
    ['a report one byte short', report.subarray(1)],
    ['a quote of another vendor', quote.map((byte, at) => (at === 12 ? byte ^ 1 : byte))],
    ['a quote of version 6', quote.map((byte, at) => (at === 0 ? 6 : byte))],
    ['JSON without evidence', '{"evidence":{}}'],
    ['two pieces', JSON.stringify({ quote: base64(quote), report: hex(report) })],
    ['two places', JSON.stringify({ quote: base64(quote), evidence: { quote: base64(quote) } })],
    ['a name twice', `{"quote":"${base64(quote)}","quote":"${base64(quote)}"}`],
    ['a list', '[]'],
    ['no text', '{"quote":5}'],
    ['aux that is no text', JSON.stringify({ quote: base64(quote), aux: {} })],
  ];
  for (const [what, given] of wrong) {
    const bytes = typeof given === 'string' ? utf8(given) : given;
    assert.throws(
      () => detectEvidence(bytes, 'file'),
      (error) => error instanceof SconeError && /^E_(?:EVIDENCE|FORMAT)$/.test(error.code),
      what,
    );
  }
});

test('hostile files give our own error only', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.string().map(utf8), fc.json().map(utf8)), (bytes) => {
      try {
        detectEvidence(bytes, 'file');
      } catch (error) {
        assert.ok(error instanceof SconeError);
      }
    }),
  );
});
