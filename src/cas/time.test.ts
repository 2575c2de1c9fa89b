import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { casTime, demandAgreement, isJump, longestJump, recordTime } from './time.ts';

const at = (text: string) => new Date(text);
const known = { lastRecord: at('2026-11-23T12:00:00Z'), newestIssue: at('2026-11-23T11:00:00Z') };

test('67: CAS time is the latest of clock, last record and newest issue date', () => {
  fc.assert(
    fc.property(fc.nat(4e12), fc.nat(4e12), fc.nat(4e12), (clock, record, issue) => {
      const time = casTime(() => new Date(clock), { lastRecord: new Date(record), newestIssue: new Date(issue) });
      assert.equal(time.getTime(), Math.max(clock, record, issue));
    }),
  );
});

test('67: a jump of more than a day is written only when an owner confirms it', () => {
  const edge = new Date(known.lastRecord.getTime() + longestJump);
  const beyond = new Date(edge.getTime() + 1);
  assert.equal(isJump(edge, known), false);
  assert.equal(isJump(beyond, known), true);
  assert.equal(recordTime(edge, known, false), '2026-11-24T12:00:00Z');
  assert.equal(recordTime(beyond, known, false), rfc3339(known.lastRecord));
  assert.equal(recordTime(beyond, known, true), '2026-11-24T12:00:00Z');
});

test('67: clocks agree within five minutes, and what is no time agrees with nothing', () => {
  const now = at('2026-11-23T12:00:00Z');
  for (const fine of ['2026-11-23T12:00:00Z', '2026-11-23T11:55:00Z', '2026-11-23T12:05:00Z'])
    demandAgreement(fine, now);
  for (const wrong of ['2026-11-23T11:54:59Z', '2026-11-23T12:05:01Z', '2026-99-99T99:99:99Z', '']) {
    assert.throws(
      () => demandAgreement(wrong, now),
      (error) => error instanceof SconeError && error.code === 'E_TIME',
    );
  }
});
