// Writes the pages of docs/reference that are made from code. `npm run docs`
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandsPage } from './docs/commands.ts';
import { errorsPage } from './docs/errors.ts';
import { evidencePage } from './docs/evidence.ts';
import { meshfilePage, serviceManifestPage } from './docs/manifests.ts';
import { roomsPage } from './docs/rooms.ts';
import { routesPage } from './docs/routes.ts';
import { root } from './environment.ts';

/** Path of each generated page, relative to the project, and the function that makes its text. */
export const pages: { readonly [path: string]: () => string } = {
  'docs/reference/api.md': routesPage,
  'docs/reference/commands.md': commandsPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/evidence.md': evidencePage,
  'docs/reference/meshfile.md': meshfilePage,
  'docs/reference/rooms.md': roomsPage,
  'docs/reference/service-manifest.md': serviceManifestPage,
};

if (import.meta.main) {
  for (const [path, make] of Object.entries(pages)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), make());
    console.log(path);
  }
}
