import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../../core/bytes.ts';
import {
  bodyDescriptorLayout,
  qeReportCertificationLayout,
  quotePadding,
  signatureData4Layout,
  tdxQuoteHeaderLayout,
} from './quote.ts';
import { parseTdReport, tdReport10Size, tdReport15Size, tdReportLayout } from './td-report.ts';

/** Written from the tables of the specification, not from the code: field, offset, length in bytes. */
const report = [
  ['TEE_TCB_SVN', 0, 16],
  ['MRSEAM', 16, 48],
  ['MRSIGNERSEAM', 64, 48],
  ['SEAMATTRIBUTES', 112, 8],
  ['TDATTRIBUTES', 120, 8],
  ['XFAM', 128, 8],
  ['MRTD', 136, 48],
  ['MRCONFIGID', 184, 48],
  ['MROWNER', 232, 48],
  ['MROWNERCONFIG', 280, 48],
  ['RTMR0', 328, 48],
  ['RTMR1', 376, 48],
  ['RTMR2', 424, 48],
  ['RTMR3', 472, 48],
  ['REPORTDATA', 520, 64],
  ['TEE_TCB_SVN_2', 584, 16],
  ['MRSERVICETD', 600, 48],
] as const;
const header = [
  ['VERSION', 0, 2],
  ['ATTESTATION_KEY_TYPE', 2, 2],
  ['TEE_TYPE', 4, 4],
  ['RESERVED', 8, 4],
  ['QE_VENDOR_ID', 12, 16],
  ['USER_DATA', 28, 20],
] as const;

type Rows = readonly (readonly [string, number, number])[];
const rows = (layout: Readonly<Record<string, readonly [number, number]>>): Rows =>
  Object.entries(layout).map(([field, [offset, length]]) => [field, offset, length] as const);

test('the tables of offsets of TDX are those of the specification and leave no gap', () => {
  assert.deepEqual(rows(tdReportLayout), report);
  assert.deepEqual(rows(tdxQuoteHeaderLayout), header);
  assert.deepEqual(rows(bodyDescriptorLayout), [
    ['TYPE', 48, 2],
    ['SIZE', 50, 4],
  ]);
  assert.deepEqual(rows(signatureData4Layout), [
    ['QUOTE_SIGNATURE', 0, 64],
    ['ECDSA_ATTESTATION_KEY', 64, 64],
    ['QE_CERTIFICATION_DATA_TYPE', 128, 2],
    ['QE_CERTIFICATION_DATA_SIZE', 130, 4],
  ]);
  assert.deepEqual(rows(qeReportCertificationLayout), [
    ['QE_REPORT', 0, 384],
    ['QE_REPORT_SIGNATURE', 384, 64],
  ]);
  for (const table of [report, header]) {
    let at = 0;
    for (const [field, offset, length] of table) {
      assert.equal(offset, at, field);
      at += length;
    }
  }
  assert.deepEqual([tdReport10Size, tdReport15Size, quotePadding], [584, 648, 70]);
});

test('every field of a TD report is read from its place', () => {
  const body = new Uint8Array(648);
  for (const [index, [, offset, length]] of report.entries()) body.fill(index + 1, offset, offset + length);
  const parsed = Object.entries(parseTdReport(body, 'TD 1.5')).map(([, value]) => hex(value ?? new Uint8Array()));
  assert.deepEqual(
    parsed,
    report.map(([, , length], index) => hex(new Uint8Array(length).fill(index + 1))),
  );
});
