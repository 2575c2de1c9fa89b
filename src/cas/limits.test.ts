import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget, TokenBucket } from './limits.ts';

test('59: a token bucket lets a burst through and then so many per second', () => {
  let now = 0;
  const bucket = new TokenBucket(2, 3, () => now);
  const take = (times: number) => Array.from({ length: times }, () => bucket.take());
  assert.deepEqual(take(4), [true, true, true, false]);
  now = 499;
  assert.deepEqual(take(1), [false]);
  now = 1100;
  assert.deepEqual(take(3), [true, true, false]);
  now = 1_000_000;
  assert.deepEqual(take(4), [true, true, true, false]);
});

test('59: a byte budget gives no more than it has, and what was given back again', () => {
  const budget = new ByteBudget(10);
  assert.equal(budget.take(6), true);
  assert.equal(budget.take(5), false);
  assert.equal(budget.take(4), true);
  budget.give(6);
  assert.equal(budget.take(6), true);
  assert.equal(budget.take(1), false);
});
