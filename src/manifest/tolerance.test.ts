import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTolerance, strict } from './tolerance.ts';

const seed = '--only_for_testing-trust-any --only_for_testing-debug --only_for_testing-ignore-signer -C -G -S';

test('without flags nothing is tolerated', () => {
  assert.deepEqual(parseTolerance([]), strict);
  assert.equal(Object.values(strict).includes(true), false);
});

test('each flag has a short and a long spelling or is for testing only, and means one thing', () => {
  const meanings: [string, keyof typeof strict][] = [
    ['-C', 'configurationNeeded'],
    ['--accept-configuration-needed', 'configurationNeeded'],
    ['-G', 'groupOutOfDate'],
    ['--accept-group-out-of-date', 'groupOutOfDate'],
    ['-S', 'swHardeningNeeded'],
    ['--accept-sw-hardening-needed', 'swHardeningNeeded'],
    ['--only_for_testing-debug', 'debug'],
    ['--only_for_testing-ignore-signer', 'ignoreSigner'],
    ['--only_for_testing-trust-any', 'trustAny'],
  ];
  for (const [flag, name] of meanings) assert.deepEqual(parseTolerance([flag]), { ...strict, [name]: true });
});

test('the flags that most Meshfiles have tolerate all six', () => {
  assert.deepEqual(Object.values(parseTolerance(seed.split(' '))), Array(6).fill(true));
});

test('an unknown flag is refused, with the one that was meant', () => {
  assert.throws(() => parseTolerance(['--only-for-testing-debug']), {
    code: 'E_USAGE',
    message: '"--only-for-testing-debug" is no tolerance flag',
    hint: 'did you mean "--only_for_testing-debug"?',
  });
  for (const flag of ['-c', '-X', 'C', '-CX', '-', '__proto__', 'constructor']) {
    assert.throws(() => parseTolerance([flag]), { name: 'SconeError' }, flag);
  }
});

test('what tutorials write and nothing ever honoured tolerates nothing', () => {
  assert.deepEqual(parseTolerance(['--software-hardening-needed', '--insecure-configuration']), strict);
});

test('a flag that the attestation has elsewhere is not supported yet, by name', () => {
  assert.throws(() => parseTolerance(['--mrenclave=00']), {
    code: 'E_NOT_YET',
    message: 'the tolerance flag --mrenclave is not supported yet',
  });
  assert.throws(() => parseTolerance(['-c', 'AAAA', '-X']), { code: 'E_USAGE', message: '"-X" is no tolerance flag' });
  assert.throws(() => parseTolerance(['--isvsvn', '-C']), { code: 'E_USAGE', found: '--isvsvn' });
});

test('short flags may stand together', () => {
  assert.deepEqual(parseTolerance(['-CGS']), parseTolerance(['-C', '-G', '-S']));
});
