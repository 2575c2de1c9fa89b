import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, parseAddress } from './address.ts';

test('an address is a host with an optional port', () => {
  const cases: [string, string][] = [
    ['localhost', 'localhost:8081'],
    ['CAS.example.org:443', 'cas.example.org:443'],
    ['127.0.0.1', '127.0.0.1:8081'],
    ['[::1]:9000', '[::1]:9000'],
    ['::1', '[::1]:8081'],
    ['cas.scone-system', 'cas.scone-system:8081'],
  ];
  for (const [text, expected] of cases) assert.equal(addressText(parseAddress(text)), expected);
});

test('a scheme, a path, a user, a port out of range or an empty text is no address', () => {
  for (const text of ['https://cas', 'cas/x', 'a@b', 'cas:0', 'cas:65536', 'cas:', '', '[cas]:1', 'a b', '[::1', 'ü']) {
    assert.throws(() => parseAddress(text), { code: 'E_USAGE' }, text);
  }
});
