import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { makeWorld, refusedWith, verifyWorld } from '../../test/evidence/world.ts';
import { SconeError } from '../core/errors.ts';
import { collateralExpiry, newestIssueDate, parseCollateral } from './collateral.ts';
import { verifyEvidence } from './verify.ts';

const world = makeWorld();
const form: Record<string, string> = JSON.parse(world.collateral);

test('the collateral of one platform is read from text and from bytes', () => {
  for (const input of [world.collateral, Buffer.from(world.collateral)]) {
    const { text, tcbInfo } = parseCollateral(input);
    assert.equal(tcbInfo.document.fmspc, '53494d000000');
    assert.equal(verifyWorld({ ...world, collateral: text }).tee, 'sim');
  }
});

test('it is known when it was issued and when it expires', () => {
  const collateral = parseCollateral(
    makeWorld({
      collateral: {
        tcbInfo: (document) => ({ ...document, issueDate: '2026-01-03T00:00:00Z' }),
        crl: (which, spec) => (which === 'pck' ? { ...spec, nextUpdate: new Date('2026-01-20T00:00:00Z') } : spec),
      },
    }).collateral,
  );
  assert.equal(newestIssueDate(collateral).toISOString(), '2026-01-03T00:00:00.000Z');
  assert.equal(collateralExpiry(collateral).toISOString(), '2026-01-20T00:00:00.000Z');
});

test('a part that is missing, unknown or malformed is refused by its name', () => {
  for (const part of Object.keys(form)) {
    const rest = Object.fromEntries(Object.entries(form).filter(([name]) => name !== part));
    assert.match(JSON.stringify(refusedWith(() => parseCollateral(JSON.stringify(rest)))), new RegExp(part));
    for (const value of [null, 1, '', 'xyz', [], '{}']) {
      const error = refusedWith(() => parseCollateral(JSON.stringify({ ...form, [part]: value })));
      assert.equal(error.code, 'E_COLLATERAL', `${part} = ${JSON.stringify(value)}`);
    }
  }
  assert.match(refusedWith(() => parseCollateral(JSON.stringify({ ...form, extra: '' }))).message, /extra/);
});

test('68: a signed document that two readers could understand differently is refused', () => {
  const twice = form['tcb_info']?.replace('{"id":"SGX"', '{"id":"TDX","id":"SGX"');
  const error = refusedWith(() => parseCollateral(JSON.stringify({ ...form, tcb_info: twice })));
  assert.equal(error.code, 'E_COLLATERAL');
  assert.match(error.causes.join(), /twice/);
});

test('fields of the signed documents of another type or range are refused', () => {
  const changes: [string, unknown][] = [
    ['id', 7],
    ['version', '3'],
    ['version', 3.5],
    ['issueDate', '2026-01-01'],
    ['issueDate', '2026-02-30T00:00:00Z'],
    ['nextUpdate', 1767225600],
    ['fmspc', '53494D0000'],
    ['fmspc', '53494D00000G'],
    ['pceId', '000'],
    ['tcbType', -1],
    ['tcbEvaluationDataNumber', 1.5],
    ['tcbLevels', {}],
    ['tcbLevels', [1]],
    ['tcbLevels', [{ tcb: {} }]],
  ];
  for (const [field, value] of changes) {
    const changed = makeWorld({ collateral: { tcbInfo: (document) => ({ ...document, [field]: value }) } });
    const error = refusedWith(() => parseCollateral(changed.collateral));
    assert.equal(error.code, 'E_COLLATERAL', `${field} = ${JSON.stringify(value)}`);
  }
  for (const [field, value] of [
    ['miscselect', '0000000'],
    ['attributesMask', 'FB'],
    ['mrsigner', ''],
    ['isvprodid', 65_536],
    ['tcbLevels', [{ tcb: { isvsvn: -1 }, tcbDate: '2026-01-01T00:00:00Z', tcbStatus: 'UpToDate' }]],
  ] as const) {
    const changed = makeWorld({ collateral: { qeIdentity: (document) => ({ ...document, [field]: value }) } });
    assert.equal(refusedWith(() => parseCollateral(changed.collateral)).code, 'E_COLLATERAL', field);
  }
});

test('any text is read or refused with our own error', () => {
  const isOurs = (text: string): void => {
    try {
      parseCollateral(text);
    } catch (error) {
      assert.ok(error instanceof SconeError && error.code === 'E_COLLATERAL', String(error));
    }
  };
  fc.assert(fc.property(fc.string(), isOurs));
  fc.assert(fc.property(fc.json(), isOurs));
  const part = fc.constantFrom(...Object.keys(form));
  fc.assert(
    fc.property(part, fc.json(), (name, value) => isOurs(JSON.stringify({ ...form, [name]: value }))),
    { numRuns: 300 },
  );
});

test('evidence without collateral is refused by name', () => {
  const error = refusedWith(() => verifyEvidence({ quote: world.quote }, { roots: world.roots, now: new Date() }));
  assert.equal(error.code, 'E_COLLATERAL');
  assert.match(error.message, /no collateral/);
});
