import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { decodeEvent, type Event, encodeEvent } from './events.ts';

const event: Event = { type: 'reveal', time: '2026-11-23T12:00:00Z', name: 'a/b', hash: 'ab'.repeat(32), by: 'key' };

test('an event comes back as it was', () => {
  assert.deepEqual(decodeEvent(encodeEvent(event)), event);
});

test('a record of a form that is not known is refused without quoting it', () => {
  for (const text of [
    'secret no JSON',
    '{"type":"reveal","secret":1}',
    JSON.stringify({ ...event, type: 'secret' }),
    JSON.stringify({ ...event, hash: 'secret' }),
    JSON.stringify({ ...event, more: 'secret' }),
  ]) {
    assert.throws(
      () => decodeEvent(utf8(text)),
      (error) => error instanceof SconeError && error.code === 'E_LEDGER' && !JSON.stringify(error).includes('secret'),
      text,
    );
  }
  assert.throws(
    () => decodeEvent(Uint8Array.of(0xff)),
    (error) => error instanceof SconeError,
  );
});
