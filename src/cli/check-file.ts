import { type Position, SconeError } from '../core/errors.ts';
import { type LoadedManifest, loadManifest } from '../manifest/load.ts';
import { notYet } from '../manifest/not-yet.ts';
import { type Path, readYaml, type YamlSource } from '../manifest/yaml.ts';
import type { ParsedCompleteSession } from '../session/parse.ts';
import type { CheckInput } from './check-inputs.ts';
import { problemsOf } from './report/render.ts';

/** Something that a check has to say. */
export interface Finding {
  level: 'error' | 'warning';
  error: SconeError;
}

/** What one file is, as far as it could be read. */
export type CheckedFile = { file: string; text: string; findings: Finding[] } & (
  | { kind: 'genservice' | 'mesh'; loaded?: LoadedManifest }
  | { kind: 'session'; session?: ParsedCompleteSession['session']; at?: (path: Path) => Position }
  | { kind: 'other' | 'unknown' }
);

/** Any salt will do: a check makes no hash that anybody keeps. */
const salt = '00'.repeat(16);

/** Checks one file by what it is; it throws nothing. */
export async function checkFile(
  { file, text, problem, found }: CheckInput,
  variables: ReadonlyMap<string, string>,
): Promise<CheckedFile> {
  const name = file === '-' ? '<stdin>' : file;
  const findings: Finding[] = [];
  if (problem !== undefined) {
    if (found) return { file: name, text, findings, kind: 'other' };
    return { file: name, text, findings: [{ level: 'error', error: problem }], kind: 'unknown' };
  }
  const kind = kindOf(text, name, found);
  const base = { file: name, text, findings };
  const errors = (error: unknown) => {
    if (!(error instanceof SconeError)) throw error;
    for (const problem of problemsOf(error)) findings.push({ level: 'error', error: problem });
  };
  const warn = (warnings: readonly SconeError[]) => {
    for (const error of warnings) findings.push({ level: 'warning', error });
  };
  if (kind === 'other') return { ...base, kind };
  try {
    if (kind === 'session') {
      const { readSessionSource } = await import('../manifest/session-source.ts');
      const { parseCompleteSession } = await import('../session/parse.ts');
      const source = readSessionSource(text, name, variables);
      const parsed = parseCompleteSession(source, { salt });
      warn([...parsed.warnings, ...parsed.unsupported]);
      return { ...base, kind, session: parsed.session, at: (path) => source.at(path) };
    }
    const loaded = loadManifest(text, name, { variables });
    warn([...loaded.warnings, ...notYet(loaded.manifest)]);
    return { ...base, kind: loaded.kind, loaded };
  } catch (error) {
    errors(error);
    return { ...base, kind };
  }
}

/** What a text wants to be. In a folder, what is none of ours is left alone; a file that was named has to be one. */
function kindOf(text: string, file: string, found: boolean): CheckedFile['kind'] {
  // Nearly every manifest says it on a line of its own, and then need not be read twice.
  const [, said] = /^kind:[ \t]*["']?(mesh|genservice|genAppImage|genImage)["']?[ \t]*(?:#.*)?$/m.exec(text) ?? [];
  if (said !== undefined && /^apiVersion:/m.test(text)) return said === 'mesh' ? 'mesh' : 'genservice';
  let source: YamlSource;
  try {
    source = readYaml(text, file);
  } catch {
    // A session may hold tags that no manifest has, and only its reader knows them.
    const session = /^version:/m.test(text) && !/^kind:/m.test(text);
    if (session) return 'session';
    return found && !/^apiVersion:\s*["']?scone\//m.test(text) ? 'other' : 'unknown';
  }
  const { value } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return found ? 'other' : 'unknown';
  const { kind, apiVersion, version, name } = value;
  if (kind === 'mesh') return 'mesh';
  const ours = typeof apiVersion === 'string' && apiVersion.startsWith('scone/');
  if (typeof kind === 'string' && (ours || /^gen(?:service|AppImage|Image)$/.test(kind))) return 'genservice';
  if (kind === undefined && !ours && name !== undefined) {
    const sections = ['services', 'secrets', 'access_policy', 'security', 'volumes', 'images', 'digest'];
    const dated = typeof version === 'string' && /^0\.[0-9]/.test(version);
    if (sections.some((key) => value[key] !== undefined) || (dated && !found)) return 'session';
  }
  return ours || !found ? 'unknown' : 'other';
}
