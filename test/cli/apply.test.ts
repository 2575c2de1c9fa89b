import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { builtProject } from '../e2e/projects.ts';
import { freshHome } from '../support/home.ts';
import { type Place, result, startCas } from './sconectl.ts';

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
