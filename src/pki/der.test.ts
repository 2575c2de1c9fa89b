import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fromHex, hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { DerReader, readDer, tags } from './der.ts';

const read = <T>(bytes: string, how: (reader: DerReader) => T): T => readDer(fromHex(bytes), 'test', how);
const refused = (bytes: string, how: (reader: DerReader) => unknown, why: RegExp): void => {
  assert.throws(
    () => read(bytes, how),
    (error) => error instanceof SconeError && error.code === 'E_DER' && why.test(error.message),
    bytes,
  );
};

test('lengths have one encoding: definite and minimal', () => {
  assert.equal(read('0400', (reader) => reader.octets()).length, 0);
  assert.equal(read(`047f${'00'.repeat(127)}`, (reader) => reader.octets()).length, 127);
  assert.equal(read(`048180${'00'.repeat(128)}`, (reader) => reader.octets()).length, 128);
  assert.equal(read(`04820100${'00'.repeat(256)}`, (reader) => reader.octets()).length, 256);
  refused('048000', (reader) => reader.octets(), /length that is not DER/);
  refused('04800000', (reader) => reader.octets(), /length that is not DER/);
  refused(`04817f${'00'.repeat(127)}`, (reader) => reader.octets(), /not minimal/);
  refused(`048200ff${'00'.repeat(255)}`, (reader) => reader.octets(), /not minimal/);
  refused('0485000000000100', (reader) => reader.octets(), /length that is not DER/);
  refused('0484ffffffff00', (reader) => reader.octets(), /longer than the bytes/);
  refused('0402aa', (reader) => reader.octets(), /longer than the bytes/);
  refused('04', (reader) => reader.octets(), /ends too early/);
  refused('', (reader) => reader.octets(), /another element/);
});

test('nothing may follow, inside or outside', () => {
  refused('040000', (reader) => reader.octets(), /bytes behind its end/);
  refused(
    '300404000500',
    (reader) => {
      const inner = reader.enter();
      inner.octets();
      inner.end();
    },
    /bytes behind its end/,
  );
});

test('tags above 30 and unexpected tags are refused', () => {
  refused('1f810100', (reader) => reader.next(), /tag above 30/);
  refused('0500', (reader) => reader.octets(), /another element/);
});

test('integers are minimal two’s complement', () => {
  assert.equal(hex(read('020100', (reader) => reader.integer())), '00');
  assert.equal(hex(read('02020080', (reader) => reader.integer())), '0080');
  assert.equal(
    read('02020100', (reader) => reader.smallInteger()),
    256,
  );
  assert.equal(
    read('0a0103', (reader) => reader.smallInteger(tags.enumerated)),
    3,
  );
  assert.equal(
    read('02020080', (reader) => reader.positiveHex(20)),
    '80',
  );
  refused('0200', (reader) => reader.integer(), /empty integer/);
  refused('0202007f', (reader) => reader.integer(), /not minimal/);
  refused('0202ff80', (reader) => reader.integer(), /not minimal/);
  refused('0201ff', (reader) => reader.smallInteger(), /out of range/);
  refused('02050100000000', (reader) => reader.smallInteger(), /out of range/);
  refused('020100', (reader) => reader.positiveHex(20), /not positive/);
  refused('020180', (reader) => reader.positiveHex(20), /not positive/);
  refused(`0215${'7f'.repeat(21)}`, (reader) => reader.positiveHex(20), /longer than 20/);
});

test('booleans are 00 or ff', () => {
  assert.equal(
    read('0101ff', (reader) => reader.boolean()),
    true,
  );
  assert.equal(
    read('010100', (reader) => reader.boolean()),
    false,
  );
  refused('010101', (reader) => reader.boolean(), /boolean/);
  refused('0100', (reader) => reader.boolean(), /boolean/);
});

test('bit strings say how many bits are unused, and those are zero', () => {
  assert.deepEqual(
    read('030206c0', (reader) => reader.bits()),
    { bytes: Uint8Array.of(0xc0), unused: 6 },
  );
  refused('030206e0', (reader) => reader.bits(), /unused bits/);
  refused('030208c0', (reader) => reader.bits(), /bit string/);
  refused('030101', (reader) => reader.bits(), /bit string/);
  refused('0300', (reader) => reader.bits(), /bit string/);
  refused('030206c0', (reader) => reader.wholeBits(), /whole bytes/);
});

test('object identifiers are read in dotted form and must be minimal', () => {
  assert.equal(
    read('060a2a864886f84d010d0101', (reader) => reader.oid()),
    '1.2.840.113741.1.13.1.1',
  );
  assert.equal(
    read('0603551d0f', (reader) => reader.oid()),
    '2.5.29.15',
  );
  assert.equal(
    read('0603883703', (reader) => reader.oid()),
    '2.999.3',
  );
  refused('0600', (reader) => reader.oid(), /cut off/);
  refused('060286f8', (reader) => reader.oid(), /cut off/);
  refused('06032a8001', (reader) => reader.oid(), /not minimal/);
  refused('060a2affffffffffffffff7f', (reader) => reader.oid(), /too large/);
});

test('times are in the only forms of RFC 5280 and exist', () => {
  const time = (tag: string, text: string): string =>
    `${tag}${text.length.toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`;
  assert.equal(read(time('17', '250619105611Z'), (reader) => reader.time()).toISOString(), '2025-06-19T10:56:11.000Z');
  assert.equal(read(time('17', '500101000000Z'), (reader) => reader.time()).getUTCFullYear(), 1950);
  assert.equal(read(time('17', '491231235959Z'), (reader) => reader.time()).getUTCFullYear(), 2049);
  assert.equal(
    read(time('18', '20520229000000Z'), (reader) => reader.time()).toISOString(),
    '2052-02-29T00:00:00.000Z',
  );
  for (const [tag, text] of [
    ['17', '2506191056Z'],
    ['17', '250619105611+0000'],
    ['17', '20250619105611Z'],
    ['18', '250619105611Z'],
    ['18', '20250619105611.5Z'],
    ['0c', '250619105611Z'],
  ] as const) {
    refused(time(tag, text), (reader) => reader.time(), /form of RFC 5280/);
  }
  for (const text of ['250230000000Z', '251301000000Z', '250619246000Z', '250619235960Z', '250600000000Z']) {
    refused(time('17', text), (reader) => reader.time(), /does not exist/);
  }
});

/** Reads whatever is there as deeply as it goes, with every typed reader. */
function readAll(reader: DerReader, depth = 0): void {
  while (!reader.empty) {
    const { tag, whole, value } = reader.next();
    const again = (): DerReader => new DerReader(whole, 'test');
    if (tag === tags.integer) again().integer();
    else if (tag === tags.boolean) again().boolean();
    else if (tag === tags.bitString) again().bits();
    else if (tag === tags.oid) again().oid();
    else if (tag === tags.utcTime || tag === tags.generalizedTime) again().time();
    else if ((tag & 0x20) !== 0 && depth < 50) readAll(new DerReader(value, 'test'), depth + 1);
  }
}

test('any bytes are read or refused with E_DER, in a time that their length bounds', () => {
  const hostile = (bytes: Uint8Array): void => {
    try {
      readAll(new DerReader(bytes, 'test'));
    } catch (error) {
      assert.ok(error instanceof SconeError && error.code === 'E_DER', String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), hostile), { numRuns: 2000 });
  const tag = fc.constantFrom(0x01, 0x02, 0x03, 0x04, 0x06, 0x17, 0x18, 0x30, 0x31, 0xa0, 0x80);
  const element = fc
    .tuple(tag, fc.uint8Array({ maxLength: 20 }))
    .map(([each, value]) => Uint8Array.of(each, value.length, ...value));
  const nested = fc
    .array(element, { maxLength: 5 })
    .map((items) => items.flatMap((item) => [...item]))
    .map((value) => Uint8Array.of(0x30, ...(value.length < 128 ? [value.length] : [0x81, value.length]), ...value));
  fc.assert(fc.property(nested, hostile), { numRuns: 2000 });
});
