import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTdx, makeTdxWorld } from '../../test/evidence/tdx-world.ts';
import { flip, refusedWith } from '../../test/evidence/world.ts';
import { hex } from '../core/bytes.ts';
import { simTd } from '../sim/tdx-quote.ts';
import { appraise, satisfies, type TdxRequirement } from './appraise.ts';
import type { TdxClaims } from './claims.ts';
import { strict } from './tolerance.ts';

const filled = (byte: string): string => byte.repeat(48);
const required: TdxRequirement = {
  mrtd: [filled('a1')],
  rtmr0: [filled('d0')],
  rtmr1: [filled('d1')],
  rtmr2: [filled('d2')],
  min_tee_tcb_svn: '06010300000000000000000000000000',
};

function claimsOf(...options: Parameters<typeof makeTdxWorld>): TdxClaims {
  const { claims } = judgeTdx(makeTdxWorld(...options));
  assert.ok(claims.tee === 'tdx');
  return claims;
}
const claims = claimsOf();
const holds = (change: Partial<TdxRequirement>, of = claims): boolean =>
  satisfies(of, { tdx: { ...required, ...change } });

test('a TD is what its requirement says, register by register', () => {
  assert.equal(holds({}), true);
  for (const name of ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrseam', 'mrowner', 'mrownerconfig'] as const) {
    assert.equal(holds({ [name]: [filled('ee')] }), false, name);
    assert.equal(holds({ [name]: [filled('ee'), hex(claims[name])] }), true, name);
  }
  const error = refusedWith(() => appraise(claims, [{ tdx: { ...required, rtmr1: [filled('ee')] } }]));
  assert.match(error.causes.join('\n'), /Unexpected RTMR1 \(d1d1.*\) - Expected eeee/);
});

test('10: an empty list of a register matches nothing', () => {
  for (const name of ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrseam', 'mrowner'] as const) {
    assert.equal(holds({ [name]: [] }), false, name);
  }
  assert.equal(holds({ ppid: [] }), false);
  assert.equal(holds({ ppid: [claims.ppid] }), true);
});

test('16: zeros of MROWNER and MRCONFIGID match zeros only, and a bound service TD must be named', () => {
  assert.equal(holds({ mrowner: [filled('00')] }), true);
  const owned = claimsOf({ fields: { mrowner: new Uint8Array(48).fill(7) } });
  assert.equal(holds({ mrowner: [filled('00')] }, owned), false);
  const service = claimsOf({ version: 5, fields: { mrservicetd: new Uint8Array(48).fill(9) } });
  assert.equal(holds({}, service), false);
  assert.equal(holds({ mrservicetd: [filled('08')] }, service), false);
  assert.equal(holds({ mrservicetd: [] }, service), false);
  assert.equal(holds({ mrservicetd: [filled('09')] }, service), true);
  assert.equal(holds({}, claimsOf({ version: 5 })), true);
  // A TD 1.0 report cannot say; whoever asks for a service TD does not get one by silence.
  assert.equal(holds({ mrservicetd: [filled('00')] }), false);
});

test('5: SEPT_VE_DISABLE clear, MIGRATABLE, PKS, KL and PERFMON each need a word of the policy', () => {
  for (const [bit, name] of [
    [28, 'no-sept-ve-disable'],
    [29, 'migratable'],
    [30, 'pks'],
    [31, 'kl'],
    [63, 'perfmon'],
  ] as const) {
    const td = claimsOf({ fields: { tdAttributes: flip(simTd.tdAttributes, bit >> 3, 1 << (bit & 7)) } });
    assert.equal(holds({}, td), false, name);
    assert.equal(holds({ allow: [name] }, td), true, name);
    const error = refusedWith(() => appraise(td, [{ tdx: required }]));
    assert.match(`${error.errors[0]?.hint}`, new RegExp(`allow: \\[${name}\\]`));
  }
});

test('4: a debug TD needs debug-mode tolerated', () => {
  const td = claimsOf({ fields: { tdAttributes: flip(simTd.tdAttributes, 0) } });
  assert.equal(holds({}, td), false);
  assert.equal(satisfies(td, { tdx: required }, { ...strict, tolerate: ['debug-mode'] }), true);
  assert.match(refusedWith(() => appraise(td, [{ tdx: required }])).hint ?? '', /tolerate: \[debug-mode\]/);
});

test('8: the least TEE_TCB_SVN is compared by component', () => {
  assert.equal(holds({ min_tee_tcb_svn: '00000000000000000000000000000000' }), true);
  assert.equal(holds({ min_tee_tcb_svn: '07010300000000000000000000000000' }), false);
  assert.equal(holds({ min_tee_tcb_svn: '00000001000000000000000000000000' }), false);
  assert.equal(refusedWith(() => holds({ min_tee_tcb_svn: '06' })).code, 'E_FORMAT');
});

test('a TD whose TCB is not known is refused unless the policy allows missing collateral', () => {
  const unknown: TdxClaims = { ...claims, tcb: undefined };
  assert.equal(holds({}, unknown), false);
  assert.equal(satisfies(unknown, { tdx: required }, { ...strict, allow: ['missing-collateral'] }), true);
  assert.match(refusedWith(() => appraise(unknown, [{ tdx: required }])).causes.join(), /no collateral/);
});

test('an outdated TD platform needs outdated-tcb, as for SGX', () => {
  const old = claimsOf({ fields: { teeTcbSvn: Uint8Array.of(6, 1, 2, ...new Uint8Array(13)) } });
  const requirement = { tdx: { ...required, min_tee_tcb_svn: '00'.repeat(16) } };
  assert.equal(satisfies(old, requirement), false);
  const tolerance = { tolerate: ['outdated-tcb'], ignore_advisories: ['SCONECTL-SIM-00001'] };
  assert.equal(satisfies(old, requirement, tolerance), true);
});

test('48: a TD requirement that lacks a register, or has a text for a list, is an error', () => {
  for (const name of ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2'] as const) {
    for (const value of [undefined, filled('a1')]) {
      const odd = { ...required, [name]: value };
      assert.equal(refusedWith(() => satisfies(claims, { tdx: odd })).code, 'E_FORMAT');
    }
  }
});
