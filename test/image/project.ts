import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuiltService, buildImage } from '../../src/image/build.ts';
import { loadManifest } from '../../src/manifest/load.ts';

/** The Go module of the real runtime. */
export const runtimeSources = new URL('../../runtime', import.meta.url).pathname;

export const serviceYml = [
  'apiVersion: scone/5.8',
  'kind: genservice',
  'environment:',
  '  local:',
  '  - {name: API_PASSWORD, value: "$$SCONE::password$$"}',
  '  global:',
  '  - name: API_USER',
  'secrets:',
  '  global:',
  '  - {name: password, kind: ascii, size: 10}',
  'build:',
  '  name: hello',
  '  kind: python',
  '  to: test/hello:v1',
  '  pwd: /python',
  '  command: python3 app.py --verbose',
  '  copy:',
  '  - app.py',
  '',
].join('\n');

/** Writes a project folder; without a `service.yml` among the files it gets the one above. */
export function writeProject(folder: string, files: { [path: string]: string } = {}): string {
  for (const [path, text] of Object.entries({ 'service.yml': serviceYml, 'app.py': 'print("hello")\n', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export interface BuildPlaces {
  folder: string;
  home: string;
  /** Where the manifest counts as lying, beside its lock file; default `service.yml` of the folder. */
  file?: string;
  /** Default `cache` below home. */
  cache?: string;
  /** Default: the real runtime. */
  runtime?: string;
  progress?: (text: string) => void;
}

/** What `sconectl apply -f service.yml` does with a project folder. */
export async function build({
  folder,
  home,
  file = join(folder, 'service.yml'),
  cache,
  runtime,
  progress,
}: BuildPlaces): Promise<BuiltService> {
  const loaded = loadManifest(readFileSync(join(folder, 'service.yml'), 'utf8'), file, { variables: new Map() });
  if (loaded.kind !== 'genservice') throw new Error('not a service manifest');
  return buildImage({
    manifest: loaded.manifest,
    file,
    folder,
    home,
    ...(cache === undefined ? {} : { cache }),
    target: join(folder, 'target'),
    tee: 'sim',
    sources: { runtime: runtime ?? runtimeSources },
    version: '0.0.0-test',
    progress: progress ?? (() => undefined),
    clock: () => new Date(),
  });
}

// As a program: builds one project, with every step on stdout, for tests that need a process of its own.
if (process.argv[1] === import.meta.filename) {
  const [, , folder = '', home = '', cache = '', runtime = runtimeSources] = process.argv;
  const built = await build({ folder, home, cache, runtime, progress: (text) => console.log(`step ${text}`) });
  console.log(`built ${built.digest} ${built.rootfsDigest}`);
}
