import { suggest } from '../language/suggest.ts';
import { hasField } from '../language/vocabulary.ts';
import type { Findings } from './findings.ts';
import type { SecretSource, ServiceManifest } from './service.ts';
import type { ParsedService } from './service-schema.ts';

/** The secrets of a manifest in their normal form; what is wrong in them and between them is found here. */
export function normaliseSecrets(parsed: ParsedService, findings: Findings): ServiceManifest['secrets'] {
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
function checkIssuers(global: readonly ParsedSecret[], imports: readonly string[], findings: Findings): void {
  const imported = new Set(imports);
  const byName = new Map(global.map((secret) => [secret.name, secret]));
  global.forEach((secret, index) => {
    const path = ['secrets', 'global', index];
    for (const [field, kind] of [
      ['private_key', 'private-key'],
      ['issuer', 'x509-ca'],
    ] as const) {
      const name = secret[field];
      if (name === undefined || name.includes('{{') || imported.has(name)) continue;
      const named = byName.get(name);
      if (named === undefined) {
        // An aad-token's may be the key itself, and no error repeats a key (item 56).
        const written = secret.kind === 'aad-token' ? 'its name' : name;
        const which = secret.kind === 'aad-token' ? 'a secret' : `the secret ${name},`;
        const rule = `names ${which} which this manifest neither defines nor imports`;
        findings.problem([...path, field], rule, () => {
          const others = global.filter((one) => one.kind === kind).map((one) => one.name);
          const meant = suggest(name, [...others, ...imported]);
          return {
            hint:
              meant === undefined
                ? `define {name: ${written}, kind: ${kind}}, or import it`
                : `did you mean "${meant}"?`,
          };
        });
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

function normaliseSecret(parsed: ParsedSecret, path: (string | number)[], findings: Findings): SecretSource {
  const { san, export: exported, ...secret } = parsed;
  for (const [field, member] of Object.entries({ san, export: exported })) {
    if (member === undefined) continue;
    findings.notYet([...path, field], `secrets.global[].${field}`, laterHints[field]);
  }
  const { kind } = secret;
  const value = kind === 'binary' ? secret.value?.replace(/\s+/g, '').toLowerCase() : secret.value;
  if (kind !== 'ascii' && kind !== 'binary') findings.notYet([...path, 'kind'], `the secret kind ${kind}`);
  for (const [field, given] of Object.entries(secret)) {
    if (given === undefined || hasField(kind, field)) continue;
    findings.problem([...path, field], `has no meaning for a secret of kind ${kind}`, { hint: 'remove it' });
  }
  if (value === '') findings.problem([...path, 'value'], 'is empty', { hint: 'remove it to have one generated' });
  else if (kind === 'binary' && value !== undefined && !/^(?:[0-9a-f]{2})+$/.test(value)) {
    findings.problem([...path, 'value'], 'must be hex, two digits for each byte', { hint: 'write the bytes in hex' });
  } else if (kind !== 'ascii' && kind !== 'binary') checkKind(secret, path, findings);
  const given = Object.fromEntries(Object.entries(secret).filter(([, member]) => member !== undefined));
  // A block scalar ends with a line feed, and long values are broken over lines.
  if (value !== undefined) given['value'] = value;
  return given as unknown as SecretSource;
}

/** What to do instead of what only sessions have. */
const laterHints: { readonly [field: string]: string } = {
  san: 'name the DNS names in dns',
  export: 'remove it: a service of the mesh that imports the secret gets it without this',
};

/** What keys, certificates and tokens need. */
function checkKind(secret: Omit<ParsedSecret, 'san' | 'export'>, path: (string | number)[], findings: Findings): void {
  const { kind, value } = secret;
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
}
