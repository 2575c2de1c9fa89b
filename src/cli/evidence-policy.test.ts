import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { parsePolicy } from './evidence-policy.ts';

const a = 'a1'.repeat(32);
const register = 'b2'.repeat(48);

test('a policy says in the words of a session what evidence must be', () => {
  const policy = parsePolicy(
    utf8(`
attestation:
- sgx: {mrenclave: ${a.toUpperCase()}}
- sgx: {mrsigner: ${a}, isvprodid: 7, isvsvn_min: 2, ppid: [${'c3'.repeat(16)}]}
- sim: {mrenclave: []}
- tdx: {mrtd: ${register}, rtmr0: ${register}, rtmr1: [${register}], rtmr2: ${register}, min_tee_tcb_svn: ${'00'.repeat(16)}}
- snp: {measurement: ${register}, min_tcb: {bootloader: 3, tee: 0, snp: 8, microcode: 115}, policy: {smt: allowed}}
init_data: ${a}
security:
  attestation:
    tolerate: [outdated-tcb]
    ignore_advisories: [INTEL-SA-00615]
allow: [unchecked-revocation]
`),
    'policy.yml',
  );
  assert.deepEqual(policy, {
    requirements: [
      { sgx: { mrenclave: [a] } },
      { sgx: { mrsigner: a, isvprodid: '7', isvsvn_min: '2', ppid: ['c3'.repeat(16)] } },
      { sim: { mrenclave: [] } },
      {
        tdx: {
          mrtd: [register],
          rtmr0: [register],
          rtmr1: [register],
          rtmr2: [register],
          min_tee_tcb_svn: '00'.repeat(16),
        },
      },
      {
        snp: {
          measurement: [register],
          min_tcb: { bootloader: '3', tee: '0', snp: '8', microcode: '115' },
          policy: { smt: 'allowed' },
        },
      },
    ],
    initData: [a],
    tolerance: {
      tolerate: ['outdated-tcb'],
      ignore_advisories: ['INTEL-SA-00615'],
      allow: ['unchecked-revocation'],
    },
  });
});

test('the example of the reference is a policy, with an entry for every TEE', () => {
  const page = readFileSync(new URL('../../docs/reference/evidence-policy.md', import.meta.url), 'utf8');
  const text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? assert.fail('no example');
  const { requirements, initData, tolerance } = parsePolicy(utf8(text), 'example');
  assert.deepEqual(
    requirements.map((one) => Object.keys(one)[0]),
    ['sgx', 'sgx', 'tdx', 'snp', 'sim'],
  );
  assert.equal(initData?.length, 1);
  assert.deepEqual(tolerance.allow, ['unchecked-revocation']);
});

test('JSON will do, and what is left out tolerates nothing', () => {
  const policy = parsePolicy(utf8(`{"attestation":[]}`), 'policy.json');
  assert.deepEqual(policy, {
    requirements: [],
    initData: undefined,
    tolerance: { tolerate: [], ignore_advisories: [], allow: [] },
  });
  const { tolerance } = parsePolicy(
    utf8('{"attestation":[],"security":{"attestation":{"ignore_advisories":"*"}}}'),
    'policy.json',
  );
  assert.equal(tolerance.ignore_advisories, '*');
});

test('17, 48: unknown words, a signer alone and two TEEs in one entry are refused, each at its place', () => {
  const wrong: [text: string, message: RegExp, line?: number][] = [
    ['{}', /lacks "attestation"/],
    ['attestation: {}', /must be a list/],
    ['attestation: []\nsecurty: {}', /no key/, 2],
    ['attestation:\n- {}', /exactly one TEE/, 2],
    [`attestation:\n- {sgx: {mrenclave: ${a}}, sim: {mrenclave: ${a}}}`, /exactly one TEE/, 2],
    [`attestation:\n- sgx: {mrsigner: ${a}}`, /mrenclave, or all of/, 2],
    [`attestation:\n- sgx: {mrsigner: ${a}, isvprodid: 1, isvsvn_min: 1, mrenclave: ${a}}`, /mrenclave, or all of/, 2],
    [`attestation:\n- sgx: {mrsigner: ${a}, isvprodid: 65536, isvsvn_min: 1}`, /up to 65535/, 2],
    ['attestation:\n- sgx: {mrenclave: abc}', /text of its form/, 2],
    [`attestation:\n- tdx: {mrtd: ${register}}`, /lacks "rtmr0"/, 2],
    [`attestation:\n- snp: {measurement: ${register}}`, /lacks "min_tcb"/, 2],
    ['attestation: []\nallow: [everything]', /must be one of/, 2],
    ['attestation: []\nsecurity: {attestation: {tolerate: [debug]}}', /must be/, 2],
    ['attestation: []\nsecurity: {attestation: {ignore_advisories: [CVE-1]}}', /must be an advisory/, 2],
    ['attestation: []\nattestation: []', /"attestation"/, 2],
    ['attestation: [', /list in \[ \] is not closed/],
  ];
  for (const [text, message, line] of wrong) {
    try {
      parsePolicy(utf8(text), 'policy.yml');
      assert.fail(`accepted: ${text}`);
    } catch (error) {
      assert.ok(error instanceof SconeError, text);
      assert.equal(error.code, 'E_SESSION', text);
      const all = error.errors.map((one) => one.message).join('\n');
      assert.match(all, message, text);
      if (line !== undefined) assert.equal(error.errors[0]?.at?.line, line, text);
    }
  }
});

test('a key that has two places is not sent to one of them', () => {
  const text = `attestation:\n- sim: {mrenclave: ${a}}\nsecurity:\n  attestation:\n    allow: [unchecked-revocation]\n`;
  assert.throws(
    () => parsePolicy(utf8(text), 'policy.yml'),
    (error) => {
      assert.ok(error instanceof SconeError);
      const hint = (error.errors[0] ?? error).hint ?? '';
      assert.match(hint, /^known here: tolerate, ignore_advisories$/);
      return true;
    },
  );
});
