import { isForeignKeyHash, parseKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { didYouMean } from '../language/suggest.ts';
import { weaknesses } from '../language/vocabulary.ts';
import { Findings } from './findings.ts';
import { addressPattern, envShapes, keyHashPattern, type ParsedMesh } from './mesh-schema.ts';
import {
  type CasEntry,
  type CasRole,
  casRoles,
  clientPort,
  type EnvValue,
  type Meshfile,
  type MeshService,
} from './meshfile.ts';
import { present } from './present.ts';
import { checkSource } from './problems.ts';
import { parseTolerance, strict, withoutEffect } from './tolerance.ts';
import type { TreeMap } from './tree.ts';
import { waitingHint, waits } from './waiting.ts';
import { type Path, readYaml, type YamlSource } from './yaml.ts';

const what = 'a Meshfile';

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
    ...helmValues(parsed.helm_extra_values, ['helm_extra_values'], findings, 'helmExtraValues'),
    helm: parsed.helm,
    extraPolicies: parsed.extra_policies.map(present),
    ...(parsed.repo === undefined ? {} : { repo: normaliseRepo(parsed.repo) }),
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
    const given = parsed[field];
    if (given !== undefined && given !== null && !(Array.isArray(given) && given.length === 0))
      findings.notYet([field], field);
  }
  checkRoles(manifest.cas, findings);
  return { manifest, findings };
}

/** One role has one CAS; which of two would do is nobody's guess. */
function checkRoles(entries: readonly CasEntry[], findings: Findings): void {
  const taken = new Set<CasRole>();
  entries.forEach(({ roles }, index) => {
    for (const role of roles) {
      if (taken.has(role)) {
        findings.problem(['cas', index], `has the role ${role}, which an entry before has too`, {
          hint: 'give each role to one entry',
        });
      }
      taken.add(role);
    }
  });
}

function normaliseRepo(repo: NonNullable<ParsedMesh['repo']>): NonNullable<Meshfile['repo']> {
  const { destination, push = true, squash = false, strip = true, config_id, key_file } = repo;
  return { destination, push, squash, strip, ...present({ config_id, key_file }) };
}

/** Values of a chart: a map, the same as a text of YAML, or any other text (`a.b=c`), which is kept as it is. */
function helmValues<Key extends string>(
  given: unknown,
  path: Path,
  findings: Findings,
  key: Key,
): { [key in Key]?: TreeMap | string } {
  if (given === undefined || given === null) return {};
  const value = typeof given === 'string' ? (mapIn(given) ?? given) : given;
  if (Array.isArray(value)) {
    findings.problem(path, 'must be a map of values, or a text', { hint: 'write "key: value" lines below it' });
    return {};
  }
  return { [key]: value } as { [key in Key]?: TreeMap | string };
}

/** The map that a text of YAML is; a text may as well be a template, or nothing that YAML knows. */
function mapIn(text: string): TreeMap | undefined {
  try {
    const { value } = readYaml(text, 'text');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    return undefined;
  }
}

function normaliseCas(entry: ParsedMesh['cas'][number], path: Path, findings: Findings): CasEntry {
  const { name = 'cas' } = entry;
  const own = casRoles.filter((role) => role === name);
  if (entry.mode !== undefined && entry.mode !== 'Upload')
    findings.notYet([...path, 'mode'], `cas mode ${entry.mode}`, 'remove it: sessions are uploaded');
  if (entry.cas_encryption_key !== undefined) findings.notYet([...path, 'cas_encryption_key'], 'cas_encryption_key');
  if (entry.cas_key !== undefined) checkKey(entry.cas_key, [...path, 'cas_key'], findings);
  const words = entry.tolerance?.split(/\s+/).filter((word) => word !== '') ?? [];
  for (const word of words.filter((one) => withoutEffect.includes(one))) {
    findings.warning([...path, 'tolerance'], `has the flag ${word}, which never had an effect`, {
      hint: 'remove it; weaknesses of the services are tolerated in policy.tolerate',
    });
  }
  const tolerance = refused(findings, [...path, 'tolerance'], undefined, () => parseTolerance(words));
  return {
    name,
    roles: [...new Set([...own, ...entry.alias])],
    url: entry.cas_url,
    ...address(entry.cas_url, [...path, 'cas_url'], findings),
    ...(entry.cas_key === undefined ? {} : { key: entry.cas_key }),
    tolerance: tolerance ?? strict,
    mode: entry.mode ?? 'Upload',
    ...(entry.cas_encryption_key === undefined ? {} : { encryptionKey: entry.cas_encryption_key.toLowerCase() }),
  };
}

/** The key hashes of other makes of CAS have the same form and another first byte: they are known, and of no use here. */
function checkKey(key: string, path: Path, findings: Findings): void {
  const hint = 'write the key hash that `sconectl cas attest` shows';
  if (!keyHashPattern.test(key)) {
    findings.problem(path, 'must be a key hash: 47 to 52 letters and digits', { found: key, hint });
  } else if (isForeignKeyHash(key)) findings.notYet(path, 'cas_key with the key hash of another make of CAS', hint);
  else refused(findings, path, hint, () => parseKeyHash(key, 'cas_key'));
}

function address(url: string, path: Path, findings: Findings): { host: string; port: number } {
  const [, host = '', port] = addressPattern.exec(url) ?? [];
  if (host === '') {
    findings.problem(path, 'must be host or host:port', {
      found: url,
      hint: /:\/\//.test(url)
        ? `leave out the scheme: ${url.replace(/^[a-z0-9+.-]*:\/\//i, '').replace(/\/.*$/, '')}`
        : /^[^:]+:[^:]*$/.test(url)
          ? `write the port as a number from 1 to 65535, or leave it out: ${clientPort} is the one for clients`
          : 'write a host name or an IPv4 address',
    });
  }
  return { host, port: port === undefined ? clientPort : Number(port) };
}

function normalisePolicy(policy: ParsedMesh['policy'], findings: Findings): Meshfile['policy'] {
  for (const field of ['maa', 'access_policy_name', 'attestation_policy_name', 'security_policy_name'] as const) {
    if (policy[field] !== undefined) findings.notYet(['policy', field], `policy.${field}`);
  }
  if (policy.image_policy_namespace !== undefined && policy.image_policy_namespace !== policy.namespace) {
    findings.notYet(['policy', 'image_policy_namespace'], 'policy.image_policy_namespace');
  }
  // A document of the original has the short word; it can mean nothing else.
  const given = splitList(policy.tolerate);
  if (given.includes('debug')) {
    findings.warning(['policy', 'tolerate'], 'has debug, which is read as debug-mode', { hint: 'write debug-mode' });
  }
  const tolerate = given.map((word) => (word === 'debug' ? 'debug-mode' : word));
  for (const word of new Set(tolerate)) {
    if ((weaknesses as readonly string[]).includes(word)) continue;
    findings.problem(['policy', 'tolerate'], 'names something that cannot be tolerated', () => ({
      found: word,
      hint: didYouMean(word, weaknesses),
    }));
  }
  const advisories = splitList(policy.ignore_advisories);
  for (const advisory of new Set(advisories)) {
    if (advisory === '*' || /^INTEL-SA-[0-9]{5}$/.test(advisory)) continue;
    findings.problem(['policy', 'ignore_advisories'], 'names something that is no advisory', {
      expected: '"*" alone, or advisories such as INTEL-SA-00586',
      found: advisory,
      hint: 'write it as INTEL-SA-00586',
    });
  }
  if (advisories.includes('*') && advisories.length > 1) {
    findings.problem(['policy', 'ignore_advisories'], 'has "*" beside others', {
      expected: '"*" alone, or advisories such as INTEL-SA-00586',
      hint: 'write "*" alone, or the advisories without it',
    });
  }
  return {
    namespace: policy.namespace,
    tolerate: [...new Set(tolerate)],
    ignore_advisories: advisories.includes('*') ? '*' : [...new Set(advisories)],
    ...present({
      maa: policy.maa,
      access_policy_name: policy.access_policy_name,
      attestation_policy_name: policy.attestation_policy_name,
      security_policy_name: policy.security_policy_name,
    }),
    image_policy_namespace: policy.image_policy_namespace ?? policy.namespace,
  };
}

/** Lists are written as YAML lists or with commas between. */
function splitList(items: readonly string[] | undefined): string[] {
  return (items ?? []).flatMap((item) => item.split(',').map((word) => word.trim())).filter((word) => word !== '');
}

function normaliseServices(parsed: ParsedMesh, findings: Findings): MeshService[] {
  const services = parsed.services.map((service, index): MeshService => {
    const { name, image, image_policy, image_secrets, env, helm_chart } = service;
    const last = image.slice(image.lastIndexOf('/') + 1);
    return {
      name: name ?? last.replace(/[:@].*$/, ''),
      image,
      overrides: {
        ...present({ image_policy, image_secrets, env, helm_chart }),
        ...helmValues(
          service.helm_extra_values,
          ['services', index, 'helm_extra_values'],
          findings,
          'helm_extra_values',
        ),
      },
      at: findings.source.at(['services', index]),
    };
  });
  const taken = new Map<string, string>();
  services.forEach(({ name }, index) => {
    const path = ['services', index, 'name'];
    const short = name.toLowerCase().replace(/[_.]/g, '-');
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
    const session = `${parsed.policy.namespace}/${name}`;
    if (session.length > 512) {
      findings.problem(path, `makes the session name ${session.length} characters long`, {
        expected: 'at most 512, with the namespace',
        hint: 'shorten the namespace or the name',
      });
    }
    taken.set(short, name);
  });
  parsed.services.forEach((service, index) => {
    for (const field of ['image_policy', 'image_secrets', 'env', 'helm_chart', 'helm_extra_values'] as const) {
      if (service[field] !== undefined && service[field] !== null)
        findings.notYet(['services', index, field], `services[].${field}`);
    }
  });
  return services;
}

function normaliseEnv(parsed: ParsedMesh, services: readonly MeshService[], findings: Findings): EnvValue[] {
  const { source } = findings;
  const values: EnvValue[] = [];
  const take = (scope: string, { name, value }: { name: string; value: string }, path: Path) => {
    const place = [...path, 'value'];
    values.push({ scope, name, value, at: source.at(place) });
    if (waits(name, value)) findings.notYet(place, `waiting for another service (${name})`, waitingHint);
  };

  parsed.env?.forEach((entry, index) => {
    const path = ['env', index];
    const keys = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
    if (keys.includes('service') || keys.includes('env')) {
      const { value, problems } = checkSource(source, envShapes.block, what, path);
      findings.problems.push(...problems);
      if (value === undefined) return;
      const scopes = ['global', 'helm', ...services.map(({ name }) => name)];
      if (!scopes.includes(value.service)) {
        findings.problem([...path, 'service'], 'names no service of this mesh', () => ({
          found: value.service,
          hint: didYouMean(value.service, scopes),
        }));
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
    if (error.code === 'E_NOT_YET')
      findings.notYet(path, error.message.replace(/ is not supported yet$/, ''), error.hint ?? hint);
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
