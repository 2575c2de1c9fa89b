import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flip, refusedWith } from '../../../test/evidence/world.ts';
import { concat, utf8 } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { parseEventLog, verifyEventLog } from './event-log.ts';

const sha384 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha384').update(bytes).digest());
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const separator = 4;
const compactHash = 12;

const header = concat(u32(0), u32(3), new Uint8Array(20), u32(33), utf8('Spec ID Event03\0'), new Uint8Array(17));
const event = (register: number, type: number, data: Uint8Array, digest = sha384(data)): Uint8Array =>
  concat(u32(register), u32(type), u32(1), Uint8Array.of(0x0c, 0), digest, u32(data.length), data);

const kernel = sha384(utf8('the kernel image'));
const parts = [
  event(1, separator, new Uint8Array(4)),
  event(1, 3, utf8('not extended'), new Uint8Array(48)),
  event(2, compactHash, utf8('/boot/vmlinuz'), kernel),
  event(2, separator, new Uint8Array(4)),
  event(3, compactHash, utf8('quiet ro')),
];
const log = concat(header, ...parts);

const extend = (...digests: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(digests.reduce((value, digest) => sha384(concat(value, digest)), new Uint8Array(48)));
const claims = {
  rtmr0: extend(sha384(new Uint8Array(4))),
  rtmr1: extend(kernel, sha384(new Uint8Array(4))),
  rtmr2: extend(sha384(utf8('quiet ro'))),
  rtmr3: new Uint8Array(48),
};

test('18: an event log replays to the RTMRs, and tells only data that was measured', () => {
  const events = verifyEventLog(log, claims);
  assert.deepEqual(
    events.map(({ rtmr, payload }) => [rtmr, payload === undefined ? undefined : Buffer.from(payload).toString()]),
    [
      [0, '\0\0\0\0'],
      [1, undefined],
      [1, '\0\0\0\0'],
      [2, 'quiet ro'],
    ],
  );
  // As firmware tables are: the rest was never written.
  for (const padding of [new Uint8Array(100).fill(0xff), new Uint8Array(100)]) {
    assert.equal(verifyEventLog(concat(log, padding), claims).length, 4);
  }
});

test('18: an event left out, added, swapped or of another register is refused', () => {
  const [first = header, , third = header, fourth = header, last = header] = parts;
  for (const other of [
    concat(header, first, third, fourth),
    concat(header, ...parts, last),
    concat(header, first, fourth, third, last),
    concat(header, first, third, fourth, event(4, compactHash, utf8('quiet ro'))),
    header,
  ]) {
    assert.match(refusedWith(() => verifyEventLog(other, claims)).message, /does not replay to RTMR/);
  }
  // Whoever does not care for RTMR2 says so, and gets no event of it.
  const events = verifyEventLog(concat(header, first, third, fourth), claims, [0, 1, 3]);
  assert.deepEqual(
    events.map(({ rtmr }) => rtmr),
    [0, 1, 1],
  );
  assert.equal(refusedWith(() => verifyEventLog(log, claims, [4])).code, 'E_EVIDENCE');
});

test('18: the digests a log states about its data are computed anew', () => {
  const lie = concat(header, event(1, separator, utf8('evil'), sha384(new Uint8Array(4))), ...parts.slice(2));
  assert.match(refusedWith(() => verifyEventLog(lie, claims)).message, /not what was measured/);
  const other = concat(header, ...parts.slice(0, 4), event(3, compactHash, utf8('evil'), sha384(utf8('quiet ro'))));
  assert.equal(verifyEventLog(other, claims).at(-1)?.payload, undefined);
});

test('18: other digests, registers and headers are refused', () => {
  const odd = (bytes: Uint8Array): SconeError => refusedWith(() => parseEventLog(concat(header, bytes)));
  assert.match(odd(flip(event(1, separator, new Uint8Array(4)), 12, 0x07)).message, /SHA-384/);
  assert.match(odd(flip(event(1, separator, new Uint8Array(4)), 8)).message, /SHA-384/);
  assert.match(odd(event(5, compactHash, new Uint8Array(4))).message, /no RTMR/);
  assert.match(odd(event(0, compactHash, new Uint8Array(4))).message, /no RTMR/);
  assert.equal(refusedWith(() => parseEventLog(log.subarray(1))).code, 'E_EVIDENCE');
  assert.equal(refusedWith(() => parseEventLog(new Uint8Array())).code, 'E_EVIDENCE');
});

test('11: a changed or cut log gives our own error or the same verdict about what was measured', () => {
  fc.assert(
    fc.property(fc.nat(log.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
      try {
        verifyEventLog(cut ? log.subarray(0, at) : flip(log, at, mask), claims);
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
