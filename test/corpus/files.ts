import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The languages of the corpus; each has a folder of that name. */
export const languageNames = ['service', 'mesh', 'session'] as const;
export type LanguageName = (typeof languageNames)[number];

export interface CorpusFile {
  language: LanguageName;
  file: string;
  text: string;
  /** What another YAML reader makes of it, with numbers and booleans: what editors check. */
  native: unknown;
}

const folder = import.meta.dirname;

/** Values of the `$NAME`s in the corpus. */
export const variables = new Map(
  Object.entries(parse(readFileSync(join(folder, 'values.yml'), 'utf8')) as { [name: string]: string }),
);

/** The files of one language that are right. */
export function corpus(language: LanguageName): CorpusFile[] {
  return readdirSync(join(folder, language)).map((name) => read(language, join(language, name)));
}

/** Files that break the shape of their language. */
export function wrongFiles(): CorpusFile[] {
  return readdirSync(join(folder, 'wrong')).map((name) => {
    const language = languageNames.find((one) => name.startsWith(`${one}-`));
    if (language === undefined) throw new Error(`${name} names no language`);
    return read(language, join('wrong', name));
  });
}

function read(language: LanguageName, file: string): CorpusFile {
  const text = readFileSync(join(folder, file), 'utf8');
  const tags = ['!cas', '!akv'].flatMap((tag) => [
    { tag, resolve: (value: string) => ({ [tag.slice(1)]: value }) },
    { tag, collection: 'map' as const, resolve: (map: unknown) => map },
  ]);
  return { language, file, text, native: withTags(parse(text, { customTags: tags, logLevel: 'error' })) };
}

/** `!akv {…}` stands below `store_in`; there our reader makes it `{akv: {…}}`. */
function withTags(value: unknown): unknown {
  const config = (value as { secret_config?: { store_in?: { vault?: string } } } | null)?.secret_config;
  if (config?.store_in?.vault !== undefined) {
    return { ...(value as object), secret_config: { store_in: { akv: JSON.parse(JSON.stringify(config.store_in)) } } };
  }
  return value;
}
