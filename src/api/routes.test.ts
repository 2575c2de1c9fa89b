import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../core/errors.ts';
import { attestAnswer } from './answers.ts';
import { casExporterLabel, casReportData, serviceExporterLabel, serviceReportData, tokenProof } from './binding.ts';
import { serviceClaims } from './claims.ts';
import { errorAnswer, errorFromAnswer, statusOf } from './errors.ts';
import { putRequest } from './requests.ts';
import { routes, sessionPath, valuesPath } from './routes.ts';
import { base64Text, mapOf, sessionNameText } from './text.ts';

test('attestation of services is the only route of its port, and on no other', () => {
  const service = Object.values(routes).filter(({ port }) => port === 'service');
  assert.deepEqual(
    service.map(({ path }) => path),
    ['/v1/attest'],
  );
  const paths = Object.values(routes).map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(paths).size, paths.length);
});

test('28, 41: report data covers every field, and evidence of a CAS is none of a service', () => {
  const bytes = (n: number) => new Uint8Array(32).fill(n);
  const binding = { ekm: bytes(1), serverSpkiSha256: bytes(2), initDataHash: bytes(3), claims: bytes(4) };
  const all = [
    serviceReportData(binding),
    casReportData(binding),
    ...(['ekm', 'serverSpkiSha256', 'initDataHash', 'claims'] as const).map((field) =>
      serviceReportData({ ...binding, [field]: bytes(9) }),
    ),
    // The same bytes cut at another place.
    serviceReportData({ ...binding, ekm: new Uint8Array(31).fill(1), claims: bytes(4) }),
  ].map((value) => Buffer.from(value).toString('hex'));
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.every((text) => text.length === 128));
  assert.notEqual(serviceExporterLabel, casExporterLabel);
  const proof = (side: 'runtime' | 'cas') => Buffer.from(tokenProof(bytes(1), bytes(2), side)).toString('hex');
  assert.notEqual(proof('runtime'), proof('cas'));
});

test('an error travels as it is, and one of an unknown form or code is still an error', () => {
  const error = new SconeError('E_PREDECESSOR', 'changed', { expected: 'a', found: 'b', causes: ['c'], hint: 'd' });
  const document: unknown = JSON.parse(JSON.stringify(error));
  assert.ok(errorAnswer.safeParse(document).success);
  assert.deepEqual(errorFromAnswer(document).toJSON(), error.toJSON());
  assert.equal(errorFromAnswer({ code: 'E_FROM_THE_FUTURE', message: 'x', causes: [] }).code, 'E_INTERNAL');
  for (const hostile of [null, 1, [], {}, { code: '__proto__' }, { ...error.toJSON(), more: 1 }]) {
    assert.equal(errorFromAnswer(hostile).code, 'E_FORMAT');
  }
  assert.equal(statusOf('E_PREDECESSOR'), 409);
  assert.equal(statusOf('E_MANIFEST'), 500);
});

test('48: requests with unknown members are refused', () => {
  const put = { session: {}, time: '2026-11-23T12:00:00Z' };
  assert.ok(putRequest.safeParse(put).success);
  assert.ok(!putRequest.safeParse({ ...put, more: 1 }).success);
  assert.ok(!putRequest.safeParse({ ...put, time: '2026-11-23' }).success);
  const claims = {
    v: 1,
    tee: 'sim',
    config_id: 'a/b',
    rootfs: '00'.repeat(32),
    runtime: { version: '1', can: ['files'] },
  };
  assert.ok(serviceClaims.safeParse(claims).success);
  for (const wrong of [
    { v: 2 },
    { tee: 'SIM' },
    { config_id: 'a' },
    { config_id: 'a/../b c' },
    { rootfs: 'AA' },
    { x: 1 },
  ]) {
    assert.ok(!serviceClaims.safeParse({ ...claims, ...wrong }).success, JSON.stringify(wrong));
  }
});

test('a name of a variable may be __proto__', () => {
  const map = mapOf(base64Text(3), 'texts');
  const input: unknown = JSON.parse('{"__proto__":"AAAA"}');
  assert.equal(map.parse(input), input);
  assert.ok(!map.safeParse(JSON.parse('{"__proto__":"A"}')).success);
  assert.ok(!map.safeParse([]).success);
  assert.ok(!attestAnswer.safeParse({}).success);
});

test('base64 is taken in its one form and up to its length', () => {
  const text = base64Text(3);
  for (const fine of ['', 'AA==', 'AAA=', 'AAAA']) assert.ok(text.safeParse(fine).success, fine);
  for (const wrong of ['A', 'AA', 'AB==', 'AA= =', 'AA==\n', 'AAAAAA==', '____', 'AA=']) {
    assert.ok(!text.safeParse(wrong).success, wrong);
  }
});

test('paths keep the slashes of a name and encode everything else', () => {
  assert.equal(sessionPath('a/b c?'), '/v1/sessions/a/b%20c%3F');
  assert.equal(valuesPath('a/b', 'c,d'), '/v1/values/session=a/b,secret=c%2Cd');
  for (const wrong of ['', '/a', 'a/', 'a//b', 'a/../b', '.', 'ä', 'a b']) {
    assert.ok(!sessionNameText.safeParse(wrong).success, wrong);
  }
});

test('29: an error of a CAS names no place, since the line there would be read from this machine and shown', () => {
  const document = { code: 'E_SESSION', message: 'x', causes: [], at: { file: '/root/.netrc', line: 1, column: 1 } };
  assert.equal(errorFromAnswer(document).at, undefined);
});
