import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleMesh } from '../../test/chart/sample.ts';
import { SconeError } from '../core/errors.ts';

const environmentOf = (service: string, mesh = '') =>
  sampleMesh({ service: `environment:\n${service}`, mesh }).services[0]?.session.services[0]?.environment ?? {};
const x = (value: string) => `  local: [{name: X, value: ${JSON.stringify(value)}}]\n`;
const port = '  global: [{name: PORT, value: 8080}]\n';

test('the default of a global variable is there for the rest of the manifest, unless the Meshfile sets it', () => {
  assert.equal(environmentOf(x('http://h:{{PORT}}') + port)['X'], 'http://h:8080');
  assert.equal(environmentOf(x('{{PORT}}') + port, 'env: [{name: PORT, value: 9}]\n')['X'], '9');
  assert.equal(environmentOf(x('{{PORT | default(value="1")}}') + port)['X'], '8080');
});

test('the mesh says its mode, the program and the pull secret, under names that a Meshfile may use otherwise', () => {
  assert.equal(environmentOf(x('{{mode}} {{command}} [{{imagePullSecrets}}]'))['X'], 'sim python3 []');
  const own = 'env: [{name: mode, value: debug}, {name: imagePullSecrets, value: sconeapps}]\n';
  assert.equal(environmentOf(x('{{mode}} {{imagePullSecrets}}'), own)['X'], 'debug sconeapps');
});

test('a default is a text in any quotes, a number, true or false', () => {
  const cases = { '"a b"': 'a b', '\'a "b"\'': 'a "b"', '`c`': 'c', '8080': '8080', '-1.5': '-1.5', true: 'true' };
  for (const [written, value] of Object.entries(cases)) {
    assert.equal(environmentOf(x(`{{A | default(value=${written})}}`))['X'], value, written);
  }
  for (const wrong of [
    '{{A | default(value=b)}}',
    '{{A | default("b")}}',
    '{{A | upper}}',
    '{{A | default(value="b}}',
  ]) {
    assert.throws(() => environmentOf(x(wrong)), { code: 'E_VARIABLE' }, wrong);
  }
});

test('the port that a service manifest says counts before that of the Meshfile', () => {
  const local = (value: string) => `environment:\n  local: [{name: PYTHON_SERVICE_PORT, value: "${value}"}]\n`;
  const mesh = 'env: [{name: APP_SERVICE_PORT, value: 443}, {name: api_port, value: 8000}]\n';
  assert.equal(sampleMesh({ service: local('{{api_port}}'), mesh }).services[0]?.chart.servicePort, 8000);
  assert.equal(sampleMesh({ mesh }).services[0]?.chart.servicePort, 443);
  assert.throws(() => sampleMesh({ service: local('http') }), {
    code: 'E_VARIABLE',
    message: 'PYTHON_SERVICE_PORT is no port',
    found: 'http',
  });
});

test('a value of the Meshfile that nothing uses is told, each once', () => {
  const mesh =
    'env: [{name: sgxEpcMem, value: 128}, {name: sgxEpcMem, value: 1}, {name: PORT, value: 1}, {name: HOST, value: h}, {name: APP_SERVICE_PORT, value: 443}]\n';
  const { warnings } = sampleMesh({ service: `environment:\n${x('{{HOST}}')}${port}`, mesh });
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['no service of the mesh uses sgxEpcMem, so that its value has no effect'],
  );
  const scoped =
    'env: [{service: one, env: [{name: PROT, value: 1}]}, {service: helm, env: [{name: PORT, value: 1}]}]\n';
  assert.deepEqual(
    sampleMesh({ service: `environment:\n${port}`, mesh: scoped }).warnings.map(({ message, code }) => [code, message]),
    [['E_VARIABLE', 'one does not use PROT, so that its value has no effect']],
  );
});

test('45: a default is a template once: what stands for its variables is not looked at again', () => {
  assert.equal(
    environmentOf(x('{{A}}') + '  global: [{name: A, value: "{{B}}"}]\n', 'env: [{name: B, value: b}]\n')['X'],
    'b',
  );
  assert.throws(
    () =>
      environmentOf(
        x('{{A}}') + '  global: [{name: A, value: "$$SCONE::s$$"}]\nsecrets: {global: [{name: s, kind: ascii}]}\n',
      ),
    (error: unknown) => error instanceof SconeError && error.code === 'E_VARIABLE',
  );
});
