import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { bringTools } from '../../scripts/tools.ts';
import { need } from './require.ts';
import { type ToolName, tool, toolNames } from './tools.ts';

const asked: Record<ToolName, string[]> = {
  runc: ['--version'],
  umoci: ['--version'],
  skopeo: ['--version'],
  helm: ['version', '--short'],
};

for (const name of toolNames) {
  test(`${name} runs without anything else being set`, (t) => {
    const found = need(t, name);
    if (found === undefined) return;
    const { status, stdout, stderr } = spawnSync(found.path, asked[name], { env: {}, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /[0-9]+\.[0-9]+/);
  });
}

test('tools that are there are not brought again', async () => {
  const said: string[] = [];
  await bringTools(
    toolNames.filter((name) => tool(name) !== undefined),
    (text) => said.push(text),
  );
  assert.deepEqual(said, []);
});
