import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepInUse } from './leftovers.ts';

test('a container’s folder that cannot be made is told by its name', async () => {
  // Nobody makes folders in /sys, not even root.
  await assert.rejects(keepInUse('/sys/sconectl-1-a', `sha256:${'0'.repeat(64)}`), {
    code: 'E_STORE',
    message: '/sys/sconectl-1-a could not be written',
    hint: /who owns|read-only/,
  });
});
