import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normaliseSession } from '../session/parse.ts';
import { demandHostArguments } from './configuration.ts';

const service = { name: 'x', command: ['x'], attestation: [] };

function demand(more: object): void {
  const session = normaliseSession({ version: '0.3.12', name: 'a', services: [{ ...service, ...more }] });
  demandHostArguments(session);
}

test('72: a variable that the session sets is not taken from the host as well', () => {
  assert.throws(() => demand({ environment: { A: 'mine', '\\@\\@A': '' } }), {
    code: 'E_SESSION',
    message: /x sets the variable A, and takes it from the host as well/,
  });
  demand({ environment: { A: 'mine', '\\@\\@B': '' } });
});

test('72: argv[0] is never the host’s', () => {
  assert.throws(() => demand({ command: ['x', '@@0'] }), { code: 'E_SESSION' });
  demand({ command: ['x', '@@1'] });
});
