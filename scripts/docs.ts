// Writes the pages of docs/reference and the schemas that are made from code. `npm run docs`
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandsPage } from './docs/commands.ts';
import { errorsPage } from './docs/errors.ts';
import { evidencePage } from './docs/evidence.ts';
import { limitsPage } from './docs/limits.ts';
import { meshfilePage, serviceManifestPage, sessionPage } from './docs/manifests.ts';
import { notYetPage } from './docs/not-yet.ts';
import { roomsPage } from './docs/rooms.ts';
import { routesPage } from './docs/routes.ts';
import { languages, schemaFile } from './docs/schemas.ts';
import { variablesPage } from './docs/variables.ts';
import { root } from './environment.ts';

/** Path of each generated page and schema, relative to the project, and the function that makes its text. */
export const pages: { readonly [path: string]: () => string } = {
  'docs/reference/api.md': routesPage,
  'docs/reference/commands.md': commandsPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/evidence.md': evidencePage,
  'docs/reference/limits.md': limitsPage,
  'docs/reference/meshfile.md': meshfilePage,
  'docs/reference/not-yet.md': notYetPage,
  'docs/reference/rooms.md': roomsPage,
  'docs/reference/service-manifest.md': serviceManifestPage,
  'docs/reference/session.md': sessionPage,
  'docs/reference/variables.md': variablesPage,
  ...Object.fromEntries(Object.keys(languages).map((name) => [`schemas/${name}.schema.json`, () => schemaFile(name)])),
};

if (import.meta.main) {
  for (const [path, make] of Object.entries(pages)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), make());
    console.log(path);
  }
}
