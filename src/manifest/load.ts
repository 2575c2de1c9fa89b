import type { z } from 'zod';
import { SconeError } from '../core/errors.ts';
import { didYouMean } from '../language/suggest.ts';
import type { Findings } from './findings.ts';
import { normaliseMesh } from './mesh-manifest.ts';
import { meshSchema } from './mesh-schema.ts';
import type { Meshfile } from './meshfile.ts';
import { checkSource } from './problems.ts';
import { typographicQuotes } from './quotes.ts';
import type { ServiceManifest } from './service.ts';
import { normaliseService } from './service-manifest.ts';
import {
  oldServiceKinds,
  oldServiceSchema,
  type ParsedService,
  serviceKinds,
  serviceSchema,
} from './service-schema.ts';
import { substituteVariables } from './variables.ts';
import { byPosition, readYaml, summary, type YamlSource } from './yaml.ts';

export type LoadedManifest =
  | { kind: 'genservice'; manifest: ServiceManifest; warnings: SconeError[] }
  | { kind: 'mesh'; manifest: Meshfile; warnings: SconeError[] };

/**
 * Loads a service manifest or a Meshfile: YAML, `$VAR`, fields, normal form.
 *
 * @param text the file's text
 * @param file its name, for positions
 * @param opts.variables values of `$VAR` and `${VAR}`; one that is missing is an error
 * @throws `E_MANIFEST` whose `errors` are all problems of the file, sorted, each with `at`
 */
export function loadManifest(
  text: string,
  file: string,
  opts: { variables: ReadonlyMap<string, string> },
): LoadedManifest {
  const { source, problems, isUnset } = substituteVariables(readYaml(text, file), opts.variables);
  const kind = kindOf(source);
  if (kind instanceof SconeError) throw summary(file, source.code, [...problems, kind]);
  if (kind === 'mesh') {
    const { manifest, warnings } = read(meshSchema, 'a Meshfile', normaliseMesh);
    return { kind, manifest, warnings };
  }
  const schema = oldServiceKinds.includes(kindText(source)) ? oldServiceSchema : serviceSchema;
  const { manifest, warnings } = read<ParsedService, ServiceManifest>(schema, 'a service manifest', normaliseService);
  return { kind, manifest, warnings };

  function read<Parsed, Manifest>(
    schema: z.ZodType<Parsed>,
    what: string,
    normalise: (source: YamlSource, parsed: Parsed) => { manifest: Manifest; findings: Findings },
  ): { manifest: Manifest; warnings: SconeError[] } {
    const { value, problems: wrong } = checkSource(source, schema, what);
    const read = value === undefined ? undefined : normalise(source, value);
    const others = [...wrong, ...(read?.findings.problems ?? [])].filter((problem) => !isUnset(problem));
    if (read === undefined || problems.length + others.length > 0) {
      throw summary(file, source.code, [...problems, ...others]);
    }
    const warnings = [...read.findings.warnings, ...typographicQuotes(source)].toSorted(byPosition);
    return { manifest: read.manifest, warnings };
  }
}

function kindText({ value }: YamlSource): string {
  const kind = typeof value === 'object' && value !== null && !Array.isArray(value) ? value['kind'] : undefined;
  return typeof kind === 'string' ? kind : '';
}

function kindOf(source: YamlSource): 'genservice' | 'mesh' | SconeError {
  const { value, file, code } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new SconeError(code, value === null ? 'the file is empty' : 'the file is no map of keys', {
      at: { file, line: 1, column: 1 },
      hint: 'a service manifest begins with "apiVersion: scone/5.8" and "kind: genservice", a Meshfile with "kind: mesh"',
    });
  }
  const kind = value['kind'];
  if (kind === 'mesh') return 'mesh';
  if (typeof kind === 'string' && (serviceKinds as readonly string[]).includes(kind)) return 'genservice';
  if (kind === undefined) {
    return new SconeError(code, 'the file lacks "kind"', {
      at: source.at([]),
      hint: 'write "kind: genservice" for a service manifest or "kind: mesh" for a Meshfile',
    });
  }
  return new SconeError(code, 'kind must be genservice or mesh', {
    at: source.at(['kind']),
    expected: 'genservice or mesh',
    ...(typeof kind === 'string' ? { found: kind, hint: didYouMean(kind, ['genservice', 'mesh']) } : {}),
  });
}
