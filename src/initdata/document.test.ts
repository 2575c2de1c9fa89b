import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fromBase64, hex, utf8, utf8Text } from '../core/bytes.ts';
import { keyHash, sha256, sha256Hex } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import {
  configIdField,
  configIdHex,
  initDataHash,
  parseInitData,
  renderCasInitData,
  renderInitData,
  type ServiceInitData,
} from './document.ts';

const key = keyHash(sha256(utf8('a key')), 'simulation');
const other = keyHash(sha256(utf8('another key')), 'production');
const fields: ServiceInitData = {
  mode: 'service',
  cas_url: 'cas.scone-system:18765',
  cas_key: [key],
  config_id: 'myPythonApp/pythonapp/python3',
  rootfs: '0a'.repeat(32),
};

interface Vectors {
  good: { fields: ServiceInitData; hash: string; document: string }[];
  bad: { why: string; document: string }[];
}
/** The same file is read by the tests of the runtime, which is written in another language. */
const vectors = JSON.parse(
  readFileSync(new URL('../../runtime/testdata/initdata.json', import.meta.url), 'utf8'),
) as Vectors;

test('a document has exactly one byte form', () => {
  assert.equal(
    utf8Text(renderInitData(fields)),
    `version = "0.1.0"\nalgorithm = "sha256"\n\n[data]\n"sconectl.json" = '''{"v":1,"mode":"service",` +
      `"cas_url":"cas.scone-system:18765","cas_key":["${key}"],"config_id":"myPythonApp/pythonapp/python3",` +
      `"rootfs":"${'0a'.repeat(32)}"}'''\n`,
  );
  assert.equal(
    utf8Text(renderCasInitData({ rootfs: '0b'.repeat(32) })),
    `version = "0.1.0"\nalgorithm = "sha256"\n\n[data]\n"sconectl.json" = '''{"v":1,"mode":"cas","rootfs":"${'0b'.repeat(32)}"}'''\n`,
  );
});

test('the TEE carries the SHA-256 of the document, and zeros behind it', () => {
  const bytes = renderInitData(fields);
  assert.equal(hex(initDataHash(bytes)), sha256Hex(bytes));
  assert.equal(hex(configIdField(bytes)), sha256Hex(bytes) + '00'.repeat(32));
  assert.equal(configIdHex(bytes), hex(configIdField(bytes)));
});

test('68: both readers, this one and the runtime’s, accept the same documents', () => {
  assert.ok(vectors.good.length > 0);
  for (const { fields: expected, hash, document } of vectors.good) {
    const bytes = fromBase64(document);
    assert.deepEqual(parseInitData(bytes), expected);
    assert.deepEqual(renderInitData(expected), bytes);
    assert.equal(hex(initDataHash(bytes)), hash);
  }
});

test('68: both readers, this one and the runtime’s, refuse the same documents', () => {
  assert.ok(vectors.bad.length > 10);
  for (const { why, document } of vectors.bad) {
    // The document of a CAS is one, only not for a service: the runtime refuses it by its mode.
    const read = () => {
      if (parseInitData(fromBase64(document)).mode === 'cas') throw new SconeError('E_INITDATA', 'not for a service');
    };
    assert.throws(read, { name: 'SconeError', code: 'E_INITDATA' }, why);
  }
});

test('61: a document that differs in any byte is another document or none', () => {
  const bytes = renderInitData(fields);
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [1, 0x20, 0x80]) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ change;
      try {
        assert.notDeepEqual(parseInitData(changed), fields);
        assert.notEqual(hex(initDataHash(changed)), hex(initDataHash(bytes)));
      } catch (error) {
        assert.ok(error instanceof SconeError && error.code === 'E_INITDATA', String(error));
      }
    }
  }
});

test('68: duplicate keys, other case, other order, escapes, blanks and other TOML quotes are refused', () => {
  const text = utf8Text(renderInitData(fields));
  const variants: [string, string][] = [
    ['a duplicate key', text.replace('"v":1', '"v":1,"cas_key":["x"]')],
    ['a second rootfs', text.replace('"}', `","rootfs":"${'0a'.repeat(32)}"}`)],
    ['another case', text.replace('"cas_key"', '"CAS_KEY"')],
    ['a key too many in another case', text.replace('"config_id"', `"CAS_KEY":["${other}"],"config_id"`)],
    ['another order', text.replace('"v":1,"mode":"service"', '"mode":"service","v":1')],
    ['an escape', text.replace('myPythonApp', 'myPython\\u0041pp')],
    ['an escaped slash', text.replace('myPythonApp/', 'myPythonApp\\/')],
    ['a blank in the JSON', text.replace('"v":1,', '"v":1, ')],
    ['another version', text.replace('"v":1', '"v":2')],
    ['a version as a fraction', text.replace('"v":1', '"v":1.0')],
    ['another mode', text.replace('"service"', '"services"')],
    ['an object for the list of keys', text.replace(`["${key}"]`, `{"0":"${key}"}`)],
    ['a text for the list of keys', text.replace(`["${key}"]`, `"${key}"`)],
    ['upper-case hex', text.replace('0a0a', '0A0a')],
    ['a basic TOML string', text.replaceAll("'''", '"')],
    ['a second TOML string', `${text}"sconectl.json" = '''{}'''\n`],
    ['a comment', text.replace('[data]', '[data] # x')],
    ['a bare key', text.replace('"sconectl.json"', 'sconectl.json')],
    ['carriage returns', text.replaceAll('\n', '\r\n')],
    ['no line feed at the end', text.trimEnd()],
    ['another line feed', `${text}\n`],
    ['a byte order mark', `\ufeff${text}`],
    ['a trailing NUL', `${text}\0`],
    ['null', text.replace(/'''.*'''/, "'''null'''")],
    ['a list', text.replace(/'''.*'''/, "'''[]'''")],
    ['nothing between the quotes', text.replace(/'''.*'''/, "''''''")],
    ['a member called __proto__', text.replace('"v":1', '"__proto__":{"v":1}')],
  ];
  for (const [why, variant] of variants) {
    assert.notEqual(variant, text, why);
    assert.throws(() => parseInitData(utf8(variant)), { code: 'E_INITDATA' }, why);
  }
});

test('a value that would need an escape, or is no key hash or digest, is not rendered', () => {
  const wrong: [Partial<ServiceInitData>, RegExp][] = [
    [{ cas_url: '' }, /cas_url/],
    [{ cas_url: 'cas"x' }, /cas_url/],
    [{ cas_url: "a'''b" }, /cas_url/],
    [{ cas_url: '[::1]:18765' }, /cas_url/],
    [{ config_id: 'a b/c/d' }, /config_id/],
    [{ config_id: 'a/b/c\n' }, /config_id/],
    [{ config_id: 'ü/b/c' }, /config_id/],
    [{ cas_key: [] }, /one or two keys/],
    [{ cas_key: [key, other, key] }, /one or two keys/],
    [{ cas_key: ['abc'] }, /cas_key/],
    [{ cas_key: [`1${key}`] }, /cas_key/],
    [{ rootfs: '0A'.repeat(32) }, /rootfs/],
    [{ rootfs: '0a'.repeat(31) }, /rootfs/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => renderInitData({ ...fields, ...change }), { code: 'E_INITDATA', message });
  }
});

test('what is rendered is read back, for any fields', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9._:/@-]{1,40}$/);
  const keys = fc.array(
    fc.tuple(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom('simulation' as const, 'production' as const),
    ),
    { minLength: 1, maxLength: 2 },
  );
  fc.assert(
    fc.property(word, keys, word, fc.stringMatching(/^[0-9a-f]{64}$/), (cas_url, pairs, config_id, rootfs) => {
      const given: ServiceInitData = {
        mode: 'service',
        cas_url,
        cas_key: pairs.map(([digest, mode]) => keyHash(digest, mode)),
        config_id,
        rootfs,
      };
      const bytes = renderInitData(given);
      assert.deepEqual(parseInitData(bytes), given);
    }),
  );
});

test('hostile bytes give only our error', () => {
  const text = utf8Text(renderInitData(fields));
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(fc.nat(text.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 8 }))
      .map(([at, length, insert]) => utf8(text.slice(0, at) + insert + text.slice(at + length))),
    fc.jsonValue().map((value) => utf8(text.replace(/'''.*'''/, () => `'''${JSON.stringify(value)}'''`))),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      try {
        const read = parseInitData(bytes);
        assert.deepEqual(read.mode === 'cas' ? renderCasInitData(read) : renderInitData(read), bytes);
      } catch (error) {
        assert.ok(error instanceof SconeError && error.code === 'E_INITDATA', String(error));
      }
    }),
  );
  assert.throws(() => parseInitData(new Uint8Array(65_537)), { code: 'E_INITDATA', found: '65537' });
});
