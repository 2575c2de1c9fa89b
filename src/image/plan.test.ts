import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../core/errors.ts';
import { descriptorBytes } from '../manifest/descriptor.ts';
import { loadManifest } from '../manifest/load.ts';
import type { ServiceManifest } from '../manifest/service.ts';
import { describeService, environmentMap, planBuild } from './plan.ts';

function manifestOf(change: (text: string) => string = (text) => text): ServiceManifest {
  const text = [
    'apiVersion: scone/5.8',
    'kind: genservice',
    'build:',
    '  name: hello',
    '  kind: python',
    '  to: r.example/hello',
    '  pwd: /python',
    '  command: python3 app.py',
    'secrets:',
    '  global:',
    '  - {name: password, kind: ascii, size: 10}',
    '  - {name: explicit, kind: ascii, value: topsecret}',
    '',
  ].join('\n');
  const loaded = loadManifest(change(text), 'service.yml', { variables: new Map() });
  assert.ok(loaded.kind === 'genservice');
  return loaded.manifest;
}

test('a plan has the name with its tag, the working directory and the secrets', () => {
  const plan = planBuild(manifestOf(), 'sim');
  assert.equal(plan.name, 'r.example/hello:latest');
  assert.equal(plan.pwd, '/python');
  assert.deepEqual(plan.secrets, [
    { name: 'password', kind: 'ascii', size: '10' },
    { name: 'explicit', kind: 'ascii', explicit: true },
  ]);
});

const refusal = (pattern: RegExp) => (error: unknown) =>
  error instanceof SconeError && error.code === 'E_NOT_YET' && pattern.test(error.errors[0]?.message ?? '');

test('other TEEs, kinds and secrets are refused by name', () => {
  for (const tee of ['sgx', 'tdx', 'snp'])
    assert.throws(() => planBuild(manifestOf(), tee), { code: 'E_NOT_YET', found: tee });
  const java = manifestOf((text) => text.replace('kind: python', 'kind: java'));
  assert.throws(() => planBuild(java, 'sim'), refusal(/build.kind java /));
  const key = manifestOf((text) => text.replace('kind: ascii, size: 10', 'kind: private-key'));
  assert.throws(() => planBuild(key, 'sim'), refusal(/private-key/));
});

test('71: an explicit secret value is nowhere in the descriptor', () => {
  const manifest = manifestOf();
  const descriptor = describeService(manifest, planBuild(manifest, 'sim'), {
    version: '1',
    runtimeSha256: '0'.repeat(64),
    env: environmentMap([]),
    injectionFiles: [],
  });
  assert.doesNotMatch(Buffer.from(descriptorBytes(descriptor)).toString(), /topsecret/);
  assert.match(Buffer.from(descriptorBytes(descriptor)).toString(), /"explicit":true/);
});

test('the environment of an image is a map without a prototype, with a PATH and a HOME in any case', () => {
  assert.equal(environmentMap(['LANG=C'])['PATH']?.includes('/usr/bin'), true);
  const map = environmentMap(['PATH=/x', '__proto__=y', 'A=b=c', 'broken']);
  assert.deepEqual(Object.entries(map), [
    ['PATH', '/x'],
    ['HOME', '/tmp'],
    ['__proto__', 'y'],
    ['A', 'b=c'],
  ]);
});
