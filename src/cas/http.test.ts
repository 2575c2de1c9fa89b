import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { routes, sessionPath, valuesPath } from '../api/routes.ts';
import { SconeError } from '../core/errors.ts';
import { errorPlace, matchRoute, readQuery } from './http.ts';

const code = (expected: string) => (error: unknown) => error instanceof SconeError && error.code === expected;

test('every route is found on its own port and on no other', () => {
  for (const [name, route] of Object.entries(routes)) {
    const path = route.path.replace('{name}', 'a/b');
    const target = matchRoute(route.port, route.method, `${path}?x=1`);
    assert.equal(target.name, name);
    assert.equal(target.parameter, route.path.includes('{name}') ? 'a/b' : '');
    assert.throws(
      () => matchRoute(route.port === 'client' ? 'service' : 'client', route.method, path),
      code('E_NOT_FOUND'),
    );
    assert.throws(() => matchRoute(route.port, 'DELETE', path), code('E_NOT_FOUND'));
  }
  for (const path of ['', '/', '/v1', '/v1/version/', '/v1/Version', '//v1/version', '/v1/attest/x', undefined]) {
    assert.throws(() => matchRoute('client', 'GET', path), code('E_NOT_FOUND'));
  }
});

test('names in paths come back as they were', () => {
  assert.equal(matchRoute('client', 'GET', sessionPath('a.b/~c-d_e')).parameter, 'a.b/~c-d_e');
  assert.equal(matchRoute('client', 'GET', valuesPath('a/b', 'c')).parameter, 'session=a/b,secret=c');
  assert.equal(matchRoute('client', 'GET', valuesPath('a/b')).parameter, 'session=a/b');
  assert.throws(() => matchRoute('client', 'GET', '/v1/sessions/%'), code('E_FORMAT'));
  assert.throws(() => matchRoute('client', 'GET', '/v1/sessions/%ff'), code('E_FORMAT'));
});

test('48: queries with unknown or repeated names are refused', () => {
  const schema = z.strictObject({ from: z.string().optional() });
  const query = (text: string) => readQuery(matchRoute('client', 'GET', `/v1/head?${text}`), schema);
  assert.deepEqual(query('from=1'), { from: '1' });
  assert.deepEqual(query(''), {});
  for (const wrong of ['from=1&from=1', 'other=1', 'From=1']) assert.throws(() => query(wrong), code('E_FORMAT'));
});

test('what is written down about a bug names its place and never quotes its message', () => {
  const line = errorPlace(new TypeError('the password is hunter2'));
  assert.match(line, /^TypeError at .*http\.test\.ts/);
  assert.doesNotMatch(line, /hunter2/);
  assert.equal(errorPlace('hunter2'), 'string');
});
