import { allowances } from '../../src/evidence/allowance.ts';
import { sgxChecks, snpChecks, tdxChecks } from '../../src/evidence/refusal.ts';
import { tdAllowances } from '../../src/evidence/requirement.ts';
import { reportBodyLayout } from '../../src/evidence/sgx/report-body.ts';
import { policyBits } from '../../src/evidence/snp/policy.ts';
import { reportLayout } from '../../src/evidence/snp/report.ts';
import { conditionsOf, tcbStatuses } from '../../src/evidence/tcb-status.ts';
import { tdAttributeBits } from '../../src/evidence/tdx/attributes.ts';
import { tdReportLayout } from '../../src/evidence/tdx/td-report.ts';
import { toleranceRules } from '../../src/evidence/tolerance.ts';
import { claimsSections } from './claims.ts';
import { code, page, table } from './page.ts';

/** Checks, tolerances, statuses and fields of evidence. */
export function evidencePage(): string {
  return page(
    'Evidence',
    'What is checked of evidence, in this order, with the code of a refusal and what would let the evidence pass. All ' +
      'failed checks are told at once. Why, and what cannot be checked: [explanation](../explanation/evidence.md).',
    '## Checks of SGX and TDX quotes',
    'QL: Intel SGX ECDSA QuoteLibReference DCAP API. PCS: Intel PCS API v4. PCK: Intel SGX PCK Certificate and CRL ' +
      'Profile Specification. SDM: Intel Software Developer Manual.',
    checkTable(sgxChecks),
    'TDX quotes have these besides:',
    checkTable(tdxChecks),
    '## Checks of SNP reports',
    'ABI: AMD SEV-SNP Firmware ABI Specification (56860). KDS: VCEK Certificate and KDS Interface Specification (57230).',
    checkTable(snpChecks),
    '## What a policy may let be missing',
    '`allow` of a verification. Without it, the absence is a refusal; with it, the verdict says `unchecked` or `missing`.',
    table(
      ['Value', 'What is not checked then'],
      Object.entries(allowances).map(([name, what]) => [code(name), what]),
    ),
    '## TCB statuses',
    'What Intel says about a platform, as conditions that a policy tolerates one by one. Any other status is a refusal.',
    table(
      ['Status', 'Needs tolerated'],
      tcbStatuses.map((status) => [code(status), needs(status)]),
    ),
    '## `tolerate`',
    'Every value of the session language. An advisory is covered by the rows that name it, or by `ignore_advisories`.',
    table(
      ['Value', 'Allows', 'Covers'],
      Object.entries(toleranceRules).map(([name, rule]) => [
        code(name),
        `${rule.allows}${rule.onlyBecauseOfAdvisories === true ? '; only when these advisories are the reason' : ''}`,
        rule.advisories.map(code).join(', '),
      ]),
    ),
    '## TD attributes and SNP policy bits',
    `A TD may have ${tdAllowances.map(code).join(', ')} only where \`allow\` of its requirement says so; \`debug\` needs ` +
      '`tolerate: [debug-mode]`. Unknown bits are refused. An SNP guest may have SMT, MIGRATE_MA and CXL only where `policy` of ' +
      'its requirement says `allowed`; what `policy` calls `required` must be there.',
    table(['TD attribute', 'Bit'], bitRows(tdAttributeBits)),
    table(['SNP policy', 'Bit'], bitRows(policyBits)),
    '## Claims',
    'What a verdict says, by TEE.',
    ...claimsSections(),
    '## Fields of an SGX report body',
    layoutTable(reportBodyLayout),
    '## Fields of a TD report',
    layoutTable(tdReportLayout),
    '## Fields of an SNP report',
    layoutTable(reportLayout),
  );
}

function checkTable(checks: { readonly [name: string]: { code: string; section: string; allow: string } }): string {
  const rows = Object.entries(checks).map(([name, check]) => [
    code(name),
    code(check.code),
    check.section,
    check.allow,
  ]);
  return table(['Check', 'Code', 'Specification', 'What would let it pass'], rows);
}

function needs(status: (typeof tcbStatuses)[number]): string {
  const conditions = conditionsOf(status);
  if (conditions === undefined) return 'nothing tolerates this';
  const names = Object.entries(toleranceRules)
    .filter(([, { condition, onlyBecauseOfAdvisories }]) => {
      return condition !== undefined && onlyBecauseOfAdvisories !== true && conditions[condition];
    })
    .map(([name]) => code(name));
  return names.join(' and ') || 'nothing';
}

function bitRows(bits: { readonly [name: string]: number }): string[][] {
  return Object.entries(bits).map(([name, bit]) => [code(name), String(bit)]);
}

function layoutTable(layout: { readonly [field: string]: readonly [offset: number, length: number] }): string {
  const rows = Object.entries(layout).map(([field, [offset, length]]) => [
    code(field),
    `${offset} (0x${offset.toString(16)})`,
    String(length),
  ]);
  return table(['Field', 'Offset', 'Bytes'], rows);
}
