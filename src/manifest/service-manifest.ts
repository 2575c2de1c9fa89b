import { splitWords } from '../core/words.ts';
import { Findings } from './findings.ts';
import { wrongReferences } from './references.ts';
import type { SecretSource, ServiceManifest } from './service.ts';
import type { ParsedService } from './service-schema.ts';
import type { YamlSource } from './yaml.ts';

/** The base that an image is built from where the manifest names none. */
export const defaultBase = 'debian:bookworm';
const nonroot = '65532:65532';

/** Fields of `build` that are known and that no build honours yet. */
const laterFields = [
  'requirements',
  'run',
  'binaries',
  'dirs',
  'plains',
  'plain_files',
  'host_paths',
  'volumes',
  'stable',
  'binarfs',
] as const;

/** The normal form of a service manifest whose fields have the right types; what is wrong between them is found here. */
export function normaliseService(
  source: YamlSource,
  parsed: ParsedService,
): { manifest: ServiceManifest; findings: Findings } {
  const findings = new Findings(source, 'a service manifest');
  const secretNames = [...(parsed.secrets?.global.map(({ name }) => name) ?? []), ...(parsed.secrets?.import ?? [])];
  const manifest: ServiceManifest = {
    file: source.file,
    apiVersion: parsed.apiVersion,
    build: normaliseBuild(parsed.build, findings),
    environment: normaliseEnvironment(parsed, secretNames, findings),
    injection_files: normaliseFiles(parsed, secretNames, findings),
    secrets: normaliseSecrets(parsed, findings),
    unsupported: findings.unsupported,
    locate: (...path) => source.at(path),
  };
  checkReferences(['build', 'command'], parsed.build.command, secretNames, findings);
  if (parsed.requirements !== undefined) findings.notYet(['requirements'], 'requirements');
  if (parsed.env !== undefined) findings.notYet(['env'], 'env in the form of 2022');
  return { manifest, findings };
}

function normaliseBuild(build: ParsedService['build'], findings: Findings): ServiceManifest['build'] {
  if (build.kind !== 'python') findings.notYet(['build', 'kind'], `build.kind ${build.kind}`);
  const from = build.from ?? defaultBase;
  if (from !== defaultBase && !from.startsWith('oci:')) findings.notYet(['build', 'from'], `build.from ${from}`);
  for (const field of laterFields) {
    const value = build[field];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) {
      findings.notYet(['build', field], `build.${field}`);
    }
  }
  if (build.signature?.key !== undefined) findings.notYet(['build', 'signature', 'key'], 'build.signature.key');
  if (build.gen_policy?.policy !== undefined) findings.notYet(['build', 'gen_policy', 'policy'], 'build.gen_policy');
  if (build.host_path !== undefined) {
    findings.warning(['build', 'host_path'], 'is ignored: it never had an effect', {
      hint: 'remove it; nothing of the host is visible in the image, which is the safer meaning',
    });
  }
  build.copy.forEach((entry, index) => {
    if (entry.startsWith('/') || entry.split('/').includes('..')) {
      findings.problem(['build', 'copy', index], 'leaves the folder of the manifest', {
        expected: 'a path below the folder of the manifest',
        found: entry,
        hint: 'put the file beside the manifest and name it from there',
      });
    }
  });
  const [uid = '', gid = uid] = (build.user ?? nonroot).split(':');
  return {
    name: build.name,
    kind: build.kind,
    to: build.to,
    commandText: build.command,
    argv: words(build.command, findings),
    pwd: build.pwd ?? '/',
    copy: build.copy,
    from,
    user: { uid: Number(uid), gid: Number(gid) },
  };
}

function words(text: string, findings: Findings): string[] {
  const path = ['build', 'command'];
  const command = splitWords(text);
  if (command === undefined) {
    findings.problem(path, 'has a quote that is not closed', { found: text, hint: 'close it with the same quote' });
    return [];
  }
  if (command.argv.length === 0 || command.argv[0] === '') {
    findings.problem(path, 'names no program', { hint: 'begin with the program, such as python3 print_env.py' });
  }
  if (command.metacharacters.length > 0) {
    findings.warning(path, `has characters that only a shell would understand: ${command.metacharacters.join(' ')}`, {
      hint: 'there is no shell: they reach the program as text; put quotes around them to say that this is meant',
    });
  }
  return command.argv;
}

function normaliseEnvironment(
  parsed: ParsedService,
  secretNames: readonly string[],
  findings: Findings,
): ServiceManifest['environment'] {
  const { local = [], global = [] } = parsed.environment ?? {};
  local.forEach(({ value }, index) =>
    checkReferences(['environment', 'local', index, 'value'], value, secretNames, findings),
  );
  global.forEach(({ name, value }, index) => {
    if (value !== undefined) {
      checkReferences(['environment', 'global', index, 'value'], value, secretNames, findings);
    }
    if (local.some((other) => other.name === name)) {
      findings.problem(['environment', 'global', index, 'name'], `is ${name}, which environment.local sets already`, {
        hint: 'keep it in local (fixed here) or in global (set by the Meshfile), not in both',
      });
    }
  });
  return {
    local: lastOfEach(local, 'local', findings),
    global: lastOfEach(global, 'global', findings).map(({ name, value }) =>
      value === undefined ? { name } : { name, value },
    ),
  };
}

/** Of two entries with one name the later counts, as in Meshfiles. */
function lastOfEach<T extends { name: string }>(entries: readonly T[], list: string, findings: Findings): T[] {
  const paths = entries.map(({ name }, index) => ({ name, path: ['environment', list, index, 'name'] }));
  findings.repeated(paths, (path, name) =>
    findings.warning(path, `is ${name} a second time; the later one counts`, { hint: 'remove the earlier one' }),
  );
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

function normaliseFiles(
  parsed: ParsedService,
  secretNames: readonly string[],
  findings: Findings,
): ServiceManifest['injection_files'] {
  const files = parsed.injection_files;
  const paths = files.map(({ path }, index) => ({ name: path, path: ['injection_files', index, 'path'] }));
  findings.repeated(paths, (path, name) =>
    findings.problem(path, `is ${name} a second time`, { hint: 'keep one entry for each path' }),
  );
  return files.map(({ path, content }, index) => {
    if (content !== null) checkReferences(['injection_files', index, 'content'], content, secretNames, findings);
    if (/^\/(?:etc\/(?:resolv\.conf|hosts|hostname)|proc|sys|dev|run|opt\/scone)(?:\/|$)/.test(path)) {
      findings.notYet(['injection_files', index, 'path'], `an injected file at ${path}`);
    }
    return { path, content };
  });
}

function normaliseSecrets(parsed: ParsedService, findings: Findings): ServiceManifest['secrets'] {
  const { global = [], import: imported = [] } = parsed.secrets ?? {};
  const paths = [
    ...global.map(({ name }, index) => ({ name, path: ['secrets', 'global', index, 'name'] })),
    ...imported.map((name, index) => ({ name, path: ['secrets', 'import', index] })),
  ];
  findings.repeated(paths, (path, name) =>
    findings.problem(path, `is ${name} a second time`, { hint: 'secrets need names that differ over the whole mesh' }),
  );
  imported.forEach((name, index) => findings.notYet(['secrets', 'import', index], `importing the secret ${name}`));
  return {
    global: global.map((secret, index) => normaliseSecret(secret, ['secrets', 'global', index], findings)),
    import: imported,
  };
}

type ParsedSecret = NonNullable<ParsedService['secrets']>['global'][number];

function normaliseSecret(secret: ParsedSecret, path: (string | number)[], findings: Findings): SecretSource {
  const { kind, value } = secret;
  if (kind !== 'ascii' && kind !== 'binary') {
    findings.notYet([...path, 'kind'], `the secret kind ${kind}`);
  } else {
    for (const [field, given] of Object.entries(secret)) {
      if (given !== undefined && !['name', 'kind', 'size', 'value', 'export_public'].includes(field)) {
        findings.problem([...path, field], `has no meaning for a secret of kind ${kind}`, { hint: 'remove it' });
      }
    }
  }
  if (value === '') findings.problem([...path, 'value'], 'is empty', { hint: 'remove it to have one generated' });
  if (kind === 'binary' && value !== undefined && !/^(?:[0-9a-f]{2})+$/i.test(value)) {
    findings.problem([...path, 'value'], 'must be hex, two digits for each byte', { hint: 'write the bytes in hex' });
  }
  const given = Object.fromEntries(Object.entries(secret).filter(([, member]) => member !== undefined));
  if (kind === 'binary' && value !== undefined) given['value'] = value.toLowerCase();
  return given as unknown as SecretSource;
}

function checkReferences(
  path: readonly (string | number)[],
  text: string,
  secretNames: readonly string[],
  findings: Findings,
): void {
  for (const { rule, hint } of wrongReferences(text, secretNames)) findings.problem(path, rule, { hint });
}
