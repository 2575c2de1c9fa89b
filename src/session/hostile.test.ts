import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../core/errors.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { normaliseCompleteSession, parseCompleteSession } from './parse.ts';
import { renderSessionYaml } from './render.ts';
import type { Session } from './types.ts';

/** Less than a second of processor time, since other programs share the machine; of three runs one has to do it. */
function assertQuick(what: string, run: () => unknown): void {
  const times: number[] = [];
  while (times.length < 3 && times.every((time) => time >= 1000)) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000);
  }
  assert.ok(
    times.some((time) => time < 1000),
    `${what} took ${times.join(', ')} ms`,
  );
}

function errorOf(run: () => unknown): SconeError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
}

const read = (yaml: string) => parseCompleteSession(readSessionSource(yaml, 's.yml', new Map()));
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('');
const top = 'version: "0.3"\nname: a\n';

test('ten megabytes of dollars are read and written in less than a second', () => {
  const session = (text: string): Session => ({
    version: '0.3.12',
    name: 'a',
    access_policy: { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR'] },
    services: [{ name: 'p', command: [text], environment: {}, init_data: [], attestation: [] }],
    images: [],
    secrets: [{ name: 'a', kind: 'ascii', size: '20' }],
  });
  for (const piece of ['$$SCONE::', '$$SCONE::a', '$$', '\\$', '$A', '$$SCONE::a$$']) {
    const text = piece.repeat(Math.floor((10 * 1024 * 1024) / piece.length));
    assertQuick(`writing ${piece}`, () => renderSessionYaml(session(text)));
    assertQuick(`reading ${piece}`, () => {
      try {
        normaliseCompleteSession(session(text));
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
      }
    });
  }
});

test('of very many problems a hundred are told, and how many there are', () => {
  const error = errorOf(() => read(`${top}secrets:\n${lines(5000, () => '- {name: s}\n')}`));
  assert.equal(error.message, 's.yml has 9999 problems');
  assert.equal(error.errors.length, 101);
  assert.equal(error.errors[0]?.message, 'secrets[0] lacks "kind"');
  assert.equal(error.errors.at(-1)?.message, 's.yml has 9899 problems more, which are not listed');
  const groups = Array.from({ length: 20_000 }, () => ({ 'require-all': ['x'] }));
  const hostile = { version: '0.3', name: 'a', access_policy: { update: groups } };
  assertQuick('refusing many groups', () => errorOf(() => normaliseCompleteSession(hostile)));
});

test('of very many warnings a hundred are told', () => {
  const services = lines(300, (i) => `- {name: s${i}, command: s, mrenclaves: [], tags: [x]}\n`);
  const { warnings } = read(`${top}services:\n${services}`);
  assert.equal(warnings.length, 101);
  assert.equal(warnings.at(-1)?.message, 's.yml has more warnings, which are not listed');
});

test('a placeholder without a secret names the one that was probably meant, and not all that there are', () => {
  const secrets = lines(500, (i) => `- {name: password_${i}, kind: ascii}\n`);
  const service = 'services: [{name: p, command: p, attestation: [], environment: {A: $$SCONE::pasword_7$$}}]\n';
  const [problem] = errorOf(() => read(`${top}${service}secrets:\n${secrets}`)).errors;
  assert.equal(problem?.hint, 'did you mean "password_7"? Otherwise define the secret');
  const names = Array.from({ length: 12 }, (_, i) => `password_${i}`).join(', ');
  assert.equal(problem?.expected, `one of ${names} and 488 more`);
});

test('many placeholders among many secrets, and a long chain of issuers, take no longer than their length', () => {
  const many = 2000;
  const variables = lines(many, (i) => `    A${i}: $$SCONE::s${i}$$\n`);
  const secrets = lines(many, (i) => `- {name: s${i}, kind: ascii}\n`);
  const service = `services:\n- name: p\n  command: p\n  attestation: []\n  environment:\n${variables}`;
  assertQuick('many placeholders', () => read(`${top}${service}secrets:\n${secrets}`));
  const chain = Array.from({ length: 50_000 }, (_, i) => ({
    name: `c${i}`,
    kind: 'x509-ca',
    private_key: 'k',
    issuer: `c${(i + 1) % 50_000}`,
  }));
  const circle = { version: '0.3', name: 'a', secrets: [{ name: 'k', kind: 'private-key' }, ...chain] };
  let problem = '';
  assertQuick('a long chain', () => {
    problem = errorOf(() => normaliseCompleteSession(circle)).errors[0]?.message ?? '';
  });
  assert.equal(problem, 'secrets[1].issuer leads back to the certificate itself');
});
