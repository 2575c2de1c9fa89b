import type { z } from 'zod';
import { meshSchema } from '../../src/manifest/mesh-schema.ts';
import { oldServiceKinds, oldServiceSchema, serviceSchema } from '../../src/manifest/service-schema.ts';
import { sessionSchema } from '../../src/session/schema.ts';
import { type Older, published } from './json-schema.ts';

interface Language {
  schema: z.ZodType;
  title: string;
  older?: Older;
}

/** The languages that people write, by the names of their published schemas. */
export const languages: { readonly [name: string]: Language } = {
  service: {
    schema: serviceSchema,
    title: 'Service manifest of sconectl (kind: genservice)',
    older: { kinds: oldServiceKinds, schema: oldServiceSchema },
  },
  mesh: { schema: meshSchema, title: 'Meshfile of sconectl (kind: mesh)' },
  session: { schema: sessionSchema, title: 'Session policy, version 0.3 to 0.3.12' },
};

/** The text of `schemas/<name>.schema.json`. */
export function schemaFile(name: string): string {
  const language = languages[name];
  if (language === undefined) throw new Error(`there is no language ${name}`);
  return `${JSON.stringify(published(language.schema, name, language.title, language.older), null, 2)}\n`;
}
