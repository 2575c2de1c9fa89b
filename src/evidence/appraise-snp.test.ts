import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSnp, makeSnpWorld, type SnpWorldOptions, snpTcb } from '../../test/evidence/snp-world.ts';
import { refusedWith } from '../../test/evidence/world.ts';
import { strictPolicy } from '../sim/snp-report.ts';
import { appraise, type SnpRequirement, satisfies } from './appraise.ts';
import type { SnpClaims } from './claims.ts';
import { strict } from './tolerance.ts';

const required: SnpRequirement = {
  measurement: ['a1'.repeat(48)],
  min_tcb: { bootloader: '4', tee: '1', snp: '22', microcode: '213' },
  policy: {},
};

function claimsOf(options: SnpWorldOptions = {}): SnpClaims {
  const { claims } = judgeSnp(makeSnpWorld(options));
  assert.ok(claims.tee === 'snp');
  return claims;
}
const claims = claimsOf();
const withPolicy = (...bits: bigint[]): SnpClaims =>
  claimsOf({ fields: { policy: bits.reduce((policy, bit) => policy | (1n << bit), strictPolicy) } });
const holds = (change: Partial<SnpRequirement>, of = claims): boolean =>
  satisfies(of, { snp: { ...required, ...change } });

test('10: an SNP guest has one of the measurements listed; an empty list matches nothing', () => {
  assert.equal(holds({}), true);
  assert.equal(holds({ measurement: [] }), false);
  assert.equal(holds({ measurement: ['a2'.repeat(48)] }), false);
  assert.equal(holds({ measurement: ['a2'.repeat(48), 'a1'.repeat(48)] }), true);
  assert.equal(refusedWith(() => holds({ measurement: ['a1'.repeat(47)] })).code, 'E_FORMAT');
});

test('20: reported, committed and launch TCB are each at or above the minimum, part by part', () => {
  for (const part of ['bootloader', 'tee', 'snp', 'microcode'] as const) {
    const above = { ...required.min_tcb, [part]: String(snpTcb[part] + 1) };
    assert.equal(holds({ min_tcb: above }), false, part);
    assert.equal(holds({ min_tcb: { ...required.min_tcb, [part]: String(snpTcb[part] - 1) } }), true, part);
  }
  // Started under older firmware than runs now.
  const old = claimsOf({ fields: { launch: { ...snpTcb, snp: 21 } } });
  assert.equal(holds({}, old), false);
  assert.match(refusedWith(() => appraise(old, [{ snp: required }])).causes.join('\n'), /The launch TCB is too low/);
  for (const text of ['', '-1', '256', '0x4', '04']) {
    assert.equal(refusedWith(() => holds({ min_tcb: { ...required.min_tcb, snp: text } })).code, 'E_FORMAT');
  }
  assert.equal(holds({ min_tcb: { ...required.min_tcb, fmc: '1' } }), false);
});

test('22: debug, migration, SMT and CXL each need a word of the policy', () => {
  const debug = withPolicy(19n);
  assert.equal(holds({}, debug), false);
  assert.equal(satisfies(debug, { snp: required }, { ...strict, tolerate: ['debug-mode'] }), true);
  for (const [bit, name] of [
    [16n, 'smt'],
    [18n, 'migrate_ma'],
    [21n, 'cxl'],
  ] as const) {
    const guest = withPolicy(bit);
    assert.equal(holds({}, guest), false, name);
    assert.equal(holds({ policy: { [name]: 'allowed' } }, guest), true, name);
    const error = refusedWith(() => appraise(guest, [{ snp: required }]));
    assert.match(`${error.errors[0]?.hint}`, new RegExp(`${name}: allowed`));
  }
  assert.equal(satisfies(withPolicy(16n), { snp: required }, { ...strict, tolerate: ['hyperthreading'] }), true);
});

test('22: what a session requires of the guest policy must be in it', () => {
  for (const [bit, name] of [
    [20n, 'single_socket'],
    [22n, 'mem_aes_256_xts'],
    [23n, 'rapl_dis'],
    [24n, 'ciphertext_hiding'],
    [25n, 'page_swap_disable'],
  ] as const) {
    assert.equal(holds({ policy: { [name]: 'required' } }), false, name);
    assert.equal(holds({ policy: { [name]: 'required' } }, withPolicy(bit)), true, name);
    assert.equal(holds({}, withPolicy(bit)), true, name);
  }
  for (const [abi_min, expected] of [
    ['1.55', true],
    ['1.9', true],
    ['0.99', true],
    ['1.56', false],
    ['2.0', false],
  ] as const) {
    assert.equal(holds({ policy: { abi_min } }), expected, abi_min);
  }
  assert.equal(refusedWith(() => holds({ policy: { abi_min: '1' } })).code, 'E_FORMAT');
});

test('23: a chip list matches chips only; a report without a chip id matches none', () => {
  const own = claims.chipId ?? '';
  assert.equal(holds({ chip_id: [own] }), true);
  assert.equal(holds({ chip_id: ['00'.repeat(64)] }), false);
  assert.equal(holds({ chip_id: [] }), false);
  const masked = claimsOf({ key: 'vlek', fields: { chipId: new Uint8Array(64) } });
  assert.equal(holds({ chip_id: ['00'.repeat(64)] }, masked), false);
  assert.equal(holds({ chip_id: [own] }, masked), false);
  assert.equal(holds({ csp_id: ['sconectl SIMULATION cloud'] }, masked), true);
  assert.equal(holds({ csp_id: ['another cloud'] }, masked), false);
  assert.equal(holds({ csp_id: ['sconectl SIMULATION cloud'] }), false);
});

test('24: keys of the ID block are compared where asked for, and none is not any', () => {
  const idKeyDigest = new Uint8Array(48).fill(0x1d);
  const authorKeyDigest = new Uint8Array(48).fill(0xa0);
  const signed = claimsOf({ fields: { idKeyDigest, authorKeyDigest, keyInfo: 1 } });
  assert.equal(holds({ id_key_digest: ['1d'.repeat(48)], author_key_digest: ['a0'.repeat(48)] }, signed), true);
  assert.equal(holds({ id_key_digest: ['1e'.repeat(48)] }, signed), false);
  assert.equal(holds({ author_key_digest: [] }, signed), false);
  assert.equal(holds({ id_key_digest: ['00'.repeat(48)] }), false);
  assert.equal(holds({}, signed), true);
});

test('a requirement of another TEE is not satisfied, whatever the values', () => {
  assert.equal(satisfies(claims, { sgx: { mrenclave: ['a1'.repeat(32)] } }), false);
  assert.match(
    refusedWith(() => appraise(claims, [{ sim: { mrenclave: [] } }])).causes.join('\n'),
    /Unexpected TEE \(snp\) - Expected sim/,
  );
});

test('48: a requirement with unknown, misspelt or missing parts is an error, not one without a bound', () => {
  const odd = (change: object): string =>
    refusedWith(() => satisfies(claims, { snp: { ...required, ...change } })).code;
  for (const policy of [{ single_socket: 'yes' }, { singel_socket: 'required' }, { smt: true }, { debug: 'allowed' }]) {
    assert.equal(odd({ policy }), 'E_FORMAT');
  }
  for (const change of [
    { policy: undefined },
    { measurement: undefined },
    { measurement: 'a1'.repeat(48) },
    { min_tcb: {} },
    { chip_id: claims.chipId },
  ]) {
    assert.equal(odd(change), 'E_FORMAT');
  }
});
