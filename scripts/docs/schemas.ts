import type { z } from 'zod';
import { meshSchema } from '../../src/manifest/mesh-schema.ts';
import { serviceSchema } from '../../src/manifest/service-schema.ts';
import { sessionSchema } from '../../src/session/schema.ts';
import { published } from './json-schema.ts';

/** The languages that people write, by the names of their published schemas. */
export const languages: { readonly [name: string]: { schema: z.ZodType; title: string } } = {
  service: { schema: serviceSchema, title: 'Service manifest of sconectl (kind: genservice)' },
  mesh: { schema: meshSchema, title: 'Meshfile of sconectl (kind: mesh)' },
  session: { schema: sessionSchema, title: 'Session policy, version 0.3 to 0.3.12' },
};

/** The text of `schemas/<name>.schema.json`. */
export function schemaFile(name: string): string {
  const language = languages[name];
  if (language === undefined) throw new Error(`there is no language ${name}`);
  return `${JSON.stringify(published(language.schema, name, language.title), null, 2)}\n`;
}
