import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { failure, launch, type Place, result, sconectl } from '../cli/sconectl.ts';
import { editFile, exampleWorld, type World } from './world.ts';

interface Applied {
  sessions: { name: string; action: string; hash: string }[];
  services: { service: string; digest: string }[];
}

async function apply(place: Place): Promise<Applied> {
  return result<Applied>(place, 'apply', '-f', 'mesh.yml');
}

/** Starts the mesh, waits for the greeting of the program, stops it; answers user, checksum and all output. */
async function greeting({ place, runc }: World): Promise<{ user: string; checksum: string; stdout: string }> {
  const { child, output } = launch(place, ['run', '--runc', runc]);
  const closed = once(child, 'close');
  const pattern = /^pythonapp \| Hello, (.*)! The checksum of your password is ([0-9a-f]{16})\.$/m;
  while (!pattern.test(output.stdout) && child.exitCode === null) {
    await Promise.race([once(child.stdout ?? child, 'data'), closed]);
  }
  child.kill('SIGTERM');
  await closed;
  const [, user = '', checksum = ''] = pattern.exec(output.stdout) ?? [];
  assert.equal(child.exitCode, 0, output.stdout + output.stderr);
  assert.match(output.stdout, /^pythonapp \| Asked to stop\. Goodbye!$/m);
  return { user, checksum, stdout: output.stdout + output.stderr };
}

/** Cgroups whose sconectl has ended; other tests run containers at the same time. */
function cgroups(): string[] {
  return readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter((path) => {
    const [, pid] = /\/sconectl-(\d+)-[^/]*$/.exec(path) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
}

test("the seed's two manifests become a running, attested program, whose configuration follows the Meshfile", async (t) => {
  const made = await exampleWorld(t);
  if (made === undefined) return;
  const { place, cas } = made;
  const target = join(place.folder, 'target');

  const built = await result<{ digest: string; confidential: boolean }>(place, 'apply', '-f', 'service.yml');
  assert.equal(built.confidential, false);
  const first = await apply(place);
  assert.deepEqual(
    first.sessions.map(({ name, action }) => [name, action]),
    [
      ['myPythonApp', 'created'],
      ['myPythonApp/pythonapp', 'created'],
    ],
  );
  assert.equal(first.services[0]?.digest, built.digest);
  assert.deepEqual(readdirSync(target).sort(), ['.gitignore', 'helm', 'images.json', 'initdata', 'sessions']);
  assert.deepEqual(readdirSync(join(target, 'initdata')), ['pythonapp.configid', 'pythonapp.toml']);
  assert.ok(existsSync(join(place.folder, 'cas.lock')));

  const one = await greeting(made);
  assert.equal(one.user, 'myself');
  assert.match(one.stdout, /NOT CONFIDENTIAL/);
  assert.equal((await greeting(made)).checksum, one.checksum);

  // Applying again changes nothing, so the password stays.
  const again = await apply(place);
  assert.ok(again.sessions.every(({ action }) => action === 'unchanged'));
  assert.equal((await greeting(made)).checksum, one.checksum);

  // Changing one variable changes that one only.
  editFile(place, 'mesh.yml', (text) => text.replace('value: myself', 'value: somebody else'));
  const changed = await apply(place);
  assert.deepEqual(
    changed.sessions.map(({ action }) => action),
    ['unchanged', 'updated'],
  );
  const two = await greeting(made);
  assert.deepEqual([two.user, two.checksum], ['somebody else', one.checksum]);

  // 56: what the generated password is, nobody was told.
  const { entries } = await result<{ entries: { event: string }[] }>(place, 'cas', 'log', 'myPythonApp/pythonapp');
  assert.deepEqual(
    entries.map(({ event }) => event),
    ['session', 'release', 'release', 'release', 'session', 'release'],
  );

  // A lost target/ is no lost application: what this client made is adopted.
  rmSync(join(target, 'sessions'), { recursive: true });
  editFile(place, 'mesh.yml', (text) => text.replace('value: somebody else', 'value: me again'));
  const adopted = await sconectl(place, 'apply', '-f', 'mesh.yml');
  assert.match(adopted.stderr, /adopted myPythonApp\/pythonapp/);
  assert.deepEqual((await greeting(made)).checksum, one.checksum);

  // Nothing stays on the machine when it is over.
  assert.deepEqual(readdirSync(join(place.home, 'run')), ['images']);
  assert.deepEqual(cgroups(), []);
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(place.home));
  assert.equal(await cas.stop(), 0);
});

test('43: of two updates with one predecessor one wins, and the other is told the current hash', async (t) => {
  const made = await exampleWorld(t);
  if (made === undefined) return;
  const { place } = made;
  await result(place, 'apply', '-f', 'service.yml');
  const [, before] = (await apply(place)).sessions;
  // The same owner in another copy of the folder, both with the hash of the first upload.
  const copy: Place = { home: place.home, folder: `${place.folder}-copy` };
  cpSync(place.folder, copy.folder, { recursive: true });
  t.after(() => rmSync(copy.folder, { recursive: true, force: true }));
  editFile(place, 'mesh.yml', (text) => text.replace('value: myself', 'value: first'));
  editFile(copy, 'mesh.yml', (text) => text.replace('value: myself', 'value: second'));
  const [, winner] = (await apply(place)).sessions;
  const { code, expected, found } = await failure(copy, 'apply', '-f', 'mesh.yml');
  assert.equal(code, 'E_PREDECESSOR');
  assert.equal(expected, `the hash of the last upload from here, ${before?.hash}`);
  assert.equal(found, winner?.hash);
  // What the loser had derived is not in its place.
  assert.equal(
    readFileSync(join(copy.folder, 'target/sessions/mypythonapp-pythonapp.predecessor'), 'utf8').trim(),
    before?.hash,
  );
  assert.match(
    readFileSync(join(copy.folder, 'target/sessions/mypythonapp-pythonapp.yaml'), 'utf8'),
    /API_USER: myself/,
  );
});

test("run ends with the program's code, with 101 for a refusal of the runtime and with 125 for one of ours", async (t) => {
  const made = await exampleWorld(t);
  if (made === undefined) return;
  const { place, runc, cas } = made;
  const run = ['run', '--runc', runc];
  editFile(
    place,
    'print_env.py',
    () => 'import sys\nprint(open("greeting.txt").read())\nprint("to stderr", file=sys.stderr)\nsys.exit(7)\n',
  );
  // A file that only the attested program sees, behind a link into memory.
  editFile(
    place,
    'service.yml',
    (text) => `${text}\ninjection_files:\n  - path: /python/greeting.txt\n    content: to {{API_USER}} on stdout\n`,
  );
  await result(place, 'apply', '-f', 'service.yml');
  assert.equal((await failureOfRun(place, run)).code, 125);
  await apply(place);
  const seven = await sconectl(place, ...run);
  assert.deepEqual([seven.code, seven.stdout], [7, 'pythonapp | to myself on stdout\n'], seven.stderr);
  assert.match(seven.stderr, /^pythonapp \| to stderr$/m);
  const lines = (await sconectl(place, ...run, '--output', 'json')).stdout.trim().split('\n');
  const events = lines.map(
    (line) => JSON.parse(line) as { service: string; event?: string; line?: string; code?: number },
  );
  assert.ok(events.every(({ service }) => service === 'pythonapp'));
  assert.deepEqual([events[0]?.event, events.at(-1)?.event, events.at(-1)?.code], ['start', 'exit', 7]);
  assert.ok(events.some(({ line }) => line === 'to myself on stdout'));

  // A rebuilt image is not the one that the sessions accept.
  editFile(place, 'print_env.py', (text) => `${text}\n`);
  const { digest } = await result<{ digest: string }>(place, 'apply', '-f', 'service.yml');
  const rebuilt = await failureOfRun(place, run);
  assert.deepEqual([rebuilt.code, rebuilt.document.errors[0]?.code], [125, 'E_IMAGE']);
  await apply(place);

  // 57: a program that was edited in the unpacked image is refused by the runtime.
  await sconectl(place, ...run);
  const unpacked = join(place.home, 'run/images', digest.replace(':', '-'), 'python/print_env.py');
  assert.equal(statSync(unpacked).mode & 0o777, 0o644);
  writeFileSync(unpacked, 'print("stolen")\n');
  const refused = await sconectl(place, ...run);
  assert.equal(refused.code, 101, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /print_env\.py/);
  assert.ok(!refused.stdout.includes('stolen'));

  await cas.stop();
  const missing = await failureOfRun(place, ['run', '--runc', '/nowhere/runc']);
  assert.deepEqual([missing.code, missing.document.errors[0]?.code], [125, 'E_TOOL']);
  assert.deepEqual(readdirSync(join(place.home, 'run')), ['images']);
  assert.deepEqual(cgroups(), []);
});

test('an image that is missing, or that somebody else put into the store, is refused by position', async (t) => {
  const made = await exampleWorld(t);
  if (made === undefined) return;
  const { place } = made;
  const missing = await failure(place, 'apply', '-f', 'mesh.yml');
  assert.deepEqual([missing.code, missing.at?.file], ['E_IMAGE', 'mesh.yml']);
  // Built with another target directory: the name in the store is nobody's word here (architecture, decision 10).
  await result(place, 'apply', '-f', 'service.yml', '-t', 'elsewhere');
  const foreign = await failure(place, 'apply', '-f', 'mesh.yml');
  assert.equal(foreign.code, 'E_IMAGE');
  assert.match(foreign.hint ?? '', /@sha256:[0-9a-f]{64}/);
  assert.deepEqual(readdirSync(join(place.folder, 'target')), ['.gitignore']);
});

async function failureOfRun(place: Place, args: readonly string[]) {
  const { code, stdout } = await sconectl(place, ...args, '--output', 'json');
  return { code, document: JSON.parse(stdout) as { errors: { code: string }[] } };
}
