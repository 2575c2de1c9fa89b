import type { z } from 'zod';
import { type Position, SconeError } from '../core/errors.ts';
import { checkSource } from './problems.ts';
import type { Tree } from './tree.ts';
import { substituteVariables } from './variables.ts';
import { type Path, readYaml, summary } from './yaml.ts';

/** A session file, read: what the session room parses. It knows positions and what was probably meant. */
export interface SessionFile {
  readonly file: string;
  readonly value: Tree;
  at(path: Path): Position;
  check<T>(schema: z.ZodType<T>, path: Path): { value?: T; problems: SconeError[] };
}

/**
 * Reads a session file: YAML or JSON, with `$VAR` from the given variables. Throws `E_SESSION` with all problems of
 * the YAML and of the variables.
 */
export function readSessionSource(text: string, file: string, variables: ReadonlyMap<string, string>): SessionFile {
  const { source, problems } = substituteVariables(readYaml(text, file, 'E_SESSION'), variables);
  if (problems.length > 0) throw summary(file, 'E_SESSION', problems);
  if (source.value === null) {
    throw new SconeError('E_SESSION', `${file} is empty`, {
      at: { file, line: 1, column: 1 },
      hint: 'a session begins with version: "0.3.12" and name: <name>',
    });
  }
  return {
    file,
    value: source.value,
    at: (path) => source.at(path),
    check: (schema, path) => checkSource(source, schema, 'a session', path),
  };
}
