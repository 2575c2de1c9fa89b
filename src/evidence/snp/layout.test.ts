import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../../core/bytes.ts';
import { policyBits, readPolicy } from './policy.ts';
import { parseSnpReport, reportLayout, signatureLayout, snpReportSize, snpSignedSize } from './report.ts';
import { readTcbVersion } from './tcb-version.ts';

/** Written from the table ATTESTATION_REPORT of 56860, not from the code: field, offset, length in bytes. */
const table = [
  ['VERSION', 0x00, 4],
  ['GUEST_SVN', 0x04, 4],
  ['POLICY', 0x08, 8],
  ['FAMILY_ID', 0x10, 16],
  ['IMAGE_ID', 0x20, 16],
  ['VMPL', 0x30, 4],
  ['SIGNATURE_ALGO', 0x34, 4],
  ['CURRENT_TCB', 0x38, 8],
  ['PLATFORM_INFO', 0x40, 8],
  ['KEY_INFO', 0x48, 4],
  ['RESERVED1', 0x4c, 4],
  ['REPORT_DATA', 0x50, 64],
  ['MEASUREMENT', 0x90, 48],
  ['HOST_DATA', 0xc0, 32],
  ['ID_KEY_DIGEST', 0xe0, 48],
  ['AUTHOR_KEY_DIGEST', 0x110, 48],
  ['REPORT_ID', 0x140, 32],
  ['REPORT_ID_MA', 0x160, 32],
  ['REPORTED_TCB', 0x180, 8],
  ['CPUID_FAM_ID', 0x188, 1],
  ['CPUID_MOD_ID', 0x189, 1],
  ['CPUID_STEP', 0x18a, 1],
  ['RESERVED2', 0x18b, 21],
  ['CHIP_ID', 0x1a0, 64],
  ['COMMITTED_TCB', 0x1e0, 8],
  ['CURRENT_BUILD', 0x1e8, 1],
  ['CURRENT_MINOR', 0x1e9, 1],
  ['CURRENT_MAJOR', 0x1ea, 1],
  ['RESERVED3', 0x1eb, 1],
  ['COMMITTED_BUILD', 0x1ec, 1],
  ['COMMITTED_MINOR', 0x1ed, 1],
  ['COMMITTED_MAJOR', 0x1ee, 1],
  ['RESERVED4', 0x1ef, 1],
  ['LAUNCH_TCB', 0x1f0, 8],
  ['LAUNCH_MIT_VECTOR', 0x1f8, 8],
  ['CURRENT_MIT_VECTOR', 0x200, 8],
  ['RESERVED5', 0x208, 152],
  ['SIGNATURE', 0x2a0, 512],
] as const;

test('the table of offsets of an SNP report is that of the specification and leaves no gap', () => {
  const rows = Object.entries(reportLayout).map(([field, [offset, length]]) => [field, offset, length]);
  assert.deepEqual(rows, table);
  let at = 0;
  for (const [field, offset, length] of table) {
    assert.equal(offset, at, field);
    at += length;
  }
  assert.deepEqual([at, snpReportSize, snpSignedSize], [1184, 1184, 672]);
  assert.deepEqual(Object.values(signatureLayout), [
    [0, 72],
    [72, 72],
    [144, 368],
  ]);
});

test('every field of an SNP report is read from its place', () => {
  const fixed = ['VERSION', 'SIGNATURE_ALGO', 'KEY_INFO', 'SIGNATURE'];
  const report = new Uint8Array(1184);
  const value = (field: string): number => table.findIndex(([name]) => name === field) + 1;
  for (const [field, offset, length] of table) {
    if (!field.startsWith('RESERVED') && !fixed.includes(field)) report.fill(value(field), offset, offset + length);
  }
  report.set([5], 0);
  report.set([1], 0x34);
  report.set([1], 0x48);
  report.set(
    Uint8Array.from({ length: 48 }, (_, index) => index + 1),
    0x2a0,
  );
  const parsed = parseSnpReport(report);
  const number = (field: string, length: number): bigint =>
    BigInt(`0x${hex(new Uint8Array(length).fill(value(field)))}`);
  for (const [field, found] of [
    ['FAMILY_ID', parsed.familyId],
    ['IMAGE_ID', parsed.imageId],
    ['CURRENT_TCB', parsed.currentTcb],
    ['REPORT_DATA', parsed.reportData],
    ['MEASUREMENT', parsed.measurement],
    ['HOST_DATA', parsed.hostData],
    ['ID_KEY_DIGEST', parsed.idKeyDigest],
    ['AUTHOR_KEY_DIGEST', parsed.authorKeyDigest],
    ['REPORT_ID', parsed.reportId],
    ['REPORT_ID_MA', parsed.reportIdMa],
    ['REPORTED_TCB', parsed.reportedTcb],
    ['CHIP_ID', parsed.chipId],
    ['COMMITTED_TCB', parsed.committedTcb],
    ['LAUNCH_TCB', parsed.launchTcb],
  ] as const) {
    const [, length] = reportLayout[field];
    assert.equal(hex(found), hex(new Uint8Array(length).fill(value(field))), field);
  }
  assert.equal(parsed.policy, number('POLICY', 8));
  assert.equal(parsed.platformInfo, number('PLATFORM_INFO', 8));
  assert.equal(BigInt(parsed.guestSvn), number('GUEST_SVN', 4));
  assert.equal(BigInt(parsed.vmpl), number('VMPL', 4));
  const cpuid = { family: value('CPUID_FAM_ID'), model: value('CPUID_MOD_ID'), stepping: value('CPUID_STEP') };
  assert.deepEqual(parsed.cpuid, cpuid);
  assert.deepEqual(parsed.currentFirmware, {
    build: value('CURRENT_BUILD'),
    minor: value('CURRENT_MINOR'),
    major: value('CURRENT_MAJOR'),
  });
  assert.deepEqual(parsed.committedFirmware, {
    build: value('COMMITTED_BUILD'),
    minor: value('COMMITTED_MINOR'),
    major: value('COMMITTED_MAJOR'),
  });
  assert.deepEqual(parsed.mitigations, {
    launch: number('LAUNCH_MIT_VECTOR', 8),
    current: number('CURRENT_MIT_VECTOR', 8),
  });
  assert.equal(parsed.authorKeyEnabled, true);
  // Little-endian in the report, big-endian as ECDSA libraries want it.
  assert.deepEqual([parsed.signature[0], parsed.signature[47], parsed.signature[95]], [48, 1, 0]);
});

test('TCB versions and policy bits are read as the tables say', () => {
  const bytes = Uint8Array.of(1, 2, 0, 0, 0, 0, 7, 8);
  assert.deepEqual(readTcbVersion(bytes, 'Genoa'), { fmc: 0, bootloader: 1, tee: 2, snp: 7, microcode: 8 });
  assert.equal(readTcbVersion(bytes, 'Turin'), undefined);
  const turin = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 8);
  assert.deepEqual(readTcbVersion(turin, 'Turin'), { fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 8 });
  assert.equal(readTcbVersion(turin, 'Milan'), undefined);
  assert.deepEqual(policyBits, {
    smt: 16,
    migrateMa: 18,
    debug: 19,
    singleSocket: 20,
    cxlAllowed: 21,
    memAes256Xts: 22,
    raplDisabled: 23,
    ciphertextHiding: 24,
    pageSwapDisabled: 25,
  });
  const { abiMajor, abiMinor, smt, debug } = readPolicy(0x3_011fn);
  assert.deepEqual([abiMajor, abiMinor, smt, debug], [1, 31, true, false]);
});
