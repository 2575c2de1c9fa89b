// Writes the packages that src/cli/packed.ts names into one file each. scripts/with-node runs it after an installation.
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { packages, packedFolder } from '../src/cli/packed.ts';
import { root } from './environment.ts';

/** Packs into a folder, which is there whole or not at all; the same packages give the same bytes. */
export async function pack(folder: string): Promise<void> {
  const begun = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  for (const name of packages) {
    const exported = Object.keys((await import(name)) as object).filter((word) => /^(?!default$)[\w$]+$/.test(word));
    const entry = join(root, `${name}.entry.js`);
    const bundle = await rolldown({
      input: entry,
      cwd: root,
      platform: 'node',
      plugins: [
        {
          name: 'entry',
          resolveId: (id) => (id === entry ? id : null),
          load: (id) => (id === entry ? `export { ${exported.join(', ')} } from '${name}';` : null),
        },
      ],
      onLog: (level, log) => {
        if (level === 'warn') throw new Error(`${name}: ${log.message}`);
      },
    });
    await bundle.write({ file: join(begun, `${name}.js`), format: 'esm', codeSplitting: false });
    await bundle.close();
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(begun, folder);
}

if (import.meta.main) await pack(packedFolder(root));
