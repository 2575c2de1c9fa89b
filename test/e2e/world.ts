import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Place, project, type RunningCas, startCas } from '../cli/sconectl.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';

/** An owner with a CAS, and the example in a folder of its own. */
export interface World {
  place: Place;
  cas: RunningCas;
  /** Path of runc. */
  runc: string;
}

/** Nothing is built or applied yet. `undefined` where this machine cannot run containers. */
export async function exampleWorld(t: TestContext): Promise<World | undefined> {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined || need(t, 'go') === undefined) return undefined;
  const place: Place = { home: freshHome(t), folder: join(tempFolder(t), 'hello') };
  cpSync(join(project, 'examples', 'hello'), place.folder, {
    recursive: true,
    filter: (path) => !/\/(?:target|service\.lock\.yml|cas\.lock)$/.test(path),
  });
  const cas = await startCas(t, place, join(place.home, 'cas'));
  editFile(place, 'mesh.yml', (text) => text.replace('cas_url: localhost', `cas_url: ${cas.address}`));
  return { place, cas, runc };
}

/** Changes a file of the example. */
export function editFile({ folder }: Place, name: string, change: (text: string) => string): void {
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}
