import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { reporterMesh } from './mesh.ts';
test('try', async (t) => {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  console.log(await mesh.apply());
  const one = await mesh.start();
  console.log(one.report, one.output);
  assert.equal(await one.stop(), 0);
  console.log(one.output, await mesh.events());
});
