import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { utf8Text } from '../core/bytes.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { repeated } from '../language/repeat.ts';
import type { YamlSource } from '../manifest/yaml.ts';
import type { Context, Input } from './context.ts';

/** The value of one `$NAME`, and where it is from. */
export interface Variable {
  value: string;
  /** `--set`, the name of a `--values` file, `environment` or `.env`. */
  origin: string;
}

/**
 * What `$NAME` in a file stands for: `--set NAME=VALUE` first, then `--values` files, of which a later one counts more,
 * then the environment, then `.env` in the current folder. Throws `E_USAGE`.
 */
export async function variablesOf(context: Context, options: Input['options']): Promise<Map<string, Variable>> {
  const variables = new Map<string, Variable>();
  for (const [name, value] of await dotEnv(context)) variables.set(name, { value, origin: '.env' });
  for (const [name, value] of Object.entries(context.environment)) {
    if (value !== undefined) variables.set(name, { value, origin: 'environment' });
  }
  for (const file of texts(options['values'])) {
    for (const [name, value] of await valuesFile(context, file)) variables.set(name, { value, origin: file });
  }
  for (const text of texts(options['set'])) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text);
    if (match === null) {
      throw new SconeError('E_USAGE', '--set takes a name and a value', {
        expected: 'NAME=VALUE, the name of letters, digits and _',
        // What stands behind the first = may be anything, also something nobody should see.
        found: text.split('=', 1)[0] ?? '',
      });
    }
    variables.set(match[1] ?? '', { value: match[2] ?? '', origin: '--set' });
  }
  return variables;
}

/** The values alone, as manifests take them. */
export function valuesIn(variables: ReadonlyMap<string, Variable>): Map<string, string> {
  return new Map(Array.from(variables, ([name, { value }]) => [name, value]));
}

function texts(option: unknown): string[] {
  return Array.isArray(option) ? (option as string[]) : [];
}

/** A file of `--values`: YAML, one map of names and values. */
async function valuesFile(context: Context, file: string): Promise<[string, string][]> {
  const { readYaml } = await import('../manifest/yaml.ts');
  let text: string;
  try {
    text = utf8Text(await readFile(resolve(context.folder, file)), file);
  } catch (error) {
    throw new SconeError('E_USAGE', `${file} cannot be read`, { cause: error });
  }
  let source: YamlSource;
  try {
    source = readYaml(text, file);
  } catch (error) {
    throw error instanceof SconeError ? withoutColumn(error) : error;
  }
  const { value } = source;
  if (value === null) return [];
  const wrong = (path: string[], what: string) =>
    withoutColumn(
      new SconeError('E_MANIFEST', what, { at: source.at(path), hint: 'write NAME: value on lines of their own' }),
    );
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong([], `${file} is no map of names and values`);
  return Object.entries(value).map(([name, member]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw wrong([name], `${JSON.stringify(repeated(name))} is no name of a variable`);
    }
    if (member !== null && typeof member !== 'string') throw wrong([name], `the value of ${name} is no text`);
    return [name, member ?? ''];
  });
}

/** The same error, of which only the number of its line is shown: values may be secrets (item 56). */
function withoutColumn({ code, message, at, hint, errors }: SconeError): SconeError {
  return new SconeError(code, message, {
    errors: errors.map(withoutColumn),
    ...(at?.line === undefined ? {} : { at: { file: at.file, line: at.line } }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** `.env`: lines `NAME=value`, with `export`, quotes and comments as shells have them; nothing is expanded. */
async function dotEnv(context: Context): Promise<[string, string][]> {
  const file = '.env';
  let text: string;
  try {
    text = utf8Text(await readFile(resolve(context.folder, file)), file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EISDIR') return [];
    throw new SconeError('E_USAGE', `${file} cannot be read`, { cause: error });
  }
  return text.split(/\r?\n/).flatMap((line, index): [string, string][] => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    const match =
      /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^'"#\s](?:(?!\s#).)*|))\s*(?:#.*)?$/.exec(
        line,
      );
    if (match === null) {
      throw new SconeError('E_USAGE', `a line of ${file} is no variable`, {
        // Without a column the line is not shown: it may hold a secret (item 56).
        at: { file, line: index + 1 },
        expected: 'NAME=value, or NAME="value"',
        hint: 'put quotes around a value with blanks; a value of several lines has no place here: use --values',
      });
    }
    return [[match[1] ?? '', match[2] ?? match[3] ?? (match[4] ?? '').trimEnd()]];
  });
}
