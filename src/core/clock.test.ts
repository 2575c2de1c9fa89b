import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, systemClock } from './clock.ts';

test('a time is written in UTC to the second, whatever the zone of the machine', () => {
  assert.equal(rfc3339(new Date(Date.UTC(2026, 10, 23, 4, 5, 6, 999))), '2026-11-23T04:05:06Z');
  assert.equal(Date.parse(rfc3339(new Date(1_000))), 1_000);
});

test('the system clock is the present', () => {
  const before = Date.now();
  const now = systemClock().getTime();
  assert.ok(before <= now && now <= Date.now());
});
