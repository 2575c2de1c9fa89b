import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { exclusively } from '../../src/oci/exclusive.ts';
import { type Place, project, result } from '../cli/sconectl.ts';
import { sharedCache } from '../support/home.ts';
import { tempFolder } from '../support/temp.ts';

/** Projects with an image, by the folder they are copied from. */
const sources = {
  hello: join(project, 'examples', 'hello'),
  reporter: join(project, 'test', 'fixtures', 'reporter'),
} as const;
export type ProjectName = keyof typeof sources;

/**
 * A copy of a project whose image is built: manifests, lock file, `target/images.json`, and the image in the store of
 * the given home. Under `npm test` each image is built once per run by the real command, and then copied.
 */
export async function builtProject(t: TestContext, name: ProjectName, home: string): Promise<Place> {
  const place: Place = { home, folder: join(tempFolder(t), name) };
  const run = process.env['SCONECTL_TEST_RUN'];
  if (run === undefined) {
    copySources(name, place.folder);
    await result(place, 'apply', '-f', 'service.yml');
    return place;
  }
  const template: Place = { home: join(run, 'e2e', name, 'home'), folder: join(run, 'e2e', name, 'project') };
  mkdirSync(template.home, { recursive: true });
  await exclusively(template.home, () => buildOnce(name, template), { milliseconds: 240_000 });
  cpSync(template.folder, place.folder, { recursive: true });
  cpSync(join(template.home, 'images'), join(home, 'images'), { recursive: true });
  return place;
}

async function buildOnce(name: ProjectName, template: Place): Promise<void> {
  const ready = join(template.home, 'ready');
  if (existsSync(ready)) return;
  copySources(name, template.folder);
  symlinkSync(sharedCache, join(template.home, 'cache'));
  await result(template, 'apply', '-f', 'service.yml');
  writeFileSync(ready, '');
}

/** What a user would have in version control: nothing that a build or an apply made. */
export function copySources(name: ProjectName, folder: string): void {
  cpSync(sources[name], folder, {
    recursive: true,
    filter: (path) => !/\/(?:target|service\.lock\.yml|cas\.lock|__pycache__)$/.test(path),
  });
}
