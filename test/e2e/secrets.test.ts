import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { helm } from '../chart/helm.ts';
import { sconectl } from '../cli/sconectl.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { type Needle, needlesOf, searchBytes, searchFiles, searchProcesses } from './hunt.ts';
import type { Report } from './listener.ts';
import { reporterMesh } from './mesh.ts';
import { relayTo } from './relay.ts';

test('32, 56: generated secrets are nowhere that an outsider can look', async (t) => {
  const [runc, helmTool] = [need(t, 'runc')?.path, need(t, 'helm')?.path];
  if (runc === undefined || helmTool === undefined || need(t, 'root') === undefined) return;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  const { place, cas, data } = mesh;
  const relay = await relayTo(t, cas.service);
  const logs: string[] = [];
  const told = async (...args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await sconectl(place, ...args);
    assert.equal(code, 0, stderr);
    logs.push(stdout, stderr);
  };

  await told(...mesh.applying());
  const chart = join(place.folder, 'target', 'helm');
  logs.push(helm(helmTool, tempFolder(t), 'template', 'release', chart));
  // As much as it would ever say.
  const started = await mesh.start('--cas-addr', relay.address, '--output', 'json');
  const { report } = started;
  const needles = secretsOf(report);
  await report.tell('say hello');
  await told('session', 'read', 'space/reporter', '--cas', cas.address);
  await told('session', 'read', 'space/reporter', '--reveal', '--cas', cas.address, '--output', 'json');
  await told('cas', 'log', 'space/reporter', '--cas', cas.address);
  await told(...mesh.applying(), '--output', 'json');

  // The program itself has them, and the search sees it there: what follows is a search that can find.
  const processes = searchProcesses(needles);
  const inside = processes.inside(report.pid_namespace);
  assert.equal(inside.count, 1);
  for (const what of ['password', 'token in hex']) {
    assert.ok(
      inside.found.some((text) => text.includes(`environ: ${what} (raw)`)),
      inside.found.join('\n'),
    );
  }
  const outside = processes.outside(report.pid_namespace);
  assert.deepEqual(outside.found, []);
  assert.ok(outside.count > 2);
  const running = searchFiles([place.home, place.folder, data], needles);
  assert.deepEqual(running.found, []);

  await report.tell('exit 0');
  assert.equal(await started.ended, 0);
  assert.match(started.output.stdout, /"line":"hello"/);
  assert.equal(await cas.stop(), 0);
  const after = searchFiles([place.home, place.folder, data], needles);
  assert.deepEqual(after.found, []);
  // The image alone, whose layers are looked at decompressed, has some 100 MB in 1,500 files.
  assert.ok(after.count > 1500 && after.bytes > 100e6, `${after.count} files, ${after.bytes} bytes`);
  for (const path of ['cas/ledger', 'identity.pem', 'config.json'])
    assert.ok(readFileSync(join(place.home, path)).length > 0);

  const { stdout, stderr } = started.output;
  for (const [index, text] of [...logs, stdout, stderr, cas.log()].entries()) {
    assert.deepEqual(searchBytes(`log ${index}`, Buffer.from(text), needles), []);
  }
  // On the wire: one connection, whose answer is longer than the secrets and has none of them.
  assert.equal(relay.seen.length, 1);
  for (const { sent, received } of relay.seen) {
    assert.ok(sent.length > 1000 && received.length > 500);
    assert.deepEqual(searchBytes('wire', Buffer.concat([sent, received]), needles), []);
  }
});

/** The generated secrets in every form that the search knows. */
function secretsOf({ environment, note }: Report): Needle[] {
  const { API_PASSWORD: password = '', TOKEN: token = '', DATABASE: database } = environment;
  assert.match(password, /^[\x21-\x7e]{24}$/);
  assert.match(token, /^[0-9a-f]{48}$/);
  assert.equal(database, `postgres://app:${password}@db/`);
  assert.match(note, /^of the CAS: [\x21-\x7e]{20}$/);
  return [
    ...needlesOf('note', Buffer.from(note.slice(-20))),
    ...needlesOf('password', Buffer.from(password)),
    ...needlesOf('token', Buffer.from(token, 'hex')),
    ...needlesOf('token in hex', Buffer.from(token)),
  ];
}

test('56: the search finds a planted value, in every form and every kind of place', async (t) => {
  const value = Buffer.from(`P0"<ZC?i5\\;)Rv&{1vuzVR|'`);
  const needles = needlesOf('planted', value);
  const text = value.toString();
  const forms: [string, RegExp][] = [
    [text, /\(raw\)/],
    [value.toString('hex'), /\(hex\)/],
    [value.toString('hex').toUpperCase(), /\(HEX\)/],
    [JSON.stringify({ text }), /\(JSON\)/],
    ['{"text":"P0\\"\\u003cZC?i5\\\\;)Rv\\u0026{1vuzVR|\'"}', /\(JSON with escapes for HTML\)/],
    ...['', 'a', 'ab'].flatMap((before): [string, RegExp][] => {
      const longer = Buffer.concat([Buffer.from(before), value, Buffer.from('z')]);
      return [
        [longer.toString('base64'), /\(base64 at [012]\)/],
        [longer.toString('base64url'), /\(base64(?:url)? at [012]\)/],
      ];
    }),
  ];
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  for (const [form, expected] of forms) {
    const content = Buffer.from(`before ${form} behind`);
    for (const [name, bytes] of [
      ['plain', content],
      ['compressed', gzipSync(content)],
    ] as const) {
      writeFileSync(join(folder, 'deep/er', name), bytes);
      assert.match(searchFiles([folder], needles).found.join('\n'), expected, form);
      writeFileSync(join(folder, 'deep/er', name), '');
    }
  }
  assert.deepEqual(searchFiles([folder], needles).found, []);
  writeFileSync(join(folder, 'deep', text.replaceAll('/', '')), '');
  assert.match(searchFiles([folder], needles).found.join('\n'), /name .*planted \(raw\)/);
  symlinkSync(text, join(folder, 'link'));
  assert.match(searchFiles([folder], needles).found.join('\n'), /link .*planted \(raw\)/);

  const own = process.pid;
  for (const [args, env, expected] of [
    [['-c', 'sleep 60; :', text], {}, /cmdline: planted \(raw\)/],
    [['-c', 'sleep 60; :'], { X: value.toString('base64') }, /environ: planted \(base64 at 0\)/],
  ] as const) {
    const child = spawn('sh', args, { env: { PATH: '/usr/bin:/bin', ...env }, detached: true });
    t.after(() => process.kill(-(child.pid ?? own)));
    await once(child, 'spawn');
    const deadline = performance.now() + 5000;
    // It takes a moment until the child has become the shell.
    let found = '';
    while (!expected.test(found) && performance.now() < deadline) {
      found = searchProcesses(needles).outside('none').found.join('\n');
    }
    assert.match(found, expected);
  }
});
