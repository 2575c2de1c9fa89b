import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  base58,
  base64,
  compareBytes,
  concat,
  equalBytes,
  fromBase58,
  fromBase64,
  fromHex,
  hex,
  lp,
  lpSequence,
  uint,
  utf8,
  utf8Text,
  zeroPad,
} from './bytes.ts';
import { SconeError } from './errors.ts';

const format = { name: 'SconeError', code: 'E_FORMAT' };
const anyBytes = fc.uint8Array({ maxLength: 80 });

test('text and bytes are UTF-8, and only UTF-8', () => {
  assert.deepEqual(utf8('aé€😀'), Uint8Array.of(97, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(utf8Text(utf8(text)), text)));
  // A byte order mark is a character like any other: dropped, two documents would have one text.
  assert.equal(utf8Text(Uint8Array.of(0xef, 0xbb, 0xbf, 97)), '\ufeffa');
  for (const wrong of ['ff', 'c3', 'c0af', 'eda080', 'f8888080', '80']) {
    assert.throws(() => utf8Text(fromHex(wrong), 'the name'), { ...format, message: 'the name is not UTF-8' });
  }
});

test('concat joins without sharing memory with its parts', () => {
  const part = Uint8Array.of(1, 2);
  const joined = concat(part, new Uint8Array(0), Uint8Array.of(3));
  part[0] = 9;
  assert.deepEqual(joined, Uint8Array.of(1, 2, 3));
  assert.deepEqual(concat(), new Uint8Array(0));
});

test('integers are big-endian and must fit', () => {
  assert.deepEqual(uint(0x0102, 4), Uint8Array.of(0, 0, 1, 2));
  assert.deepEqual(uint(2n ** 64n - 1n, 8), new Uint8Array(8).fill(255));
  for (const [value, width] of [
    [256, 1],
    [-1, 4],
    [2n ** 64n, 8],
  ] as const)
    assert.throws(() => uint(value, width), format);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (n) => BigInt(`0x${hex(uint(n, 8))}`) === n));
});

test('28: a sequence of length-prefixed fields is unlike every other sequence', () => {
  assert.equal(hex(lp('ab')), '000000026162');
  assert.equal(hex(lpSequence('d', 'ab', new Uint8Array(0))), '000000016400000002616200000000');
  const fields = fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 });
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const same = a.length === b.length && a.every((field, i) => field === b[i]);
      assert.equal(equalBytes(lpSequence('d', ...a), lpSequence('d', ...b)), same);
    }),
  );
});

test('28: moving a byte over a border, joining fields or adding an empty one changes the bytes', () => {
  const forms = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc']].map((fields) =>
    hex(lpSequence('d', ...fields)),
  );
  assert.equal(new Set(forms).size, forms.length);
  assert.notEqual(hex(lpSequence('ab', 'c')), hex(lpSequence('a', 'bc')));
});

test('hex is lower case, of whole bytes and of the length asked for', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => assert.deepEqual(fromHex(hex(bytes), bytes.length), new Uint8Array(bytes))),
  );
  for (const wrong of ['A0', 'a', '0g', ' a0', 'a0\n', '0xa0', 'ａ０'])
    assert.throws(() => fromHex(wrong), format, wrong);
  assert.throws(() => fromHex('a0', 2, 'H'), { ...format, message: 'H is not 4 digits of lower-case hex' });
  assert.throws(() => fromHex('a0a0a0', 2), format);
});

test('base64 is taken in one form only', () => {
  fc.assert(fc.property(anyBytes, (bytes) => assert.deepEqual(fromBase64(base64(bytes)), new Uint8Array(bytes))));
  for (const wrong of ['YQ', 'YQ=', 'YR==', 'YQ==\n', ' YQ==', '-_8=', 'YQ==YQ==', '=', 'Y']) {
    assert.throws(
      () => fromBase64(wrong, 'evidence'),
      { ...format, message: 'evidence is not canonical base64' },
      wrong,
    );
  }
  fc.assert(fc.property(fc.string(), (text) => onlyOurs(() => assert.equal(base64(fromBase64(text)), text))));
});

test('views into a larger buffer keep to their own bytes', () => {
  const view = new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2);
  assert.equal(hex(view), '0203');
  assert.equal(base64(view), 'AgM=');
});

test('40: equality tells every difference, of length too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
      const other = bytes.slice();
      const place = at % bytes.length;
      other[place] = (other[place] ?? 0) ^ flip;
      assert.equal(equalBytes(bytes, bytes.slice()), true);
      assert.equal(equalBytes(bytes, other), false);
      assert.equal(equalBytes(bytes, bytes.slice(1)), false);
      assert.equal(equalBytes(bytes, concat(bytes, Uint8Array.of(0))), false);
    }),
  );
});

test('the order of bytes is unsigned, the shorter first', () => {
  const sorted = ['', '00', '0000', '01', '7f', '80', 'ff', 'ff00'].map((text) => fromHex(text));
  assert.deepEqual(sorted.toReversed().sort(compareBytes), sorted);
});

test('zero padding fills up to the field and never cuts', () => {
  assert.deepEqual(zeroPad(Uint8Array.of(1), 3), Uint8Array.of(1, 0, 0));
  assert.throws(() => zeroPad(new Uint8Array(33), 32), format);
});

test('base 58 agrees with the vectors of draft-msporny-base58', () => {
  for (const [text, encoded] of [
    ['Hello World!', '2NEpo7TZRRrLZSi2U'],
    ['The quick brown fox jumps over the lazy dog.', 'USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z'],
  ] as const) {
    assert.equal(base58(utf8(text)), encoded);
    assert.equal(utf8Text(fromBase58(encoded)), text);
  }
  assert.equal(base58(fromHex('0000287fb4cd')), '11233QC4');
  assert.deepEqual(fromBase58('11233QC4'), fromHex('0000287fb4cd'));
});

test('base 58 keeps every byte, leading zeros too, and refuses what it has not', () => {
  fc.assert(fc.property(anyBytes, (bytes) => assert.deepEqual(fromBase58(base58(bytes)), new Uint8Array(bytes))));
  for (const wrong of ['0', 'O', 'I', 'l', ' 2', '2\n', 'é', '😀', '+']) {
    assert.throws(() => fromBase58(wrong, 'key'), { ...format, message: 'key holds a character that base 58 has not' });
  }
  // Its cost grows with the square of the length: a long text is refused before it is read.
  assert.throws(() => fromBase58('z'.repeat(257)), format);
  fc.assert(fc.property(fc.string(), (text) => onlyOurs(() => assert.equal(base58(fromBase58(text)), text))));
});

function onlyOurs(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
  }
}
