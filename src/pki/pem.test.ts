import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SconeError } from '../core/errors.ts';
import { pem, pemChain, readPem } from './pem.ts';

test('what was written is read back', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 4 }), (ders) => {
      const read = readPem('CERTIFICATE', pemChain('CERTIFICATE', ders), 'chain');
      assert.deepEqual(
        read.map((der) => [...der]),
        ders.map((der) => [...der]),
      );
    }),
  );
});

test('lines end as vendors end them, and blanks between blocks do not matter', () => {
  const text = pem('CERTIFICATE', Uint8Array.of(1, 2, 3));
  for (const variant of [text.trimEnd(), text.replaceAll('\n', '\r\n'), `\n${text}\n\n${text}\n`]) {
    assert.deepEqual([...(readPem('CERTIFICATE', variant, 'chain')[0] ?? [])], [1, 2, 3]);
  }
});

test('anything else is refused', () => {
  const good = pem('CERTIFICATE', Uint8Array.of(1, 2, 3));
  for (const text of [
    '',
    'AQID',
    good.replaceAll('CERTIFICATE', 'X509 CRL'),
    good.replace('END CERTIFICATE', 'END X509 CRL'),
    good.replace('AQID', 'AQI'),
    good.replace('AQID', 'AQI='.replace('I', 'J')),
    good.replace('AQID', ''),
    `comment\n${good}`,
    `${good}comment`,
    good.slice(0, -3),
    good.repeat(17),
  ]) {
    assert.throws(() => readPem('CERTIFICATE', text, 'chain'), { code: 'E_FORMAT' }, text);
  }
});

test('any text is read or refused with our own error', () => {
  const words = fc.constantFrom(
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '\n',
    'AAAA',
    'AA==',
    ' ',
    'x',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
      try {
        readPem('CERTIFICATE', parts.join(''), 'chain');
      } catch (error) {
        assert.ok(error instanceof SconeError);
      }
    }),
    { numRuns: 1000 },
  );
});
