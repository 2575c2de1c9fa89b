import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Packages of very many small files that most commands load. */
export const packages = ['yaml', 'zod'] as const;

/**
 * Where `scripts/pack.ts` leaves those packages, each as one file. Of another lockfile nothing is found there, and
 * whoever could write there could write into the packages themselves.
 */
export function packedFolder(root: string): string {
  return join(root, 'node_modules', '.packed', hash('sha256', readFileSync(join(root, 'package-lock.json'))));
}

/**
 * From here on, imports of those packages load the one file instead: to find and link their 170 files takes a quarter of a
 * whole `check`. Speed only: without the files, and in a bundle, imports lead to the packages. A CAS is a process of its own
 * that never comes here, so it runs the packages that its evidence speaks of.
 */
export function usePacked(): void {
  if (!import.meta.filename.endsWith('.ts')) return;
  const found = new Map<string, string>();
  try {
    const folder = packedFolder(join(import.meta.dirname, '..', '..'));
    for (const file of readdirSync(folder)) found.set(basename(file, '.js'), pathToFileURL(join(folder, file)).href);
  } catch {
    // Nothing was packed, or for another lockfile.
    return;
  }
  registerHooks({
    resolve: (name, context, next) => {
      // Whoever asks where a package lies (`require.resolve`) wants to know where it does.
      const url = context.conditions.includes('import') ? found.get(name) : undefined;
      return url === undefined ? next(name, context) : { url, format: 'module', shortCircuit: true };
    },
  });
}
