import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeWorld, refusedWith, verifyWorld } from '../../test/evidence/world.ts';
import { simHardware } from '../sim/hardware.ts';
import { appraise, type Requirement, satisfies } from './appraise.ts';
import { carriesConfigId, carriesReportData } from './binding.ts';
import type { Claims } from './claims.ts';
import { combine, type TcbStatus, tcbStatuses } from './tcb-status.ts';
import { strict, type Tolerance, toleranceRules } from './tolerance.ts';

const claims = verifyWorld(makeWorld()).claims;
const own = 'a1'.repeat(32);
const sim: Requirement = { sim: { mrenclave: [own] } };

function platform(status: TcbStatus, ...advisories: string[]): Claims {
  return { ...claims, tcb: { ...claims.tcb, status, advisories } };
}

function allowed(of: Claims, tolerate: string[], ignore: Tolerance['ignore_advisories'] = []): boolean {
  return satisfies(of, sim, { tolerate, ignore_advisories: ignore });
}

test('10: an empty list of measurements, and an empty list of requirements, match nothing', () => {
  assert.equal(satisfies(claims, sim), true);
  assert.equal(satisfies(claims, { sim: { mrenclave: [] } }), false);
  const error = refusedWith(() => appraise(claims, []));
  assert.equal(error.code, 'E_ATTESTATION');
  assert.match(error.causes.join('\n'), /nobody may start/);
});

test('a measurement must be one of those listed, in full', () => {
  assert.equal(satisfies(claims, { sim: { mrenclave: ['00'.repeat(32), own] } }), true);
  for (const other of ['00'.repeat(32), `${own.slice(0, -1)}0`, 'a1'.repeat(31) + 'a0']) {
    assert.equal(satisfies(claims, { sim: { mrenclave: [other] } }), false);
  }
  for (const malformed of ['a1'.repeat(31), own.toUpperCase(), '', '*']) {
    assert.equal(refusedWith(() => satisfies(claims, { sim: { mrenclave: [malformed] } })).code, 'E_FORMAT');
  }
});

test('47: a requirement is satisfied only by evidence of its TEE', () => {
  assert.equal(satisfies(claims, { sgx: { mrenclave: [own] } }), false);
  const real: Claims = { ...claims, tee: 'sgx' };
  assert.equal(satisfies(real, { sgx: { mrenclave: [own] } }), true);
  assert.equal(satisfies(real, sim), false);
  const error = refusedWith(() => appraise(claims, [{ sgx: { mrenclave: [own] } }]));
  assert.match(error.causes.join('\n'), /Unexpected TEE \(sim\) - Expected sgx/);
});

test('17: a signer counts together with product id and least version, compared as numbers', () => {
  const real: Claims = { ...claims, tee: 'sgx', isvprodid: 7, isvsvn: 10 };
  const mrsigner = Buffer.from(simHardware.enclave.mrSigner).toString('hex');
  const signer = (change: object): Requirement => ({ sgx: { mrsigner, isvprodid: '7', isvsvn_min: '9', ...change } });
  assert.equal(satisfies(real, signer({})), true);
  assert.equal(satisfies(real, signer({ isvsvn_min: '10' })), true);
  assert.equal(satisfies(real, signer({ isvsvn_min: '11' })), false);
  assert.equal(satisfies(real, signer({ isvprodid: '8' })), false);
  assert.equal(satisfies(real, signer({ mrsigner: '00'.repeat(32) })), false);
  for (const missing of [
    { isvprodid: undefined },
    { isvsvn_min: undefined },
    { isvsvn_min: '' },
    { isvprodid: '07' },
  ]) {
    assert.equal(refusedWith(() => satisfies(real, signer(missing))).code, 'E_FORMAT');
  }
});

test('15: report data is compared over all 64 bytes', () => {
  const expected = new Uint8Array(64).fill(0xc3);
  assert.equal(carriesReportData(claims, expected), true);
  for (let at = 0; at < 64; at++) {
    const other = new Uint8Array(expected);
    other[at] = 0xc2;
    assert.equal(carriesReportData(claims, other), false, `byte ${at}`);
  }
  assert.equal(carriesReportData(claims, expected.subarray(0, 32)), false);
  assert.equal(carriesReportData(claims, new Uint8Array()), false);
});

test('16: a CONFIGID of zeros, or without KSS, is no wildcard', () => {
  const expected = new Uint8Array(64).fill(0xb2);
  assert.equal(carriesConfigId(claims, expected), true);
  assert.equal(carriesConfigId({ ...claims, configid: new Uint8Array(64) }, expected), false);
  const noKss: Claims = { ...claims, configid: new Uint8Array(64), attributes: { ...claims.attributes, kss: false } };
  assert.equal(carriesConfigId(noKss, new Uint8Array(64)), false);
  assert.equal(carriesConfigId(claims, expected.subarray(0, 32)), false);
});

test('4: a debug enclave is refused unless the session tolerates it by name', () => {
  const debug = verifyWorld(makeWorld({ fields: { debug: true } })).claims;
  assert.equal(allowed(debug, []), false);
  assert.equal(allowed(debug, ['outdated-tcb', 'insecure-configuration'], '*'), false);
  assert.equal(allowed(debug, ['debug-mode']), true);
  const error = refusedWith(() => appraise(debug, [sim]));
  assert.match(error.hint ?? '', /`tolerate: \[debug-mode\]`/);
});

test('each status needs the tolerances of all its conditions', () => {
  const needs: Record<TcbStatus, string[]> = {
    UpToDate: [],
    SWHardeningNeeded: ['software-hardening-needed'],
    ConfigurationNeeded: ['insecure-configuration'],
    ConfigurationAndSWHardeningNeeded: ['insecure-configuration', 'software-hardening-needed'],
    OutOfDate: ['outdated-tcb'],
    OutOfDateConfigurationNeeded: ['outdated-tcb', 'insecure-configuration'],
    Revoked: [],
  };
  for (const status of tcbStatuses) {
    const needed = needs[status];
    assert.equal(allowed(platform(status), needed), status !== 'Revoked', status);
    for (const left of needed) {
      const others = Object.keys(toleranceRules).filter((name) => name !== left);
      assert.equal(allowed(platform(status), others, '*'), false, `${status} without ${left}`);
    }
  }
  assert.equal(allowed(platform('Revoked'), Object.keys(toleranceRules), '*'), false);
});

test('an advisory must be covered by a tolerated shortcut or be ignored by name', () => {
  assert.equal(allowed(platform('SWHardeningNeeded', 'INTEL-SA-00615'), ['software-hardening-needed']), true);
  const both = platform('ConfigurationAndSWHardeningNeeded', 'INTEL-SA-00289', 'INTEL-SA-00615');
  const tolerate = ['insecure-configuration', 'software-hardening-needed'];
  assert.equal(allowed(both, tolerate), false);
  assert.equal(allowed(both, tolerate, ['INTEL-SA-00288']), false);
  assert.equal(allowed(both, tolerate, ['INTEL-SA-00289']), true);
  assert.equal(allowed(both, tolerate, '*'), true);
  // Ignoring the advisory alone does not make the platform's status right.
  assert.equal(allowed(both, [], '*'), false);
  assert.equal(allowed(platform('UpToDate', 'INTEL-SA-09999'), []), false);
  const error = refusedWith(() => appraise(both, [sim], { tolerate, ignore_advisories: [] }));
  assert.match(error.hint ?? '', /`ignore_advisories: \[INTEL-SA-00289\]`/);
});

test('a shortcut allows a configuration only where it is the whole reason', () => {
  const hyperthreading = platform('ConfigurationNeeded', 'INTEL-SA-00161', 'INTEL-SA-00233');
  assert.equal(allowed(hyperthreading, ['hyperthreading']), true);
  assert.equal(allowed(hyperthreading, ['insecure-igpu']), false);
  const more = platform('ConfigurationNeeded', 'INTEL-SA-00161', 'INTEL-SA-00219');
  assert.equal(allowed(more, ['hyperthreading']), false);
  assert.equal(allowed(more, ['hyperthreading'], '*'), false);
  assert.equal(allowed(more, ['hyperthreading', 'insecure-igpu']), true);
  // No reason given: only the plain value allows it.
  assert.equal(allowed(platform('ConfigurationNeeded'), ['hyperthreading', 'aepic-leak']), false);
  const hardening = platform('ConfigurationAndSWHardeningNeeded', 'INTEL-SA-00161', 'INTEL-SA-00334');
  assert.equal(allowed(hardening, ['hyperthreading', 'software-hardening-needed']), true);
  assert.equal(allowed(hardening, ['hyperthreading']), false);
});

test('values of tolerate that are not in the table allow nothing', () => {
  for (const name of ['maa-managed-tcb', 'local-attestation-trust-cas-tcb', 'all', '*', '__proto__', 'constructor']) {
    assert.equal(allowed(platform('OutOfDate'), [name], '*'), false, name);
  }
});

test('a refusal speaks as SCONE does and names the change', () => {
  const error = refusedWith(() =>
    appraise(
      platform('OutOfDate', 'INTEL-SA-00828'),
      [{ sim: { mrenclave: ['00'.repeat(32)] } }, { sgx: { mrenclave: [own] } }],
      strict,
    ),
  );
  assert.equal(error.message, 'The program enclave is not trustworthy');
  const causes = error.causes.join('\n');
  assert.match(causes, /None of the required enclave properties are met by the enclave/);
  assert.match(
    causes,
    new RegExp(`Error 1 of 2: Unexpected enclave measurement \\(MRENCLAVE, ${own}\\) - Expected 0{64}`),
  );
  assert.match(causes, /Error 2 of 2: Unexpected TEE/);
  assert.match(causes, /OutOfDate/);
  assert.match(error.hint ?? '', /outdated-tcb.*INTEL-SA-00828/);
  assert.equal(error.errors.length, 4);
});

test('the status of platform and quoting enclave together is the worse one', () => {
  const expected: [TcbStatus, TcbStatus, TcbStatus][] = [
    ['UpToDate', 'UpToDate', 'UpToDate'],
    ['SWHardeningNeeded', 'UpToDate', 'SWHardeningNeeded'],
    ['UpToDate', 'OutOfDate', 'OutOfDate'],
    ['SWHardeningNeeded', 'OutOfDate', 'OutOfDate'],
    ['ConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['ConfigurationAndSWHardeningNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate', 'OutOfDate'],
    ['OutOfDateConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['UpToDate', 'Revoked', 'Revoked'],
    ['Revoked', 'UpToDate', 'Revoked'],
  ];
  for (const [one, qe, both] of expected) assert.equal(combine(one, qe), both, `${one}, ${qe}`);
});
