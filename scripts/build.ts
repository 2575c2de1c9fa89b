// Bundles each entry point into one file below dist. `npm run build`
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { root } from './environment.ts';

/** Bundle below dist, and the file it starts from. */
export const bundles = {
  'sconectl.js': 'src/cli/main.ts',
  'cas.js': 'src/cas/cas.ts',
  'cas-sim.js': 'src/cas/cas-sim.ts',
} as const;

/**
 * Writes the bundles into a folder; the same sources give the same bytes. Nothing is minified, so that what is
 * published can be read and searched.
 */
export async function build(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const [name, input] of Object.entries(bundles)) {
    const bundle = await rolldown({
      input: join(root, input),
      cwd: root,
      platform: 'node',
      plugins: name === 'sconectl.js' ? [placesOfSources] : [],
      // An unresolved import or a circle is no warning here.
      onLog: (level, log) => {
        if (level === 'warn') throw new Error(`${input}: ${log.message}`);
      },
    });
    const file = join(folder, name);
    rmSync(file, { force: true });
    const { output } = await bundle.write({
      file,
      format: 'esm',
      codeSplitting: false,
      minify: false,
      sourcemap: false,
      banner: '#!/usr/bin/env node',
    });
    await bundle.close();
    if (output.length !== 1) throw new Error(`${input} became ${output.length} files`);
    chmodSync(file, 0o755);
    files.push(file);
  }
  return files;
}

/**
 * The command line finds the runtime's sources, the CAS and its own package relative to its files; its bundle lies in
 * another folder and has to look from where the file was. A CAS bundle measures itself and keeps its own place.
 */
const placesOfSources: Plugin = {
  name: 'places-of-sources',
  transform(code, id) {
    if (!id.startsWith(join(root, 'src')) || !code.includes('import.meta.')) return null;
    const path = relative(root, id);
    return code
      .replaceAll('import.meta.dirname', `(import.meta.dirname + '/../${dirname(path)}')`)
      .replaceAll('import.meta.url', `new URL('../${path}', import.meta.url).href`);
  },
};

if (import.meta.main) {
  for (const file of await build(join(root, 'dist'))) console.log(relative(root, file));
}
