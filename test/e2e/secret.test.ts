import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { launch, result, sconectl } from '../cli/sconectl.ts';
import { need } from '../support/require.ts';
import { editFile, exampleWorld } from './world.ts';

/** A program that hands what it got to whoever listens on loopback, and then waits. */
const program = `
import json, os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))) as connection:
    got = {"environment": dict(os.environ), "file": open("secret.txt").read()}
    connection.sendall(json.dumps(got).encode())
while True:
    signal.pause()
`;

/** The ways in which a value could stand somewhere. */
function forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Without the characters that the neighbours share.
    const inner = text.slice(offset === 0 ? 0 : offset + 1, -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const json = JSON.stringify(value).slice(1, -1);
  return [
    ...new Set([
      value,
      json,
      encodeURIComponent(value),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      ...base64,
    ]),
  ];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The contents of a file, and of what it holds compressed. */
function contents(path: string): Buffer[] {
  const bytes = readFileSync(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? [bytes, gunzipSync(bytes)] : [bytes];
}

test('56: a generated secret is nowhere that an outsider can look', async (t) => {
  const world = await exampleWorld(t);
  const helm = need(t, 'helm')?.path;
  if (world === undefined || helm === undefined) return;
  const { place, cas, runc } = world;
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const { port } = listener.address() as { port: number };

  writeFileSync(join(place.folder, 'print_env.py'), program);
  editFile(place, 'service.yml', (text) =>
    text
      .replace('  local:\n', `  local:\n    - name: PORT\n      value: ${port}\n`)
      .concat('\ninjection_files:\n  - path: /python/secret.txt\n    content: "$$SCONE::token$$"\n')
      .replace('secrets:\n  global:\n', 'secrets:\n  global:\n    - name: token\n      kind: ascii\n      size: 20\n')
      .replace('size: 10', 'size: 24'),
  );
  const said: string[] = [];
  for (const file of ['service.yml', 'mesh.yml']) {
    const { code, stdout, stderr } = await sconectl(place, 'apply', '-f', file);
    assert.equal(code, 0, stderr);
    said.push(stdout, stderr);
  }
  const { child, output } = launch(place, ['run', '--runc', runc]);
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  const [socket] = (await Promise.race([once(listener, 'connection'), closed])) as [Socket];
  assert.ok(typeof socket === 'object', output.stderr);
  let text = '';
  for await (const piece of socket.setEncoding('utf8')) text += piece as string;
  const got = JSON.parse(text) as { environment: { [name: string]: string }; file: string };
  const password = got.environment['API_PASSWORD'] ?? '';
  assert.match(password, /^[!-~]{24}$/);
  assert.match(got.file, /^[!-~]{20}$/);

  const rendered = spawnSync(helm, ['template', 'x', join(place.folder, 'target/helm')], { encoding: 'utf8' });
  assert.equal(rendered.status, 0, rendered.stderr);
  const read = await sconectl(place, 'session', 'read', 'myPythonApp/pythonapp', '--reveal');
  const log = await result<object>(place, 'cas', 'log', 'myPythonApp/pythonapp');
  said.push(rendered.stdout, read.stdout, read.stderr, JSON.stringify(log), output.stdout, output.stderr, cas.log());

  const places: [string, Buffer][] = said.map((one, index) => [`output ${index}`, Buffer.from(one)]);
  // All of the owner's folder and state: images, unpacked images, bundles of running containers, CAS, memory.
  for (const folder of [place.folder, place.home]) {
    for (const path of filesBelow(folder)) for (const bytes of contents(path)) places.push([path, bytes]);
  }
  const own = readlinkSync('/proc/self/ns/pid');
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    try {
      places.push([`/proc/${pid}/cmdline`, readFileSync(`/proc/${pid}/cmdline`)]);
      // The program's own environment is where the value belongs.
      if (readlinkSync(`/proc/${pid}/ns/pid`) === own) {
        places.push([`/proc/${pid}/environ`, readFileSync(`/proc/${pid}/environ`)]);
      }
    } catch {
      // The process has ended meanwhile.
    }
  }
  assert.ok(places.length > 100);
  // The search finds what is there: the program's source is in a layer, compressed.
  assert.ok(places.some(([path, bytes]) => path.includes('/images/blobs/') && bytes.includes('create_connection')));
  assert.ok(places.some(([path]) => /\/run\/sconectl-[^/]+\/config\.json$/.test(path)));
  for (const value of [password, got.file]) {
    for (const form of forms(value)) {
      const needle = Buffer.from(form);
      const found = places.filter(([, bytes]) => bytes.includes(needle)).map(([path]) => path);
      assert.deepEqual(found, [], `found as ${form === value ? 'it is' : 'another form'}`);
    }
  }
  // And the search would have found it: the environment of the program holds it.
  const inside = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && ![own, ''].includes(namespaceOf(name)));
  assert.ok(inside.some((pid) => readFileSync(`/proc/${pid}/environ`).includes(password)));
  assert.ok(statSync(join(place.home, 'cas', 'ledger')).size > 0);
});

/** Empty for a process that is gone, or that not even root may look at. */
function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}
