import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeWorld } from '../../../test/evidence/world.ts';
import { hex } from '../../core/bytes.ts';
import { parseQuote, quoteHeaderLayout, quoteHeaderSize, signatureDataLayout, signedSize } from './quote.ts';
import { reportBodyLayout, reportBodySize } from './report-body.ts';

/** Written from the tables of the specifications, not from the code: field, offset, length in bytes. */
const quoteHeader = [
  ['VERSION', 0, 2],
  ['ATTESTATION_KEY_TYPE', 2, 2],
  ['RESERVED', 4, 4],
  ['QE_SVN', 8, 2],
  ['PCE_SVN', 10, 2],
  ['QE_VENDOR_ID', 12, 16],
  ['USER_DATA', 28, 20],
] as const;
const report = [
  ['CPUSVN', 0, 16],
  ['MISCSELECT', 16, 4],
  ['RESERVED1', 20, 12],
  ['ISVEXTPRODID', 32, 16],
  ['ATTRIBUTES', 48, 16],
  ['MRENCLAVE', 64, 32],
  ['RESERVED2', 96, 32],
  ['MRSIGNER', 128, 32],
  ['RESERVED3', 160, 32],
  ['CONFIGID', 192, 64],
  ['ISVPRODID', 256, 2],
  ['ISVSVN', 258, 2],
  ['CONFIGSVN', 260, 2],
  ['RESERVED4', 262, 42],
  ['ISVFAMILYID', 304, 16],
  ['REPORTDATA', 320, 64],
] as const;
const signatureData = [
  ['ISV_ENCLAVE_REPORT_SIGNATURE', 0, 64],
  ['ECDSA_ATTESTATION_KEY', 64, 64],
  ['QE_REPORT', 128, 384],
  ['QE_REPORT_SIGNATURE', 512, 64],
] as const;

type Rows = readonly (readonly [string, number, number])[];

test('the tables of offsets are those of the specifications and leave no gap', () => {
  const rows = (layout: Readonly<Record<string, readonly [number, number]>>): Rows =>
    Object.entries(layout).map(([field, [offset, length]]) => [field, offset, length] as const);
  const size = (table: Rows): number =>
    table.reduce((at, [field, offset, length]) => {
      assert.equal(offset, at, field);
      return at + length;
    }, 0);
  assert.deepEqual(rows(quoteHeaderLayout), quoteHeader);
  assert.deepEqual(rows(reportBodyLayout), report);
  assert.deepEqual(rows(signatureDataLayout), signatureData);
  assert.equal(size(quoteHeader), 48);
  assert.equal(size(report), 384);
  assert.deepEqual([quoteHeaderSize, reportBodySize, signedSize], [48, 384, 432]);
});

test('every field of a report body is read from its place', () => {
  const body = new Uint8Array(384);
  for (const [field, offset, length] of report) {
    if (!field.startsWith('RESERVED'))
      body.fill(report.findIndex(([name]) => name === field) + 1, offset, offset + length);
  }
  const { quote } = makeWorld({ parts: (parts) => ({ ...parts, body }) });
  const parsed = parseQuote(quote).body;
  const filled = (field: string, length: number): string =>
    hex(new Uint8Array(length).fill(report.findIndex(([name]) => name === field) + 1));
  assert.equal(hex(parsed.cpusvn), filled('CPUSVN', 16));
  assert.equal(hex(parsed.miscselect), filled('MISCSELECT', 4));
  assert.equal(hex(parsed.isvextprodid), filled('ISVEXTPRODID', 16));
  assert.equal(hex(parsed.attributes), filled('ATTRIBUTES', 16));
  assert.equal(hex(parsed.mrenclave), filled('MRENCLAVE', 32));
  assert.equal(hex(parsed.mrsigner), filled('MRSIGNER', 32));
  assert.equal(hex(parsed.configid), filled('CONFIGID', 64));
  assert.equal(parsed.isvprodid, 0x0b0b);
  assert.equal(parsed.isvsvn, 0x0c0c);
  assert.equal(parsed.configsvn, 0x0d0d);
  assert.equal(hex(parsed.isvfamilyid), filled('ISVFAMILYID', 16));
  assert.equal(hex(parsed.reportdata), filled('REPORTDATA', 64));
});

test('numbers in a quote are little-endian', () => {
  const { quote } = makeWorld({
    parts: (parts) => {
      const body = new Uint8Array(parts.body);
      body.set([0x34, 0x12, 0x78, 0x56, 0xbc, 0x9a], 256);
      return { ...parts, body };
    },
  });
  const { isvprodid, isvsvn, configsvn } = parseQuote(quote).body;
  assert.deepEqual([isvprodid, isvsvn, configsvn], [0x1234, 0x5678, 0x9abc]);
});
