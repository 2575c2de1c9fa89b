import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { builtProject } from '../e2e/projects.ts';
import { freshHome } from '../support/home.ts';
import { failure, type Place, result, sconectl, startCas } from './sconectl.ts';

interface Built {
  kind: 'genservice';
  image: string;
  digest: string;
}

interface Applied {
  kind: 'mesh';
  sessions: { name: string; action: string }[];
  services: { service: string; digest: string }[];
}

/** A project whose image is built, with a CAS; and the arguments that its Meshfile needs. */
async function project(t: TestContext): Promise<{ place: Place; values: string[]; address: string }> {
  const home = freshHome(t);
  const place = await builtProject(t, 'reporter', home);
  const { address } = await startCas(t, place, join(home, 'cas'));
  const values = { CAS_URL: address, API_USER: 'myself', REPORT_TO: '127.0.0.1:1' };
  return { place, address, values: Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]) };
}

test('a mesh is derived from the image that the same command builds, even where the Meshfile is named first', async (t) => {
  const { place, values } = await project(t);
  const before = await result<Applied>(place, 'apply', '-f', 'mesh.yml', ...values);
  appendFileSync(join(place.folder, 'reporter.py'), '# second version\n');
  const [built, applied, ...more] = await result<[Built, Applied]>(
    place,
    'apply',
    '-f',
    'mesh.yml',
    '-f',
    'service.yml',
    ...values,
  );
  assert.deepEqual([built.kind, applied.kind, more], ['genservice', 'mesh', []]);
  assert.notEqual(built.digest, before.services[0]?.digest);
  assert.equal(applied.services[0]?.digest, built.digest);
  assert.deepEqual(
    applied.sessions.map(({ action }) => action),
    ['unchanged', 'updated'],
  );
});

test('an update that would do away with generated secrets names each with the reason, before and when it is applied', async (t) => {
  const { place, values } = await project(t);
  await result(place, 'apply', '-f', 'mesh.yml', ...values);
  const manifest = join(place.folder, 'service.yml');
  const text = readFileSync(manifest, 'utf8');
  const changed = text
    .replace('name: token\n      kind: binary\n      size: 24', 'name: token\n      kind: binary\n      size: 25')
    .replace('    - name: note\n      kind: ascii\n      size: 20\n', '')
    .replace('$$SCONE::note$$', 'nobody');
  assert.equal(changed.match(/note/g)?.length, 1);
  writeFileSync(manifest, changed);
  await result(place, 'apply', '-f', 'service.yml');
  const expected = [
    'the value of the secret token of space/reporter is made anew: size 24 became 25',
    'the value of the secret note of space/reporter is dropped: the session does not have it any more',
  ];
  const warnings = async (...options: string[]): Promise<string[]> => {
    const { stdout, stderr } = await sconectl(
      place,
      'apply',
      '-f',
      'mesh.yml',
      ...values,
      '--output',
      'json',
      ...options,
    );
    const document = JSON.parse(stdout) as { ok: boolean; warnings?: { code: string; message: string }[] };
    assert.equal(document.ok, true, stdout);
    const told = (document.warnings ?? []).filter(({ code }) => code === 'E_SESSION').map(({ message }) => message);
    for (const message of told) assert.ok(stderr.includes(`warning E_SESSION: ${message}\n`), message);
    return told;
  };
  assert.deepEqual(await warnings('--dry-run'), expected);
  assert.deepEqual(await warnings(), expected);
  assert.deepEqual(await warnings(), []);
});

test('a CAS that is not tolerated is accepted by what the Meshfile says, and the hint says where', async (t) => {
  const { place, values } = await project(t);
  const meshfile = join(place.folder, 'mesh.yml');
  const text = readFileSync(meshfile, 'utf8');
  const [line = ''] = /^ {4}tolerance: .*\n/m.exec(text) ?? [];
  writeFileSync(meshfile, text.replace(line, ''));
  const { code, hint } = await failure(place, 'apply', '-f', 'mesh.yml', ...values);
  assert.equal(code, 'E_CAS_UNTRUSTED');
  const [, flags, where] = /accept it with (.*) in (the tolerance of .*)$/.exec(hint ?? '') ?? [];
  assert.equal(where, 'the tolerance of the cas cas in mesh.yml');
  // What the hint says is enough.
  writeFileSync(meshfile, text.replace(line, `    tolerance: "${flags}"\n`));
  await result(place, 'apply', '-f', 'mesh.yml', ...values);
});
