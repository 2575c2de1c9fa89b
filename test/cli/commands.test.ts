import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { failure, failures, project, sconectl } from './sconectl.ts';

test('the version is that of the package', async (t) => {
  const folder = tempFolder(t);
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  for (const flag of ['--version', '-V']) {
    assert.deepEqual(await sconectl({ home: folder, folder }, flag), { code: 0, stdout: `${version}\n`, stderr: '' });
  }
});

test('every command explains itself with its examples, and writes nothing for that', async (t) => {
  const home = tempFolder(t);
  const folder = tempFolder(t);
  for (const { name, examples, summary } of commands) {
    const { code, stdout, stderr } = await sconectl({ home, folder }, ...name.split(' '), '--help');
    assert.deepEqual([name, code, stderr], [name, 0, '']);
    assert.ok(stdout.replace(/\s+/g, ' ').includes(summary), name);
    assert.ok(examples.length > 0, name);
    for (const [, command] of examples) assert.ok(stdout.includes(command), command);
  }
  const { stdout } = await sconectl({ home, folder }, '--help');
  for (const { name } of commands) assert.ok(stdout.includes(name.split(' ')[0] ?? name), name);
  assert.deepEqual(readdirSync(folder), []);
  assert.deepEqual(
    readdirSync(home).filter((name) => name !== 'cache'),
    [],
  );
});

test('help with the words of a command is the help of that command', async (t) => {
  const folder = tempFolder(t);
  const place = { home: folder, folder };
  for (const words of [['apply'], ['cas', 'start'], ['cas'], []]) {
    const help = await sconectl(place, 'help', ...words);
    assert.deepEqual(help, await sconectl(place, ...words, '--help'));
    assert.deepEqual([help.code, help.stderr], [0, '']);
  }
  assert.match((await sconectl(place, 'help', 'apply')).stdout.replace(/\s+/g, ' '), /yaml is not supported yet/);
});

test('forms of output that a call cannot have are usage errors, and nothing is built', async (t) => {
  const folder = tempFolder(t);
  const place = { home: join(folder, 'home'), folder };
  writeFileSync(
    join(folder, 'service.yml'),
    'apiVersion: scone/5.8\nkind: genservice\nbuild: {name: a, kind: python, to: a, command: a}\n',
  );
  const chart = await sconectl(place, 'apply', '-f', 'service.yml', '-o', 'helm_chart');
  assert.deepEqual([chart.code, chart.stdout], [2, '']);
  assert.match(chart.stderr, /^error E_USAGE: there is no chart without a Meshfile/);
  const [both] = await failures(place, 2, 'check', '-f', 'service.yml', '-o', 'sarif');
  assert.deepEqual([both?.code, both?.found], ['E_USAGE', 'both']);
  assert.deepEqual(readdirSync(folder).sort(), ['home', 'service.yml']);
});

test('a wrong call is a usage error with exit code 2, for people and for programs', async (t) => {
  const folder = tempFolder(t);
  const place = { home: folder, folder };
  const wrong: [string[], RegExp][] = [
    [[], /a command is missing/],
    [['cas'], /a command is missing/],
    [['aply'], /unknown command/],
    [['cas', 'atest', 'localhost'], /unknown command/],
    [['apply'], /--filename/],
    [['apply', '-f', 'x', '--bogus'], /unknown option/],
    [['apply', '-f', 'x', '--tee', 'sev'], /--tee/],
    [['apply', '-f', 'not-there.yml'], /cannot be read/],
    [['apply', '-f', 'x', '--set', 'no value'], /--set/],
    [['cas', 'attest'], /missing required argument/],
    [['cas', 'attest', 'https://localhost'], /no address/],
    [['cas', 'attest', 'localhost', 'again'], /too many arguments/],
    [['session', 'read', 'a/b'], /no CAS was attested/],
    [['self', 'show', '--output', 'xml'], /--output/],
  ];
  for (const [args, message] of wrong) {
    const told = await sconectl(place, ...args);
    assert.deepEqual([args.join(' '), told.code, told.stdout], [args.join(' '), 2, '']);
    assert.match(told.stderr, /^error E_USAGE: /);
    assert.match(told.stderr, message);
    assert.match(told.stderr, /Hint: |Caused by: |expected: /);
  }
  for (const args of [[], ['aply'], ['apply', '-f', 'not-there.yml']]) {
    const [first] = await failures(place, 2, ...args);
    assert.equal(first?.code, 'E_USAGE');
  }
});

test('a misspelt command is told the right one', async (t) => {
  const folder = tempFolder(t);
  assert.match((await sconectl({ home: folder, folder }, 'aply')).stderr, /Did you mean apply\?/);
});

test('options of the original tool that do not work yet are refused by name', async (t) => {
  const folder = tempFolder(t);
  const place = { home: folder, folder };
  assert.equal((await failure(place, 'apply', '-f', 'x', '--mode', 'debug')).code, 'E_NOT_YET');
  assert.equal((await failure(place, 'apply', '-f', 'x', '-p')).code, 'E_NOT_YET');
  assert.match((await failure(place, 'cas', 'attest', 'x', '--mrenclave', 'ab')).message, /--mrenclave/);
  writeFileSync(join(folder, 'x'), 'kind: mesh\n');
  assert.match((await failure(place, 'apply', '-f', 'x', '-o', 'yaml')).message, /--output yaml/);
});

test('a --tee that is not supported yet is refused by name for a Meshfile too, before a CAS or an image is looked for', async (t) => {
  const folder = tempFolder(t);
  const place = { home: join(folder, 'home'), folder };
  writeFileSync(
    join(folder, 'mesh.yml'),
    [
      'apiVersion: scone/5.8',
      'kind: mesh',
      'cas: [{name: cas, cas_url: "127.0.0.1:1"}]',
      'policy: {namespace: space}',
      'services: [{name: app, image: nowhere}]',
      '',
    ].join('\n'),
  );
  for (const tee of ['sgx', 'tdx', 'snp']) {
    const { code, found } = await failure(place, 'apply', '-f', 'mesh.yml', '--tee', tee);
    assert.deepEqual([code, found], ['E_NOT_YET', tee]);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['home', 'mesh.yml']);
});

test('52: problems of a manifest are told together, each with file, line and column, and nothing is written', async (t) => {
  const folder = tempFolder(t);
  const place = { home: join(folder, 'home'), folder };
  writeFileSync(
    join(folder, 'service.yml'),
    [
      'apiVersion: scone/5.8',
      'kind: genservice',
      'build:',
      '  name: x',
      '  kind: python',
      '  to: x',
      '  comand: y',
      '  pwd: 5',
      '',
    ].join('\n'),
  );
  const errors = await failures(place, 1, 'apply', '-f', 'service.yml');
  assert.ok(errors.length >= 2);
  for (const { code, at, hint } of errors) {
    assert.equal(code, 'E_MANIFEST');
    assert.equal(at?.file, 'service.yml');
    assert.ok((at?.line ?? 0) > 0 && (at?.column ?? 0) > 0);
    assert.ok(hint !== undefined);
  }
  const { stderr } = await sconectl(place, 'apply', '-f', 'service.yml');
  assert.match(stderr, /at service\.yml:7:3\n 7 | {3}comand: y\n {3}| {3}\^/);
  assert.deepEqual(readdirSync(folder).sort(), ['home', 'service.yml']);
});

test('a variable comes from --set first, then from the environment, and a missing one is named', async (t) => {
  const folder = tempFolder(t);
  const place = { home: folder, folder, env: { ...process.env, A_KIND: 'nonsense' } };
  writeFileSync(join(folder, 'x.yml'), 'apiVersion: scone/5.8\nkind: $A_KIND\n');
  assert.equal((await failure(place, 'apply', '-f', 'x.yml')).found, 'nonsense');
  assert.equal((await failure(place, 'apply', '-f', 'x.yml', '--set', 'A_KIND=other')).found, 'other');
  const [first] = await failures({ ...place, env: process.env }, 1, 'apply', '-f', 'x.yml');
  assert.equal(first?.code, 'E_VARIABLE');
  assert.match(first?.message ?? '', /A_KIND/);
  assert.equal(first?.at?.line, 2);
});

test('output that nobody reads to the end is no error', async (t) => {
  const folder = tempFolder(t);
  const { execFile } = await import('node:child_process');
  const main = join(project, 'src/cli/main.ts');
  const stderr = await new Promise<string>((resolve) => {
    execFile(
      'sh',
      ['-c', `"$0" "$1" --help | true`, process.execPath, main],
      { env: { ...process.env, SCONECTL_HOME: folder } },
      (_error, _out, err) => resolve(err),
    );
  });
  assert.equal(stderr, '');
});

test('run says of a place where no mesh was applied that there is none, be it nothing, a folder or a file', async (t) => {
  if (need(t, 'root') === undefined) return;
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'target'));
  for (const place of ['nothing', 'target', 'file']) {
    // Any program that runs: it starts nothing.
    const { code, stderr } = await sconectl({ home: folder, folder }, 'run', place, '--runc', '/bin/true');
    assert.equal(code, 125);
    assert.match(stderr, new RegExp(`E_RUN: no mesh was applied into .*${place}\n`));
  }
});
