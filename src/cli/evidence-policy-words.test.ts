import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSnp, makeSnpWorld } from '../../test/evidence/snp-world.ts';
import { judgeTdx, makeTdxWorld } from '../../test/evidence/tdx-world.ts';
import { makeWorld, refusedWith, verifyWorld } from '../../test/evidence/world.ts';
import type { SconeError } from '../core/errors.ts';
import { appraise, type Requirement } from '../evidence/appraise.ts';
import type { TeeClaims } from '../evidence/claims.ts';
import { strictPolicy } from '../sim/snp-report.ts';
import { simTd } from '../sim/tdx-quote.ts';
import { inWordsOfPolicy } from './evidence-policy-words.ts';

const register = ['ee'.repeat(48)];
const td = (fields: NonNullable<Parameters<typeof makeTdxWorld>[0]>['fields'], version: 4 | 5): TeeClaims =>
  judgeTdx(makeTdxWorld({ version, ...(fields === undefined ? {} : { fields }) })).claims;
const guest = (...bits: bigint[]): TeeClaims =>
  judgeSnp(makeSnpWorld({ fields: { policy: bits.reduce((policy, bit) => policy | (1n << bit), strictPolicy) } }))
    .claims;
const simulated = verifyWorld(makeWorld()).claims;
const bad: TeeClaims = {
  ...simulated,
  attributes: { ...simulated.attributes, debug: true },
  tcb: { ...simulated.tcb, status: 'OutOfDateConfigurationNeeded', advisories: ['INTEL-SA-00586'] },
};
const tdx = { mrtd: register, rtmr0: register, rtmr1: register, rtmr2: register, min_tee_tcb_svn: 'ff'.repeat(16) };
const snp = { measurement: register, min_tcb: { bootloader: '255', tee: '255', snp: '255', microcode: '255' } };
const every = { single_socket: 'required', mem_aes_256_xts: 'required', rapl_dis: 'required' } as const;

/** Everything that can be in the way, by TEE. */
const cases: [what: string, claims: TeeClaims, requirements: Requirement[]][] = [
  ['nothing listed', bad, []],
  ['another program', bad, [{ sim: { mrenclave: ['ee'.repeat(32)] } }, { sgx: { mrenclave: ['ee'.repeat(32)] } }]],
  [
    'an open TD with a service TD',
    td({ mrservicetd: new Uint8Array(48).fill(9), tdAttributes: openAttributes() }, 5),
    [{ tdx }],
  ],
  ['a TD that cannot name its service TD', td(undefined, 4), [{ tdx: { ...tdx, mrservicetd: register } }]],
  ['an open guest', guest(16n, 18n, 19n, 21n), [{ snp: { ...snp, policy: { ...every, abi_min: '2.0' } } }]],
];

/** SEPT_VE_DISABLE (bit 28) clear, MIGRATABLE (29), PKS (30), KL (31) and PERFMON (63) set. */
function openAttributes(): Uint8Array {
  const attributes = new Uint8Array(simTd.tdAttributes);
  attributes[3] = 0xe0;
  attributes[7] = 0x80;
  return attributes;
}

function textsOf(error: SconeError): string[] {
  return [error.message, error.hint ?? '', ...error.causes, ...error.errors.flatMap(textsOf)];
}

for (const [what, claims, requirements] of cases) {
  test(`a refusal by a policy file names no session, mesh or service to change: ${what}`, () => {
    const error = refusedWith(() => appraise(claims, requirements));
    const ofSession = textsOf(error);
    assert.ok(ofSession.some((text) => /\bsession\b/.test(text)));
    const ofPolicy = textsOf(inWordsOfPolicy(error));
    for (const text of ofPolicy) assert.doesNotMatch(text, /\bsession|\bmesh\b|\bservice's/, text);
    assert.ok(ofPolicy.some((text) => /\bpolicy's `/.test(text)) || what.includes('cannot name'));
    // Nothing but words is changed.
    assert.equal(ofPolicy.length, ofSession.length);
    assert.deepEqual([inWordsOfPolicy(error).code, inWordsOfPolicy(error).found], [error.code, error.found]);
  });
}
