import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run as bundle } from '../../src/cli/collateral-bundle.ts';
import { run as fetchCollateral } from '../../src/cli/collateral-fetch.ts';
import { run as show } from '../../src/cli/collateral-show.ts';
import type { Context, Run } from '../../src/cli/context.ts';
import { run as explain } from '../../src/cli/evidence-explain.ts';
import { failedChecks } from '../../src/cli/evidence-explanations.ts';
import { run as showEvidence } from '../../src/cli/evidence-show.ts';
import { run as verify } from '../../src/cli/evidence-verify.ts';
import { base64, hex } from '../../src/core/bytes.ts';
import { codes, SconeError } from '../../src/core/errors.ts';
import type { CollateralDocument } from '../../src/evidence/collateral.ts';
import { checks } from '../../src/evidence/refusal.ts';
import { tcbStatuses } from '../../src/evidence/tcb-status.ts';
import { simCollateral } from '../../src/sim/collateral.ts';
import { simQuote } from '../../src/sim/quote.ts';
import { failures, result, sconectl } from '../cli/sconectl.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { intelHandler, startService } from './service.ts';

const then = '2025-06-20T12:00:00Z';

interface Said {
  result: Record<string, unknown>;
  text: string;
  warnings: SconeError[];
  notices: string[];
}

/** Calls a command in this process, at a time of ours. */
async function call(
  place: { folder: string; now?: string },
  run: Run,
  operands: readonly string[],
  options: { [name: string]: unknown } = {},
): Promise<Said> {
  const warnings: SconeError[] = [];
  const notices: string[] = [];
  const nothing = (): void => undefined;
  const context: Context = {
    home: join(place.folder, 'home'),
    folder: place.folder,
    environment: {},
    reporter: {
      progress: nothing,
      notice: (text) => void notices.push(text),
      warning: (warning) => void warnings.push(warning),
      success: nothing,
      failure: nothing,
      pause: nothing,
    },
    outputs: new Set(['json']),
    now: () => new Date(place.now ?? then),
    version: '0',
    out: nothing,
  };
  const outcome = await run(context, { arguments: operands, options });
  return { result: JSON.parse(JSON.stringify(outcome.result)), text: outcome.text, warnings, notices };
}

/** Evidence and collateral of the simulated platform, in a folder. */
function simulated(t: TestContext, issued: Date): string {
  const folder = tempFolder(t);
  const quote = simQuote({
    mrenclave: new Uint8Array(32).fill(0xa1),
    configId: Uint8Array.of(...new Uint8Array(32).fill(0xb2), ...new Uint8Array(32)),
    reportData: new Uint8Array(64).fill(0xc3),
  });
  const { text } = simCollateral(issued);
  writeFileSync(join(folder, 'quote.bin'), quote);
  writeFileSync(join(folder, 'quote.hex'), hex(quote));
  writeFileSync(join(folder, 'collateral.json'), text);
  writeFileSync(
    join(folder, 'whole.json'),
    JSON.stringify({ tee: 'sim', quote: base64(quote), aux: base64(Buffer.from(text)) }),
  );
  return folder;
}

/** A copy of the genuine evidence, so that commands find it in their folder. */
function genuine(t: TestContext): string | undefined {
  const vectors = need(t, 'vectors');
  if (vectors === undefined) return undefined;
  const folder = tempFolder(t);
  mkdirSync(folder, { recursive: true });
  for (const name of ['sgx', 'tdx', 'snp']) cpSync(join(vectors, name), join(folder, name), { recursive: true });
  return folder;
}

async function refused(work: Promise<unknown>): Promise<SconeError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    return error;
  }
  return assert.fail('it was accepted');
}

const snpFiles = ['snp/report-milan.vcek.der', 'snp/amd-milan.ask-ark-asvk.pem'];

test('genuine: SGX evidence has its verdict at its time, and is refused as expired today', async (t) => {
  const folder = genuine(t);
  if (folder === undefined) return;
  const options = { collateral: ['sgx/quote-v3.collateral.json'] };
  const { result: verdict } = await call({ folder }, verify, ['sgx/quote-v3.bin'], options);
  assert.deepEqual(
    [verdict['tee'], verdict['status'], verdict['advisories'], verdict['revocation'], verdict['policy']],
    ['sgx', 'ConfigurationAndSWHardeningNeeded', ['INTEL-SA-00289', 'INTEL-SA-00615'], 'checked', 'none'],
  );
  const today = await refused(call({ folder, now: '2026-11-23T00:00:00Z' }, verify, ['sgx/quote-v3.bin'], options));
  assert.equal(today.code, 'E_COLLATERAL');
  assert.ok(today.errors.some((error) => /TCB Info has expired/.test(error.message)));
  const backdated = await call({ folder, now: '2040-01-01T00:00:00Z' }, verify, ['sgx/quote-v3.bin'], {
    ...options,
    at: then,
  });
  assert.equal(backdated.result['status'], 'ConfigurationAndSWHardeningNeeded');
});

test('genuine: TDX evidence of version 4 has its verdict, of version 5 lacks collateral unless that is allowed', async (t) => {
  const folder = genuine(t);
  if (folder === undefined) return;
  const options = { collateral: ['tdx/quote-v4.collateral.json'] };
  const { result: verdict } = await call({ folder }, verify, ['tdx/quote-v4.bin'], options);
  assert.deepEqual([verdict['tee'], verdict['status']], ['tdx', 'UpToDate']);
  const expired = await refused(call({ folder }, verify, ['tdx/quote-v4.bin'], { ...options, at: '2026-11-23' }));
  assert.equal(expired.code, 'E_COLLATERAL');

  const missing = await refused(call({ folder }, verify, ['tdx/quote-v5.bin']));
  assert.deepEqual([missing.code, missing.message], ['E_COLLATERAL', 'collateral: missing']);
  const registers = (await call({ folder }, showEvidence, ['tdx/quote-v5.bin'])).result as unknown as {
    structures: { name: string; fields: { name: string; hex: string }[] }[];
  };
  const body = registers.structures.find(({ name }) => name === 'TD Quote Body');
  const field = (name: string) => body?.fields.find((one) => one.name === name)?.hex ?? assert.fail(name);
  const policy = {
    attestation: [
      {
        tdx: {
          mrtd: field('MRTD'),
          rtmr0: field('RTMR0'),
          rtmr1: field('RTMR1'),
          rtmr2: field('RTMR2'),
          mrservicetd: field('MRSERVICETD'),
          min_tee_tcb_svn: '00'.repeat(16),
        },
      },
    ],
    allow: ['missing-collateral'],
  };
  writeFileSync(join(folder, 'policy.json'), JSON.stringify(policy));
  const allowed = await call({ folder }, verify, ['tdx/quote-v5.bin'], { policy: 'policy.json' });
  assert.deepEqual(
    [allowed.result['collateral'], allowed.result['revocation'], allowed.result['policy']],
    ['missing', 'unchecked', 'satisfied'],
  );
});

test('genuine: an SNP report with certificate files lacks the revocation list unless that is allowed', async (t) => {
  const folder = genuine(t);
  if (folder === undefined) return;
  const unchecked = await refused(call({ folder }, verify, ['snp/report-milan.bin'], { collateral: snpFiles }));
  assert.match(unchecked.message, /^revocation: unchecked/);
  const written = await call({ folder }, bundle, snpFiles, { file: 'snp.json' });
  assert.match(written.text, /^AMD, key VCEK, product Milan-B0, chip c38427a30d4c7af9…: in force/);
  const shown = await call({ folder }, showEvidence, ['snp/report-milan.bin']);
  const measurement = /MEASUREMENT +([0-9a-f]{96})/.exec(shown.text)?.[1] ?? assert.fail(shown.text);
  const policy = (least: number): string =>
    JSON.stringify({
      attestation: [
        {
          snp: {
            measurement,
            min_tcb: { bootloader: '3', tee: '0', snp: '8', microcode: String(least) },
            policy: { smt: 'allowed' },
          },
        },
      ],
      allow: ['unchecked-revocation'],
    });
  writeFileSync(join(folder, 'policy.json'), policy(115));
  const options = { collateral: ['snp.json'], policy: 'policy.json' };
  const { result: verdict } = await call({ folder }, verify, ['snp/report-milan.bin'], options);
  assert.deepEqual([verdict['tee'], verdict['revocation'], verdict['policy']], ['snp', 'unchecked', 'satisfied']);
  writeFileSync(join(folder, 'policy.json'), policy(116));
  assert.equal((await refused(call({ folder }, verify, ['snp/report-milan.bin'], options))).code, 'E_ATTESTATION');
  const wrong = { collateral: ['snp/report-milan.vcek.der', 'snp/amd-genoa.ask-ark-asvk.pem'] };
  assert.equal((await refused(call({ folder }, verify, ['snp/report-milan.bin'], wrong))).code, 'E_CHAIN');
});

test('genuine: collateral that was fetched and bundled verifies its evidence years later', async (t) => {
  const folder = genuine(t);
  if (folder === undefined) return;
  const document = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as CollateralDocument;
  const sgx = intelHandler(document('sgx/quote-v3.collateral.json'));
  const tdx = intelHandler(document('tdx/quote-v4.collateral.json'), { tee: 'tdx' });
  for (const [handler, quote, file] of [
    [sgx, 'sgx/quote-v3.bin', 'sgx.json'],
    [tdx, 'tdx/quote-v4.bin', 'tdx.json'],
  ] as const) {
    const service = await startService(t, handler);
    writeFileSync(join(folder, 'ca.pem'), service.ca);
    const options = { service: service.base, serviceCa: 'ca.pem', file };
    const fetched = await call({ folder }, fetchCollateral, [quote], options);
    assert.match(fetched.text, /in force/);
    assert.equal(service.requests.length, 4);
    await call({ folder }, fetchCollateral, [quote], options);
    assert.equal(service.requests.length, 4, 'the second time it comes from the cache');
    const late = await refused(call({ folder, now: '2025-08-01T00:00:00Z' }, fetchCollateral, [quote], options));
    assert.match(late.message, /not in force/);
  }
  await call({ folder }, bundle, ['sgx.json', 'tdx.json', ...snpFiles], { file: 'all.json' });
  const options = { collateral: ['all.json'], at: then };
  const late = { folder, now: '2049-01-01T00:00:00Z' };
  assert.equal((await call(late, verify, ['tdx/quote-v4.bin'], options)).result['status'], 'UpToDate');
  assert.equal((await call(late, verify, ['sgx/quote-v3.bin'], options)).result['tee'], 'sgx');
  const { result: shown } = await call(late, show, ['all.json']);
  const states = (shown['platforms'] as { vendor: string; state: string }[]).map((one) => [one.vendor, one.state]);
  assert.deepEqual(states, [
    ['Intel', 'expired'],
    ['Intel', 'expired'],
    ['AMD', 'expired'],
  ]);
  const again = await call({ folder }, bundle, ['all.json', 'all.json'], { file: 'again.json' });
  assert.equal(readFileSync(join(folder, 'again.json'), 'utf8'), readFileSync(join(folder, 'all.json'), 'utf8'));
  assert.equal((again.result['platforms'] as unknown[]).length, 3);
});

test('evidence in any form is verified with its own collateral, under the simulation only when that is said', async (t) => {
  const folder = simulated(t, new Date(then));
  const given = { collateral: ['collateral.json'], simulation: true };
  for (const [file, options] of [
    ['quote.bin', given],
    ['quote.hex', given],
    ['whole.json', { simulation: true }],
  ] as const) {
    const { result: verdict, notices } = await call({ folder }, verify, [file], options);
    assert.deepEqual([verdict['tee'], verdict['status']], ['sim', 'UpToDate'], file);
    assert.match(notices.join(), /NOT CONFIDENTIAL/);
  }
  const production = await refused(call({ folder }, verify, ['quote.bin'], { collateral: ['collateral.json'] }));
  assert.equal(production.code, 'E_CHAIN');
  const without = await refused(call({ folder }, verify, ['quote.bin'], { simulation: true }));
  assert.match(without.hint ?? '', /collateral fetch/);
});

test('a policy, init data and report data decide whether genuine evidence is the wanted one', async (t) => {
  const folder = simulated(t, new Date(then));
  const policy = (text: string) => writeFileSync(join(folder, 'policy.yml'), text);
  const options = { simulation: true, policy: 'policy.yml' };
  const right = `attestation:\n- sim: {mrenclave: ${'a1'.repeat(32)}}\n`;
  policy(`${right}init_data: ${'b2'.repeat(32)}\n`);
  const { result: verdict } = await call({ folder }, verify, ['whole.json'], {
    ...options,
    reportData: 'C3'.repeat(64),
  });
  assert.equal(verdict['policy'], 'satisfied');
  for (const [text, message] of [
    [`attestation: []`, /not trustworthy/],
    [`attestation:\n- sim: {mrenclave: ${'a2'.repeat(32)}}`, /not trustworthy/],
    [`attestation:\n- sgx: {mrenclave: ${'a1'.repeat(32)}}`, /not trustworthy/],
    [`${right}init_data: []`, /other init data/],
    [`${right}init_data: ${'b3'.repeat(32)}`, /other init data/],
  ] as const) {
    policy(text);
    const error = await refused(call({ folder }, verify, ['whole.json'], options));
    assert.equal(error.code, 'E_ATTESTATION', text);
    assert.match(error.message, message);
    assert.ok(error.hint);
  }
  const other = { simulation: true, reportData: '00'.repeat(64) };
  assert.match((await refused(call({ folder }, verify, ['whole.json'], other))).message, /another question/);
  for (const wrong of [{ reportData: 'c3' }, { at: 'yesterday' }, { at: '2025-02-31' }, { policy: 'none.yml' }]) {
    const error = await refused(call({ folder }, verify, ['whole.json'], { simulation: true, ...wrong }));
    assert.equal(error.code, 'E_USAGE', JSON.stringify(wrong));
  }
});

test('every field of evidence is shown with its place, the last byte included', async (t) => {
  const folder = simulated(t, new Date(then));
  const { result: shown, text, notices } = await call({ folder }, showEvidence, ['quote.bin']);
  const { structures, size, platform } = shown as unknown as {
    size: number;
    structures: { fields: { name: string; offset: number; length: number; hex: string; number?: string }[] }[];
    platform: { fmspc: string };
  };
  const fields = structures.flatMap((one) => one.fields).sort((a, b) => a.offset - b.offset);
  let at = 0;
  for (const { name, offset, length, hex: value } of fields) {
    assert.equal(offset, at, name);
    assert.equal(value.length, 2 * length, name);
    at += length;
  }
  assert.equal(at, size);
  assert.equal(platform.fmspc, '53494d000000');
  assert.match(text, /MRENCLAVE +a1a1/);
  assert.match(text, /^ {2}VERSION +0300 {2}\(3\)$/m);
  assert.match(notices.join(), /NOT VERIFIED/);
});

test('what a verifier would refuse is shown, and said', async (t) => {
  const folder = simulated(t, new Date(then));
  const quote = readFileSync(join(folder, 'quote.bin'));
  writeFileSync(join(folder, 'longer'), Buffer.concat([quote, Buffer.from([1, 2])]));
  const { text, warnings } = await call({ folder }, showEvidence, ['longer']);
  assert.match(text, /TRAILING_BYTES +0102/);
  assert.match(warnings[0]?.message ?? '', /bytes behind its end/);
  for (const length of [100, 436, 1000, quote.length - 1]) {
    writeFileSync(join(folder, 'shorter'), quote.subarray(0, length));
    const error = await refused(call({ folder }, showEvidence, ['shorter']));
    assert.equal(error.code, 'E_EVIDENCE');
  }
});

test('every check, code and status has an explanation', async (t) => {
  const folder = tempFolder(t);
  for (const word of [
    ...Object.keys(checks),
    ...Object.keys(codes),
    ...tcbStatuses,
    'hyperthreading',
    'missing-collateral',
  ]) {
    const { result: found, text } = await call({ folder }, explain, [word]);
    assert.equal(found['name'], word);
    assert.ok(String(found['what']).length > 10 && String(found['remedy']).length > 0, word);
    assert.ok(text.includes(word));
  }
  assert.deepEqual(Object.keys(failedChecks).sort(), Object.keys(checks).sort());
  assert.match((await refused(call({ folder }, explain, ['tcb-lvel']))).hint ?? '', /tcb-level/);
});

test('collateral that is none, or of another vendor, is refused by the name of its file', async (t) => {
  const folder = simulated(t, new Date(then));
  for (const [name, text] of [
    ['empty', ''],
    ['text', 'hello'],
    ['list', '[]'],
    ['version', '{"v":2,"kind":"sconectl collateral","platforms":[]}'],
    ['other', '{"v":1,"kind":"sconectl collateral","platforms":[],"x":1}'],
    ['der', '\u0030\u0003\u0002\u0001\u0001'],
  ] as const) {
    writeFileSync(join(folder, name), text);
    const error = await refused(call({ folder }, show, [name]));
    assert.deepEqual([error.code, error.message.includes(name)], ['E_COLLATERAL', true], name);
  }
  assert.equal((await refused(call({ folder }, show, ['not-there']))).code, 'E_USAGE');
});

test('as a process: exit codes, help, and one JSON document', async (t) => {
  const folder = simulated(t, new Date());
  const place = { home: join(folder, 'home'), folder };
  const good = ['evidence', 'verify', 'quote.bin', '--simulation', '--collateral', 'collateral.json'];
  assert.equal((await result<{ tee: string }>(place, ...good)).tee, 'sim');
  const told = await sconectl(place, ...good);
  assert.deepEqual([told.code, told.stdout.split('\n')[0]?.startsWith('genuine sim evidence at ')], [0, true]);
  const [first] = await failures(place, 1, ...good, '--at', '2030-01-01');
  assert.equal(first?.code, 'E_COLLATERAL');
  assert.equal((await failures(place, 2, 'evidence', 'verify', 'nothing.bin'))[0]?.code, 'E_USAGE');
  assert.equal((await failures(place, 2, 'collateral', 'fetch'))[0]?.code, 'E_USAGE');
  assert.equal((await failures(place, 2, 'collateral', 'fetch', '--fmspc', 'x'))[0]?.code, 'E_USAGE');
  assert.equal(
    (await failures(place, 2, 'collateral', 'fetch', 'quote.bin', '--service', 'http://x'))[0]?.code,
    'E_USAGE',
  );
  await result(place, 'collateral', 'bundle', 'collateral.json', 'collateral.json', '--file', 'b.json');
  assert.equal((await result<{ platforms: unknown[] }>(place, 'collateral', 'show', 'b.json')).platforms.length, 1);
});
