import { hasField, spanPattern } from '../language/vocabulary.ts';
import { splitWords } from '../language/words.ts';
import { Findings } from './findings.ts';
import { present } from './present.ts';
import { wrongReferences } from './references.ts';
import type { SecretSource, ServiceManifest, Volume } from './service.ts';
import type { ParsedService } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
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
  ignoreHarmless(build, findings);
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
  secretNames: readonly string[],
  findings: Findings,
): ServiceManifest['environment'] {
  const { global = [] } = parsed.environment ?? {};
  const local = [...oldVariables(parsed, findings), ...(parsed.environment?.local ?? [])];
  const old = parsed.env.length;
  local.forEach(({ value }, index) => {
    const path = index < old ? ['env', index, 'value'] : ['environment', 'local', index - old, 'value'];
    checkReferences(path, value, secretNames, findings);
  });
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
  checkIssuers(global, imported, findings);
  imported.forEach((name, index) => findings.notYet(['secrets', 'import', index], `importing the secret ${name}`));
  return {
    global: global.map((secret, index) => normaliseSecret(secret, ['secrets', 'global', index], findings)),
    import: imported,
  };
}

/** Secrets that secrets name: keys, issuers. A name that is made by the mesh is judged there. */
function checkIssuers(global: readonly ParsedSecret[], imported: readonly string[], findings: Findings): void {
  const byName = new Map(global.map((secret) => [secret.name, secret]));
  global.forEach((secret, index) => {
    const path = ['secrets', 'global', index];
    for (const [field, kind] of [
      ['private_key', 'private-key'],
      ['issuer', 'x509-ca'],
    ] as const) {
      const name = secret[field];
      if (name === undefined || name.includes('{{') || imported.includes(name)) continue;
      const named = byName.get(name);
      if (named === undefined) {
        findings.problem(
          [...path, field],
          `names the secret ${name}, which this manifest neither defines nor imports`,
          {
            hint: didYouMean(name, [...byName.keys(), ...imported]),
          },
        );
      } else if (named.kind !== kind) {
        findings.problem([...path, field], `names a secret of kind ${named.kind}`, {
          expected: `one of kind ${kind}`,
          hint: `name a secret of kind ${kind}`,
        });
      }
    }
    const seen = new Set<string>();
    let at: ParsedSecret | undefined = secret;
    while (at?.issuer !== undefined && !seen.has(at.name)) {
      seen.add(at.name);
      at = byName.get(at.issuer);
    }
    if (at === secret && secret.issuer !== undefined) {
      findings.problem([...path, 'issuer'], 'leads back to the certificate itself', {
        hint: 'let the topmost certificate have no issuer: it signs itself',
      });
    }
  });
}

type ParsedSecret = NonNullable<ParsedService['secrets']>['global'][number];

function normaliseSecret(secret: ParsedSecret, path: (string | number)[], findings: Findings): SecretSource {
  const { kind, value } = secret;
  if (kind !== 'ascii' && kind !== 'binary') findings.notYet([...path, 'kind'], `the secret kind ${kind}`);
  for (const [field, given] of Object.entries(secret)) {
    if (given === undefined || hasField(kind, field)) continue;
    findings.problem([...path, field], `has no meaning for a secret of kind ${kind}`, { hint: 'remove it' });
  }
  if (value === '') findings.problem([...path, 'value'], 'is empty', { hint: 'remove it to have one generated' });
  else if (kind === 'binary' && value !== undefined && !/^(?:[0-9a-f]{2})+$/i.test(value)) {
    findings.problem([...path, 'value'], 'must be hex, two digits for each byte', { hint: 'write the bytes in hex' });
  } else if (kind !== 'ascii' && kind !== 'binary') checkKind(secret, path, findings);
  const given = Object.fromEntries(Object.entries(secret).filter(([, member]) => member !== undefined));
  if (kind === 'binary' && value !== undefined) given['value'] = value.toLowerCase();
  return given as unknown as SecretSource;
}

/** What keys, certificates and tokens need. */
function checkKind(secret: ParsedSecret, path: (string | number)[], findings: Findings): void {
  const { kind, value, valid_for } = secret;
  if (kind === 'aad-token') {
    if (value !== undefined) {
      findings.problem([...path, 'value'], 'has no meaning for a secret of kind aad-token', { hint: 'remove it' });
    }
    const byKey = secret.private_key !== undefined && secret.certificate_thumbprint !== undefined;
    for (const field of ['tenant_id', 'client_id', ...(byKey ? [] : ['application_secret' as const])] as const) {
      if (secret[field] !== undefined) continue;
      findings.problem(path, `lacks "${field}"`, {
        hint: 'an aad-token has tenant_id, client_id and application_secret, or private_key and certificate_thumbprint',
      });
    }
    return;
  }
  if (value !== undefined) {
    if (!/-----BEGIN [A-Z0-9 ]+-----/.test(value) && !value.includes('{{')) {
      findings.problem([...path, 'value'], 'must be PEM', {
        hint: 'write "value: |" and the lines of the PEM below it',
      });
    }
  } else if (kind !== 'private-key' && secret.private_key === undefined) {
    findings.problem(path, 'lacks "private_key"', {
      hint: `define {name: ${secret.name}_key, kind: private-key} and write private_key: ${secret.name}_key`,
    });
  }
  if (secret.endpoint === 'client' && secret.dns !== undefined) {
    findings.problem([...path, 'dns'], 'stands beside endpoint: client', {
      hint: 'clients have no DNS names: remove it',
    });
  }
  if (valid_for !== undefined && !valid_for.includes('{{') && !spanPattern.test(valid_for)) {
    findings.problem([...path, 'valid_for'], 'must be a time', {
      found: valid_for,
      hint: 'write it as 90 days, or 1 year',
    });
  }
}

function checkReferences(
  path: readonly (string | number)[],
  text: string,
  secretNames: readonly string[],
  findings: Findings,
): void {
  for (const { rule, hint } of wrongReferences(text, secretNames)) findings.problem(path, rule, { hint });
}
