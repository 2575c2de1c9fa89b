import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SconeError } from '../core/errors.ts';
import { below, decodePath, encodePath, isNormal, isWithin, nameOf, parentOf, pathBytes, pathOfText } from './path.ts';

test('bytes outside the plain set are encoded as upper-case hex, and nothing else is', () => {
  assert.equal(encodePath(pathOfText('/usr/share/ä b%.crt')), '/usr/share/%C3%A4%20b%25.crt');
  assert.equal(encodePath('/a-Z_0.9~/x'), '/a-Z_0.9~/x');
});

test('every byte path survives encoding and decoding', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 255 })), (bytes) => {
      const path = Buffer.from(bytes).toString('latin1');
      assert.equal(decodePath(encodePath(path)), path);
      assert.deepEqual([...pathBytes(path)], bytes);
    }),
  );
});

test('68: a second spelling of a path is refused', () => {
  for (const text of ['/%61', '/%c3', '/a b', '/%', '/%4', '/%00', '/\u0100', '/ä']) {
    assert.throws(() => decodePath(text), { name: 'SconeError', code: 'E_FORMAT' }, text);
  }
});

test('decoding hostile text gives a path or our error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      try {
        decodePath(text);
      } catch (error) {
        assert.ok(error instanceof SconeError);
      }
    }),
  );
});

test('a normal path is absolute and has no empty, dot or dot-dot part', () => {
  for (const path of ['/', '/a', '/a/b', '/..a', '/a/...']) assert.equal(isNormal(path), true, path);
  for (const path of ['', 'a', '//', '/a/', '/a//b', '/./a', '/a/..', '/a\0b'])
    assert.equal(isNormal(path), false, path);
});

test('parents, names and what is within', () => {
  assert.deepEqual([parentOf('/a/b'), parentOf('/a'), parentOf('/')], ['/a', '/', '/']);
  assert.deepEqual([nameOf('/a/b'), below('/', 'a'), below('/a', 'b')], ['b', '/a', '/a/b']);
  assert.deepEqual(
    [isWithin('/ab', '/a'), isWithin('/a/b', '/a'), isWithin('/a', '/a'), isWithin('/x', '/')],
    [false, true, true, true],
  );
});
