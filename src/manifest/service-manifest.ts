import { looksLikeReference, referenceHint } from '../language/reference.ts';
import { splitWords } from '../language/words.ts';
import { Findings } from './findings.ts';
import { present } from './present.ts';
import { wrongReferences } from './references.ts';
import type { BuildKind, ServiceManifest, User, Volume } from './service.ts';
import type { ParsedService } from './service-schema.ts';
import { normaliseSecrets } from './service-secrets.ts';
import { waitingHint, waits } from './waiting.ts';
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
] as const;

/** The normal form of a service manifest whose fields have the right types; what is wrong between them is found here. */
export function normaliseService(
  source: YamlSource,
  parsed: ParsedService,
): { manifest: ServiceManifest; findings: Findings } {
  const findings = new Findings(source, 'a service manifest');
  const secretNames = new Set(parsed.secrets?.global.map(({ name }) => name).concat(parsed.secrets.import));
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
  checkReferences(['build', 'command'], parsed.build.command ?? '', secretNames, findings);
  if (parsed.requirements !== undefined) {
    if (parsed.build.requirements !== undefined) {
      findings.problem(['requirements'], 'stands beside build.requirements', { hint: 'keep build.requirements' });
    }
    manifest.build.requirements = parsed.requirements;
    findings.notYet(['requirements'], 'requirements');
  }
  return { manifest, findings };
}

function normaliseBuild(build: ParsedService['build'], findings: Findings): ServiceManifest['build'] {
  const kind = (build.kind ?? 'python').replace(' ', '') as BuildKind;
  if (kind !== 'python') findings.notYet(['build', 'kind'], `build.kind ${kind}`);
  for (const field of ['kind', 'command'] as const) {
    if (build[field] !== undefined) continue;
    findings.notYet(['build'], `a manifest without build.${field}, which its base decides,`, `write build.${field}`);
  }
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
  ignoreHarmless(build, findings);
  build.copy.forEach((entry, index) => {
    // Builders of images read it from the folder of the build, file systems do not: nobody has to guess.
    if (entry.startsWith('/')) {
      const inside = entry.replace(/^\/+/, '');
      findings.notYet(
        ['build', 'copy', index],
        `the absolute path ${entry} in build.copy`,
        `name it from the folder of the manifest${inside === '' ? '' : `: ${inside}`}`,
      );
    }
  });
  return {
    name: build.name ?? build.to.replace(/^.*\//, '').replace(/:.*$/, ''),
    kind,
    to: build.to,
    commandText: build.command ?? '',
    argv: build.command === undefined ? [] : words(build.command, findings),
    pwd: build.pwd ?? '/',
    copy: build.copy,
    from,
    user: normaliseUser(build.user ?? nonroot, findings),
    ...(build.requirements === undefined ? {} : { requirements: build.requirements }),
    run: build.run,
    binaries: build.binaries,
    dirs: build.dirs,
    plains: build.plains,
    plain_files: build.plain_files,
    host_paths: build.host_paths,
    volumes: normaliseVolumes(build.volumes, findings),
    ...(build.stable === undefined ? {} : { stable: build.stable }),
    ...(build.signature?.key === undefined ? {} : { signingKey: build.signature.key }),
    ...(build.gen_policy?.policy === undefined ? {} : { policyTemplate: build.gen_policy.policy }),
  };
}

/** Root in a container is one mistake of its engine away from root on the host, and pods of the chart never are root. */
function normaliseUser(text: string, findings: Findings): User {
  const [uid = '', gid = uid] = text.split(':');
  const user = { uid: Number(uid), gid: Number(gid) };
  if (user.uid === 0) {
    findings.problem(['build', 'user'], 'is root, and no service runs as root', {
      expected: 'a user id other than 0',
      found: `${user.uid}:${user.gid}`,
      hint: 'leave build.user out (65532), or name another id; a program that listens on a port below 1024 can listen above',
    });
  }
  return user;
}

/** Keys of old files whose loss changes nothing, or makes the image safer (the reference lists them). */
function ignoreHarmless(build: ParsedService['build'], findings: Findings): void {
  if (build.host_path !== undefined) {
    findings.warning(['build', 'host_path'], 'is ignored: it never had an effect', {
      hint: 'remove it; nothing of the host is visible in the image, which is the safer meaning',
    });
  }
  if (build.binarfs !== undefined) {
    findings.warning(['build', 'binarfs'], 'is ignored: the whole image is protected', { hint: 'remove it' });
  }
}

function normaliseVolumes(volumes: ParsedService['build']['volumes'], findings: Findings): Volume[] {
  const list = ['build', 'volumes'];
  const places = (field: 'name' | 'path') =>
    volumes.map((volume, index) => ({ name: volume[field], path: [...list, index, field] }));
  for (const field of ['name', 'path'] as const) {
    findings.repeated(places(field), (path, name) =>
      findings.problem(path, `is ${name} a second time`, { hint: 'each volume has a name and a place of its own' }),
    );
  }
  return volumes.map((volume, index) => {
    if (volume.import !== undefined && volume.export.length > 0) {
      findings.problem([...list, index, 'export'], 'stands beside import', {
        hint: 'only the session that defines a volume exports it: remove export',
      });
    }
    return {
      name: volume.name,
      path: volume.path,
      ...(volume.import === undefined ? {} : { import: volume.import }),
      ...(volume.export.length === 0 ? {} : { export: volume.export.map(present) }),
    };
  });
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
  secretNames: ReadonlySet<string>,
  findings: Findings,
): ServiceManifest['environment'] {
  const { global = [] } = parsed.environment ?? {};
  const local = [...oldVariables(parsed, findings), ...(parsed.environment?.local ?? [])];
  const localNames = new Set(local.map(({ name }) => name));
  const old = parsed.env.length;
  local.forEach(({ name, value }, index) => {
    const path = index < old ? ['env', index, 'value'] : ['environment', 'local', index - old, 'value'];
    checkReferences(path, value, secretNames, findings);
    if (waits(name, value)) findings.notYet(path, `waiting for another service (${name})`, waitingHint);
  });
  global.forEach(({ name, value }, index) => {
    if (value !== undefined) {
      const path = ['environment', 'global', index, 'value'];
      checkReferences(path, value, secretNames, findings);
      if (waits(name, value)) findings.notYet(path, `waiting for another service (${name})`, waitingHint);
    }
    if (localNames.has(name)) {
      findings.problem(['environment', 'global', index, 'name'], `is ${name}, which environment.local sets already`, {
        hint: 'keep it in local (fixed here) or in global (set by the Meshfile), not in both',
      });
    }
  });
  return {
    local: lastOfEach(local, 'local', findings, old),
    global: lastOfEach(global, 'global', findings).map(({ name, value }) =>
      value === undefined ? { name } : { name, value },
    ),
  };
}

/** `env` of 2022: variables of this manifest, before `environment` had them. */
function oldVariables(parsed: ParsedService, findings: Findings): { name: string; value: string }[] {
  const { env } = parsed;
  if (env.length > 0) {
    findings.warning(['env'], 'is the form of 2022', { hint: 'write the variables below environment.local' });
  }
  return env.flatMap(({ key, name, value }, index) => {
    if ((key === undefined) === (name === undefined)) {
      findings.problem(['env', index], 'must have key and value', { hint: 'write {key: API_USER, value: myself}' });
    }
    return [{ name: key ?? name ?? '', value }];
  });
}

/** Of two entries with one name the later counts, as in Meshfiles. */
function lastOfEach<T extends { name: string }>(entries: readonly T[], list: string, findings: Findings, old = 0): T[] {
  const paths = entries.map(({ name }, index) => ({
    name,
    path: index < old ? ['env', index] : ['environment', list, index - old, 'name'],
  }));
  findings.repeated(paths, (path, name) =>
    findings.warning(path, `is ${name} a second time; the later one counts`, { hint: 'remove the earlier one' }),
  );
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

function normaliseFiles(
  parsed: ParsedService,
  secretNames: ReadonlySet<string>,
  findings: Findings,
): ServiceManifest['injection_files'] {
  const files = parsed.injection_files;
  const paths = files.map(({ path }, index) => ({ name: path, path: ['injection_files', index, 'path'] }));
  findings.repeated(paths, (path, name) =>
    findings.problem(path, `is ${name} a second time`, { hint: 'keep one entry for each path' }),
  );
  return files.map(({ path, content }, index) => {
    if (content !== null) checkReferences(['injection_files', index, 'content'], content, secretNames, findings);
    if (path.includes('{{')) findings.notYet(['injection_files', index, 'path'], `{{…}} in the path ${path}`);
    if (/^\/(?:etc\/(?:resolv\.conf|hosts|hostname)|proc|sys|dev|run|opt\/scone)(?:\/|$)/.test(path)) {
      findings.notYet(['injection_files', index, 'path'], `an injected file at ${path}`);
    }
    return { path, content };
  });
}

function checkReferences(
  path: readonly (string | number)[],
  text: string,
  secretNames: ReadonlySet<string>,
  findings: Findings,
): void {
  if (looksLikeReference(text)) {
    findings.notYet(path, 'SCONE::, which is no placeholder as it is written,', referenceHint);
  }
  for (const { open, rule, hint } of wrongReferences(text, secretNames)) {
    if (open === undefined) findings.problem(path, rule, { hint });
    else findings.notYet(path, `${open}, a placeholder that is not closed,`, hint);
    if (findings.full) return;
  }
}
