import { hasField } from '../../src/language/vocabulary.ts';
import type { SecretKind } from '../../src/manifest/service.ts';

interface Fields {
  [field: string]: unknown;
}

const there = (value: unknown): boolean => value !== undefined && value !== null;
const fieldsOf = (value: unknown): Fields => (there(value) ? (value as Fields) : {});
const listOf = (value: unknown): Fields[] => (there(value) ? (value as Fields[]) : []);

/**
 * Makes the fields of a generated service manifest agree with each other where they have to: names that differ, kinds
 * that fit. What a schema says of one field alone is left as it is.
 */
export function consistentService(value: Fields): Fields {
  const build = fieldsOf(value['build']);
  const environment = fieldsOf(value['environment']);
  // Quotes that are not closed are beyond a schema.
  if (/['"]/.test(String(build['command']))) build['command'] = 'python3 app.py';
  if (there(build['requirements'])) delete value['requirements'];
  if (there(build['volumes'])) {
    build['volumes'] = distinct(distinct(listOf(build['volumes']), 'name'), 'path', (path) =>
      path.replace(/\/+/g, '/').replace(/(?!^)\/$/, ''),
    );
  }
  for (const volume of listOf(build['volumes'])) if (there(volume['import'])) delete volume['export'];
  for (const entry of listOf(value['env'])) {
    if (there(entry['key'])) delete entry['name'];
    else if (!there(entry['name'])) entry['key'] = 'A';
  }
  const local = [...listOf(value['env']), ...listOf(environment['local'])].map(({ key, name }) => key ?? name);
  if (there(environment['global'])) {
    environment['global'] = listOf(environment['global']).filter(({ name }) => !local.includes(name));
  }
  if (there(value['injection_files'])) value['injection_files'] = distinct(listOf(value['injection_files']), 'path');
  if (there(value['secrets'])) consistentSecrets(fieldsOf(value['secrets']));
  return value;
}

const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

function consistentSecrets(secrets: Fields): void {
  if (there(secrets['global'])) {
    const list = distinct(listOf(secrets['global']), 'name').map(consistentSecret);
    const named: Fields[] = [];
    for (const [field, name, kind] of [
      ['private_key', 'its.key', 'private-key'],
      ['issuer', 'its.ca', 'x509-ca'],
    ] as const) {
      const users = list.filter((secret) => there(secret[field]));
      for (const user of users) user[field] = name;
      if (users.length > 0) named.push({ name, kind, ...(kind === 'x509-ca' ? { value: pem } : {}) });
    }
    secrets['global'] = [...named, ...list];
  }
  const names = listOf(secrets['global']).map(({ name }) => name);
  if (there(secrets['import'])) {
    secrets['import'] = [...new Set(secrets['import'] as string[])].filter((name) => !names.includes(name));
  }
}

function consistentSecret(secret: Fields): Fields {
  const kind = secret['kind'] as SecretKind;
  const fitting: Fields = Object.fromEntries(
    Object.entries(secret).filter(
      ([field, member]) => !there(member) || hasField(kind, field) || ['san', 'export'].includes(field),
    ),
  );
  if (kind === 'aad-token') {
    delete fitting['value'];
    for (const field of ['tenant_id', 'client_id', 'application_secret']) fitting[field] ??= 'x';
  } else if (there(fitting['value'])) {
    if (kind === 'binary') fitting['value'] = 'AB 01\n';
    else if (kind !== 'ascii') fitting['value'] = pem;
    else if (fitting['value'] === '') fitting['value'] = 'x';
  } else if (kind === 'x509' || kind === 'x509-ca') fitting['private_key'] ??= 'its.key';
  if (fitting['endpoint'] === 'client') delete fitting['dns'];
  return fitting;
}

/** The same for a Meshfile: one CAS for each role, services that differ, scopes that exist. */
export function consistentMesh(value: Fields): Fields {
  const taken = new Set<unknown>(['cas']);
  listOf(value['cas']).forEach((entry, index) => {
    entry['name'] = index === 0 ? 'cas' : `other${index}`;
    const alias = (there(entry['alias']) ? (entry['alias'] as string[]) : []).filter((role) => !taken.has(role));
    for (const role of alias) taken.add(role);
    entry['alias'] = alias;
    // No schema sees a checksum.
    if (there(entry['cas_key'])) entry['cas_key'] = 'KsAvbrePfi8HPe4zB1NYQ57y4Rnsj8ghxC698VS9J1SNcyWsTE';
  });
  const policy = fieldsOf(value['policy']);
  if (JSON.stringify(policy['ignore_advisories'] ?? '').includes('*')) policy['ignore_advisories'] = ' * ';
  const namespace = String(policy['namespace']);
  if (namespace.length > 200) policy['namespace'] = namespace.slice(0, 128).replace(/\/$/, '');
  const services = listOf(value['services']);
  services.forEach((service, index) => {
    const name = there(service['name']) ? (service['name'] as string) : 's';
    service['name'] = `${name.slice(0, 100)}-${index}`;
  });
  const scopes = ['global', 'helm', ...services.map(({ name }) => name)];
  listOf(value['env']).forEach((entry, index) => {
    if (entry['service'] !== undefined) entry['service'] = scopes[index % scopes.length];
  });
  return value;
}

/** The entries of a list of which no two have the same in this field. */
function distinct(list: readonly Fields[], field: string, normal: (text: string) => string = (text) => text): Fields[] {
  return [...new Map(list.map((entry) => [normal(String(entry[field])), entry])).values()];
}
