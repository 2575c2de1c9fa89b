import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, utf8Text } from '../core/bytes.ts';
import { descriptorBytes, parseDescriptor, type ServiceDescriptor } from './descriptor.ts';

const env: { [name: string]: string } = Object.create(null);
Object.assign(env, { PATH: '/usr/bin', B: 'x' });
env['__proto__'] = 'kept';
const descriptor: ServiceDescriptor = {
  v: 1,
  flavour: 'sim',
  sconectl: '0.1.0',
  runtime: { version: '0.1.0', sha256: 'ab'.repeat(32) },
  name: 'app',
  kind: 'python',
  argv: ['python3', 'app.py'],
  pwd: '/app',
  user: { uid: 65532, gid: 65532 },
  env,
  environment: { local: [{ name: 'A', value: 'é' }], global: [{ name: 'B' }, { name: 'C', value: '' }] },
  secrets: {
    global: [
      { name: 's', kind: 'ascii', size: '10' },
      { name: 't', kind: 'binary', explicit: true },
    ],
    import: [],
  },
  injection_files: [
    { path: '/f', content: null },
    { path: '/g', content: 'x\n' },
  ],
  volumes: [],
};

test('a descriptor survives its bytes, a variable called __proto__ included', () => {
  const bytes = descriptorBytes(descriptor);
  const again = parseDescriptor(bytes);
  assert.deepEqual(descriptorBytes(again), bytes);
  assert.equal(Object.entries(again.env).find(([name]) => name === '__proto__')?.[1], 'kept');
  assert.equal(utf8Text(bytes).endsWith('}\n'), true);
});

test('68: only the one byte form is a descriptor', () => {
  const text = utf8Text(descriptorBytes(descriptor));
  const variants = [
    text.trimEnd(),
    `${text}\n`,
    ` ${text}`,
    text.replace('"v":1', '"v":1.0'),
    text.replace('"v":1', '"v":2'),
    text.replace('"argv":', '"argv" :'),
    text.replace('{"argv"', '{"zzz":1,"argv"'),
    text.replace('"flavour":"sim"', '"flavour":"sim","flavour":"sgx"'),
    text.replace('"flavour":"sim"', '"Flavour":"sim"'),
    text.replace('"kind":"python"', '"kind":"java"'),
    text.replace('"kind":"ascii"', '"kind":"pgp-key"'),
    text.replace('"explicit":true', '"value":"hunter2"'),
    text.replace('"pwd":"/app"', '"pwd":"app"'),
    text.replace('"uid":65532', '"uid":-1'),
    text.replace('"volumes":[]', '"volumes":["v"]'),
    text.replace('"app.py"', '1'),
    text.replace('é', '\\u00e9'),
    '{}\n',
    'null\n',
    '',
  ];
  for (const variant of variants) {
    assert.notEqual(variant, text);
    assert.throws(() => parseDescriptor(utf8(variant)), { name: 'SconeError', code: 'E_IMAGE' }, variant);
  }
  assert.throws(() => parseDescriptor(Uint8Array.of(0xff)), { code: 'E_IMAGE' });
});
