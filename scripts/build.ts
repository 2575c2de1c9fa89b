// Bundles each entry point into one file below dist, the command line into several. `npm run build`
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { runCommand } from './command.ts';
import { root } from './environment.ts';

/** Bundle below dist, and the file it starts from. */
export const bundles = {
  'sconectl.js': 'src/cli/main.ts',
  'cas.js': 'src/cas/cas.ts',
  'cas-sim.js': 'src/cas/cas-sim.ts',
  'verify.js': 'src/verify.ts',
} as const;

/** Imported by others as `sconectl/verify`; the rest are programs. */
const libraries = ['verify.js'];

/**
 * Has its parts in a folder of its name, so that a command reads and compiles no other's. A CAS must be one file: what
 * it measures of itself is that file.
 */
const split = 'sconectl.js';

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
      plugins: name === split ? [placesOfSources] : [],
      // An unresolved import or a circle is no warning here.
      onLog: (level, log) => {
        if (level === 'warn') throw new Error(`${input}: ${log.message}`);
      },
    });
    const parts = basename(name, '.js');
    rmSync(join(folder, name), { force: true });
    rmSync(join(folder, parts), { force: true, recursive: true });
    const { output } = await bundle.write({
      dir: folder,
      entryFileNames: name,
      chunkFileNames: `${parts}/[name].js`,
      format: 'esm',
      codeSplitting: name === split,
      minify: false,
      sourcemap: false,
      ...(libraries.includes(name) ? {} : { banner: ({ isEntry }) => (isEntry ? '#!/usr/bin/env node' : '') }),
    });
    await bundle.close();
    if (name !== split && output.length !== 1) throw new Error(`${input} became ${output.length} files`);
    if (!libraries.includes(name)) chmodSync(join(folder, name), 0o755);
    files.push(...output.map(({ fileName }) => join(folder, fileName)));
  }
  return files;
}

/** Stands for the way from a file of the bundle to the root, which is known when the file's name is. */
const toRoot = '<root>';

/**
 * The command line finds the runtime's sources, the CAS and its own package relative to its files; its bundle lies in
 * other folders and has to look from where the file was. A CAS bundle measures itself and keeps its own place.
 */
const placesOfSources: Plugin = {
  name: 'places-of-sources',
  renderChunk: (code, { fileName }) => code.replaceAll(toRoot, fileName.includes('/') ? '../..' : '..'),
  transform(code, id) {
    if (!id.startsWith(join(root, 'src')) || !code.includes('import.meta.')) return null;
    const path = relative(root, id);
    return code
      .replaceAll('import.meta.dirname', `(import.meta.dirname + '/${toRoot}/${dirname(path)}')`)
      .replaceAll('import.meta.url', `new URL('${toRoot}/${path}', import.meta.url).href`);
  },
};

/** Writes the types of `sconectl/verify` into a folder: declarations of its file and of all that it imports. */
export async function declare(folder: string): Promise<void> {
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--listEmittedFiles', 'false'];
  const project = join(folder, 'tsconfig.json');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: join(root, 'src'),
        outDir: folder,
        typeRoots: [join(root, 'node_modules', '@types')],
      },
      include: [],
      files: [join(root, 'src', 'verify.ts')],
    }),
  );
  const { code, output } = await runCommand(join(root, 'node_modules', '.bin', 'tsc'), ['-p', project, ...options]);
  rmSync(project);
  if (code !== 0) throw new Error(`the types of src/verify.ts cannot be written:\n${output}`);
}

if (import.meta.main) {
  for (const file of await build(join(root, 'dist'))) console.log(relative(root, file));
  await declare(join(root, 'dist', 'types'));
  console.log('dist/types');
}
