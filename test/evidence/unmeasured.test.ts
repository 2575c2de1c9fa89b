import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { reportLayout } from '../../src/evidence/snp/report.ts';
import { tdReportLayout } from '../../src/evidence/tdx/td-report.ts';

const explanation = readFileSync(new URL('../../docs/explanation/evidence.md', import.meta.url), 'utf8');

test('25: what no evidence measures is stated, not hidden', () => {
  const [, section = ''] = explanation.split('## What cannot be checked');
  for (const part of [
    'ACPI',
    'SMBIOS',
    'CPUID',
    'virtual\n  devices',
    'command line',
    'Side channels',
    'Interposers',
  ]) {
    assert.ok(section.includes(part), `${part} is not named`);
  }
});

test('25: no measurement of a TEE claims to cover the tables of the host', () => {
  for (const field of [...Object.keys(reportLayout), ...Object.keys(tdReportLayout)]) {
    assert.doesNotMatch(field, /ACPI|SMBIOS|CONFIGURATION/);
  }
});
