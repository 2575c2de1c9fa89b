import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fromHex, hex, utf8Text } from '../core/bytes.ts';
import type { Random } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { explicitValueHmac } from '../session/canonical.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Session } from '../session/types.ts';
import { asciiSecret, secretValues, valueText } from './secrets.ts';
import type { SessionVersion } from './state.ts';

const random: Random = (length) => new Uint8Array(randomBytes(length));
const salt = '00112233445566778899aabbccddeeff';
const session = (secrets: object[], rest: object = {}): Session =>
  normaliseSession({ version: '0.3.12', name: 'a', secrets, ...rest });
const version = (of: Session, secrets: Map<string, Uint8Array>): SessionVersion => ({
  session: of,
  text: '',
  hash: '',
  index: 1,
  secrets,
});
const refuses = (call: () => unknown) =>
  assert.throws(call, (error) => error instanceof SconeError && error.code === 'E_SESSION');

test('generated ascii secrets have their size, and every printable character but the blank is as likely as any other', () => {
  const counts = new Map<number, number>();
  const text = asciiSecret(94_000, random);
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  assert.equal(text.length, 94_000);
  assert.deepEqual(Math.min(...counts.keys()), 0x21);
  assert.deepEqual(Math.max(...counts.keys()), 0x7e);
  assert.equal(counts.size, 94);
  // 1000 each; a modulo of 256 by 94 would make the first 68 half as likely again. Six sigma is about 190.
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 200, `${count}`);
});

test('bytes that would make some characters likelier are thrown away', () => {
  const bytes = [188, 255, 0, 187, 200, 93];
  const secret = asciiSecret(3, (length) => new Uint8Array(Array.from({ length }, () => bytes.shift() ?? 0)));
  assert.equal(utf8Text(secret), '!~~');
});

test('every secret gets a value of its size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.constantFrom('ascii', 'binary'), (size, kind) => {
      const values = secretValues(session([{ name: 's', kind, size: String(size) }]), {}, undefined, random);
      assert.equal(values.get('s')?.length, size);
    }),
  );
});

test('generated values survive an update that keeps kind and size, and no other', () => {
  const old = session([{ name: 's', kind: 'ascii', size: '10' }]);
  const before = version(old, secretValues(old, {}, undefined, random));
  const value = (secrets: object[], rest?: object, values = {}) =>
    hex(secretValues(session(secrets, rest), values, before, random).get('s') ?? assert.fail());
  const kept = hex(before.secrets.get('s') ?? assert.fail());
  assert.equal(value([{ name: 's', kind: 'ascii', size: '10' }]), kept);
  assert.equal(value([{ name: 's', kind: 'ascii', size: '10', export_public: true }]), kept);
  assert.notEqual(value([{ name: 's', kind: 'ascii', size: '11' }]).slice(0, 20), kept);
  assert.notEqual(value([{ name: 's', kind: 'binary', size: '10' }]), kept);
  assert.equal(secretValues(session([]), {}, before, random).size, 0);
});

test('a value that was given is not kept as if it had been generated', () => {
  const given = { name: 's', kind: 'ascii', size: '5', value_hmac: explicitValueHmac(fromHex(salt), 's', 'given') };
  const old = session([given], { salt });
  const before = version(old, secretValues(old, { s: 'given' }, undefined, random));
  assert.equal(utf8Text(before.secrets.get('s') ?? assert.fail()), 'given');
  const made = secretValues(session([{ name: 's', kind: 'ascii', size: '5' }]), {}, before, random);
  assert.notEqual(utf8Text(made.get('s') ?? assert.fail()), 'given');
});

test('40: a given value is taken only if its HMAC under the salt is the one of the session', () => {
  const given = (name: string, kind: string, value: string, of = value) => ({
    secrets: [{ name, kind, size: '5', value_hmac: explicitValueHmac(fromHex(salt), name, of) }],
    values: { [name]: value },
  });
  const take = ({ secrets, values }: ReturnType<typeof given>) =>
    secretValues(session(secrets, { salt }), values, undefined, random);
  assert.equal(hex(take(given('s', 'binary', 'C0FFEE')).get('s') ?? assert.fail()), 'c0ffee');
  assert.equal(utf8Text(take(given('s', 'ascii', 'two\nlines')).get('s') ?? assert.fail()), 'two\nlines');
  refuses(() => take(given('s', 'ascii', 'x', 'y')));
  refuses(() => take(given('s', 'binary', 'xyz')));
  refuses(() => take(given('s', 'binary', 'abc')));
  refuses(() => take(given('s', 'ascii', 'nul\0')));
  refuses(() => take(given('s', 'ascii', 'é')));
  refuses(() => take({ ...given('s', 'ascii', 'x'), values: {} }));
  refuses(() => take({ ...given('s', 'ascii', 'x'), values: { s: 'x', t: 'x' } }));
  // A name like any other, also as a member of an object.
  const name = '__proto__';
  const values = JSON.parse('{"__proto__":"x"}') as { [name: string]: string };
  assert.equal(
    utf8Text(
      secretValues(session(given(name, 'ascii', 'x').secrets, { salt }), values, undefined, random).get(name) ??
        assert.fail(),
    ),
    'x',
  );
});

test('values are shown as their owner writes them: ascii as text, binary in hex', () => {
  assert.equal(valueText('ascii', Uint8Array.of(0x61, 0x62)), 'ab');
  assert.equal(valueText('binary', Uint8Array.of(0, 255)), '00ff');
});
