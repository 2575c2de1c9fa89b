import { parseKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { Findings } from './findings.ts';
import { envShapes, type ParsedMesh } from './mesh-schema.ts';
import {
  type CasEntry,
  type CasRole,
  casRoles,
  clientPort,
  type EnvValue,
  type Meshfile,
  type MeshService,
} from './meshfile.ts';
import { checkSource } from './problems.ts';
import { didYouMean } from './suggest.ts';
import { parseTolerance, strict } from './tolerance.ts';
import type { Path, YamlSource } from './yaml.ts';

const what = 'a Meshfile';

/** Weaknesses that `policy.tolerate` may name. */
export const tolerable = [
  'debug-mode',
  'hyperthreading',
  'insecure-igpu',
  'software-hardening-needed',
  'aepic-leak',
  'insecure-configuration',
  'outdated-tcb',
  'maa-managed-tcb',
  'local-attestation-trust-cas-tcb',
] as const;

/** The normal form of a Meshfile whose fields have the right types; what is wrong between them is found here. */
export function normaliseMesh(source: YamlSource, parsed: ParsedMesh): { manifest: Meshfile; findings: Findings } {
  const findings = new Findings(source, what);
  const services = normaliseServices(parsed, findings);
  const manifest: Meshfile = {
    file: source.file,
    apiVersion: parsed.apiVersion,
    cas: parsed.cas.map((entry, index) => normaliseCas(entry, ['cas', index], findings)),
    policy: normalisePolicy(parsed.policy, findings),
    env: normaliseEnv(parsed, services, findings),
    services,
    unsupported: findings.unsupported,
    locate: (...path) => source.at(path),
  };
  if (!manifest.cas.some(({ roles }) => roles.includes('cas'))) {
    findings.problem(['cas'], 'has no entry with the role "cas"', {
      hint: 'write "name: cas", or "cas" into its alias',
    });
  }
  if (manifest.cas.length > 1) findings.notYet(['cas', 1], 'more than one CAS');
  for (const field of ['helm_extra_values', 'helm', 'extra_policies', 'repo'] as const) {
    if (parsed[field] !== undefined) findings.notYet([field], field);
  }
  return { manifest, findings };
}

function normaliseCas(entry: ParsedMesh['cas'][number], path: Path, findings: Findings): CasEntry {
  const roles = new Set<CasRole>();
  [entry.name, ...entry.alias].forEach((role, index) => {
    if ((casRoles as readonly string[]).includes(role)) roles.add(role as CasRole);
    else if (index > 0) {
      findings.problem([...path, 'alias', index - 1], 'is no role of a CAS', {
        found: role,
        hint: didYouMean(role, casRoles),
      });
    }
  });
  if (entry.mode !== undefined && entry.mode !== 'Upload') findings.notYet([...path, 'mode'], `cas mode ${entry.mode}`);
  if (entry.cas_encryption_key !== undefined) findings.notYet([...path, 'cas_encryption_key'], 'cas_encryption_key');
  if (entry.cas_key !== undefined) {
    refused(findings, [...path, 'cas_key'], 'the key hash is printed by `sconectl cas attest`', () =>
      parseKeyHash(entry.cas_key ?? '', 'cas_key'),
    );
  }
  const words = entry.tolerance?.split(/\s+/).filter((word) => word !== '') ?? [];
  const tolerance = refused(findings, [...path, 'tolerance'], undefined, () => parseTolerance(words));
  return {
    name: entry.name,
    roles: [...roles],
    url: entry.cas_url,
    ...address(entry.cas_url, [...path, 'cas_url'], findings),
    ...(entry.cas_key === undefined ? {} : { key: entry.cas_key }),
    tolerance: tolerance ?? strict,
    mode: 'Upload',
  };
}

function address(url: string, path: Path, findings: Findings): { host: string; port: number } {
  const [, host = '', port] = /^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?$/.exec(url) ?? [];
  const number = port === undefined ? clientPort : Number(port);
  if (host === '' || number < 1 || number > 65_535) {
    findings.problem(path, 'must be host or host:port', {
      found: url,
      hint: /:\/\//.test(url)
        ? `leave out the scheme: ${url.replace(/^[a-z0-9+.-]*:\/\//i, '').replace(/\/.*$/, '')}`
        : `write a host name or an IPv4 address; the port is the one for clients, ${clientPort} where none is given`,
    });
  }
  return { host, port: number };
}

function normalisePolicy(policy: ParsedMesh['policy'], findings: Findings): Meshfile['policy'] {
  for (const field of ['maa', 'access_policy_name', 'attestation_policy_name', 'security_policy_name'] as const) {
    if (policy[field] !== undefined) findings.notYet(['policy', field], `policy.${field}`);
  }
  if (policy.image_policy_namespace !== undefined && policy.image_policy_namespace !== policy.namespace) {
    findings.notYet(['policy', 'image_policy_namespace'], 'policy.image_policy_namespace');
  }
  const tolerate = splitList(policy.tolerate);
  for (const word of tolerate) {
    if ((tolerable as readonly string[]).includes(word)) continue;
    findings.problem(['policy', 'tolerate'], 'names something that cannot be tolerated', {
      found: word,
      hint: didYouMean(word, tolerable),
    });
  }
  const advisories = splitList(policy.ignore_advisories);
  for (const advisory of advisories) {
    if (advisory === '*' ? advisories.length === 1 : /^INTEL-SA-[0-9]{5}$/.test(advisory)) continue;
    findings.problem(['policy', 'ignore_advisories'], 'names something that is no advisory', {
      expected: '"*" alone, or advisories such as INTEL-SA-00586',
      found: advisory,
      hint: advisory === '*' ? 'write "*" alone, or the advisories without it' : 'write it as INTEL-SA-00586',
    });
  }
  return {
    namespace: policy.namespace,
    tolerate: [...new Set(tolerate)],
    ignore_advisories: advisories.includes('*') ? '*' : [...new Set(advisories)],
  };
}

/** Lists are written as YAML lists or with commas between. */
function splitList(items: readonly string[] | undefined): string[] {
  return (items ?? []).flatMap((item) => item.split(',').map((word) => word.trim())).filter((word) => word !== '');
}

function normaliseServices(parsed: ParsedMesh, findings: Findings): MeshService[] {
  const services = parsed.services.map(({ name, image }, index): MeshService => {
    const last = image.slice(image.lastIndexOf('/') + 1);
    return {
      name: name ?? last.replace(/[:@].*$/, ''),
      image,
      at: findings.source.at(['services', index]),
    };
  });
  const taken = new Map<string, string>();
  services.forEach(({ name }, index) => {
    const path = ['services', index, 'name'];
    const short = name.toLowerCase().replace(/[_.~]/g, '-');
    const other = taken.get(short);
    if (other === name) {
      findings.problem(path, `is ${name} a second time`, { hint: 'give each service of the mesh a name of its own' });
    } else if (other !== undefined) {
      findings.problem(path, `is ${name}, which Kubernetes cannot tell from ${other}`, {
        hint: 'let the names differ in more than case and punctuation',
      });
    } else if (['global', 'helm'].includes(name)) {
      findings.problem(path, `is ${name}, which means something else in env`, { hint: 'give it another name' });
    }
    taken.set(short, name);
  });
  parsed.services.forEach((service, index) => {
    for (const field of ['image_policy', 'image_secrets', 'env', 'helm_chart', 'helm_extra_values'] as const) {
      if (service[field] !== undefined) findings.notYet(['services', index, field], `services[].${field}`);
    }
  });
  return services;
}

function normaliseEnv(parsed: ParsedMesh, services: readonly MeshService[], findings: Findings): EnvValue[] {
  const { source } = findings;
  const values: EnvValue[] = [];
  const take = (scope: string, { name, value }: { name: string; value: string }, path: Path) =>
    values.push({ scope, name, value, at: source.at([...path, 'value']) });

  parsed.env?.forEach((entry, index) => {
    const path = ['env', index];
    const keys = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
    if (keys.includes('service') || keys.includes('env')) {
      const { value, problems } = checkSource(source, envShapes.block, what, path);
      findings.problems.push(...problems);
      if (value === undefined) return;
      const scopes = ['global', 'helm', ...services.map(({ name }) => name)];
      if (!scopes.includes(value.service)) {
        findings.problem([...path, 'service'], 'names no service of this mesh', {
          found: value.service,
          hint: didYouMean(value.service, scopes),
        });
      }
      value.env.forEach((variable, i) => take(value.service, variable, [...path, 'env', i]));
    } else if (keys.includes('key')) {
      const { value, problems } = checkSource(source, envShapes.oldVariable, what, path);
      findings.problems.push(...problems);
      if (value !== undefined) take('global', { name: value.key, value: value.value }, path);
    } else {
      const { value, problems } = checkSource(source, envShapes.variable, what, path);
      findings.problems.push(...problems);
      if (value !== undefined) take('global', value, path);
    }
  });
  return values;
}

/** Runs a parser of one field; what it throws becomes a problem at the field. */
function refused<T>(findings: Findings, path: Path, hint: string | undefined, parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    if (error.code === 'E_NOT_YET') findings.notYet(path, error.message.replace(/ is not supported yet$/, ''));
    else {
      const advice = error.hint ?? hint;
      findings.problem(path, `is refused: ${error.message}`, {
        ...(error.expected === undefined ? {} : { expected: error.expected }),
        ...(error.found === undefined ? {} : { found: error.found }),
        ...(advice === undefined ? {} : { hint: advice }),
      });
    }
    return undefined;
  }
}
