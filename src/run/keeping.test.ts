import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesWith } from '../../test/support/processes.ts';
import { tempFolder } from '../../test/support/temp.ts';
import type { SconeError } from '../core/errors.ts';
import { startKeeper } from './keeping.ts';

const unexpected = (warning: SconeError) => assert.fail(warning.message);

test('a keeper knows no variable of its caller, and ends when all is over', async () => {
  process.env['SECRET_OF_CALLER'] = 'x';
  const name = `sconectl-${process.pid}-ends`;
  const keeper = await startKeeper(name, unexpected);
  const [found, ...others] = processesWith(`keeper.ts ${name}`);
  assert.ok(found !== undefined && others.length === 0);
  assert.doesNotMatch(readFileSync(`/proc/${found.pid}/environ`, 'utf8'), /(?:^|\0)(?!NODE_COMPILE_CACHE=)[^\0]/);
  const folder = '/not/there';
  await keeper.keep({ tool: '/bin/false', state: folder, id: `${name}-0`, folder });
  keeper.over(`${name}-0`);
  await keeper.end();
  assert.deepEqual(processesWith(name), []);
});

test('what is not over at the end is ended by the keeper', async (t) => {
  const name = `sconectl-${process.pid}-left`;
  const folder = join(tempFolder(t), 'one');
  mkdirSync(folder);
  const keeper = await startKeeper(name, unexpected);
  await keeper.keep({ tool: '/bin/false', state: join(folder, 'state'), id: `${name}-0`, folder });
  await keeper.end();
  assert.equal(existsSync(folder), false);
});

test('where the keeper is no more, this is told once, and nothing else is kept', async () => {
  const name = `sconectl-${process.pid}-lost`;
  const warnings: SconeError[] = [];
  const keeper = await startKeeper(name, (warning) => warnings.push(warning));
  const folder = '/not/there';
  await keeper.keep({ tool: '/bin/false', state: folder, id: `${name}-0`, folder });
  for (const { pid } of processesWith(name)) process.kill(pid, 'SIGKILL');
  while (warnings.length === 0) await sleep(20);
  assert.deepEqual(
    warnings.map(({ code, causes }) => [code, causes]),
    [['E_TOOL', ['ended by SIGKILL']]],
  );
  await assert.rejects(keeper.keep({ tool: '/bin/false', state: folder, id: `${name}-1`, folder }), { code: 'E_TOOL' });
  keeper.over(`${name}-0`);
  await keeper.end();
  assert.equal(warnings.length, 1);
});
