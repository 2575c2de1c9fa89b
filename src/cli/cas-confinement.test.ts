import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { confinement } from './cas-confinement.ts';

interface Folders {
  code: string;
  data: string;
  outside: string;
}

/** Runs a line of code as the program of a CAS is run; what it threw, or nothing. */
function attempt(t: TestContext, line: (folders: Folders) => string): string {
  const folder = tempFolder(t);
  const code = join(folder, 'code');
  const data = join(folder, 'data');
  mkdirSync(join(code, 'src'), { recursive: true });
  mkdirSync(join(code, 'node_modules', 'zod'), { recursive: true });
  writeFileSync(join(code, 'node_modules', 'zod', 'index.js'), '');
  writeFileSync(join(code, 'private'), 'of a mesh');
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'not for a CAS');
  const program = join(code, 'src', 'program.mjs');
  writeFileSync(
    program,
    `import fs from 'node:fs'; import { spawnSync } from 'node:child_process'; import { Worker } from 'node:worker_threads';
    try { ${line({ code, data, outside })} } catch (error) { console.log(error.code ?? error.name); }`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [...confinement(code, data), program], {
    encoding: 'utf8',
    env: {},
  });
  assert.deepEqual([status, stderr, readFileSync(outside, 'utf8')], [0, '', 'not for a CAS']);
  return stdout.trim();
}

const text = (path: string): string => JSON.stringify(path);

test('a CAS makes and uses its data folder', (t) => {
  const line = attempt(t, ({ data }) => {
    const file = text(join(data, 'ledger'));
    return `fs.mkdirSync(${text(data)}); fs.writeFileSync(${file}, 'x'); console.log(fs.readFileSync(${file}, 'utf8'));`;
  });
  assert.equal(line, 'x');
});

test('a CAS can read and write no other file, start no process and no thread', (t) => {
  const forbidden = [
    ({ outside }: Folders) => `fs.readFileSync(${text(outside)});`,
    ({ outside }: Folders) => `fs.writeFileSync(${text(outside)}, 'x');`,
    ({ code }: Folders) => `fs.readFileSync(${text(join(code, 'private'))});`,
    ({ data }: Folders) => `fs.mkdirSync(${text(`${data}-2`)});`,
    () => `fs.readFileSync('/etc/passwd');`,
    () => `console.log(spawnSync('/bin/true').error.code);`,
    () => `new Worker('1', { eval: true });`,
  ];
  for (const line of forbidden) assert.equal(attempt(t, line), 'ERR_ACCESS_DENIED', String(line));
});

test('a CAS opens no database, whose files no permission would keep it from', (t) => {
  assert.equal(
    attempt(t, () => `process.getBuiltinModule('node:sqlite').DatabaseSync;`),
    'TypeError',
  );
});

test('a CAS makes no function out of text', (t) => {
  assert.equal(
    attempt(t, () => `new Function('return 1')();`),
    'EvalError',
  );
});

test('a folder that Node would read as a pattern is refused', () => {
  assert.throws(() => confinement('/code', '/data/*'), { code: 'E_USAGE', found: '/data/*' });
});
