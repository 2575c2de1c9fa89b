import { type Position, SconeError } from '../core/errors.ts';
import { repeated } from '../language/repeat.ts';
import { didYouMean } from '../language/suggest.ts';
import type { SecretDeclaration, ServiceDescriptor } from '../manifest/descriptor.ts';
import type { MeshService } from '../manifest/meshfile.ts';
import type { Locate } from '../manifest/service.ts';
import { type Lookup, renderTemplate } from './template.ts';

/** A service of the mesh with its image. */
export interface Member {
  service: MeshService;
  descriptor: ServiceDescriptor;
  lookup: Lookup;
  /** Where the parts of its service manifest stand, where that is known. */
  locate?: Locate;
}

/** Which secrets go from one service of a mesh to another. */
export interface Sharing {
  /** By service: its own secrets that another one imports. */
  exported: ReadonlyMap<string, ReadonlySet<string>>;
  /** By service: the secrets of others. */
  imported: ReadonlyMap<string, readonly ImportedSecret[]>;
}

/** Stands for a service whose image is missing; no session of it is ever sent. */
const unknownService = 'unknown';

export interface ImportedSecret {
  name: string;
  kind: SecretDeclaration['kind'];
  /** The service that defines it. */
  from: string;
}

/**
 * Who exports what to whom. `secrets.global` of a service is shared only where another service of the mesh imports it,
 * and the key of a certificate only where the importer refers to it (conventions, "Secrets in a mesh").
 *
 * @param complete whether every service's image is known; otherwise an import that nobody exports is no problem yet
 */
export function shareSecrets(members: readonly Member[], complete: boolean, problems: SconeError[]): Sharing {
  const owners = new Map<string, { member: Member; secret: SecretDeclaration; twin?: Member }>();
  for (const member of members) {
    for (const [index, secret] of member.descriptor.secrets.global.entries()) {
      const name = nameOf(secret.name, member, problems);
      const other = name === undefined ? undefined : owners.get(name);
      if (name === undefined) continue;
      if (other === undefined) owners.set(name, { member, secret });
      // One image under two names: each has a secret of its own, and nobody could rename one of them.
      else if (other.member.service.image === member.service.image) other.twin = member;
      else {
        problems.push(
          new SconeError(
            'E_MANIFEST',
            `the secret ${name} is defined by ${other.member.service.name} and by ${member.service.name}`,
            {
              at: member.locate?.('secrets', 'global', index, 'name') ?? member.service.at,
              hint: `secrets need names that differ over the whole mesh: rename one, or import it in ${member.descriptor.name}`,
            },
          ),
        );
      }
    }
  }
  const exported = new Map<string, Set<string>>();
  const imported = new Map<string, ImportedSecret[]>();
  for (const member of members) {
    const { service, descriptor } = member;
    const list: ImportedSecret[] = [];
    imported.set(service.name, list);
    for (const [index, written] of descriptor.secrets.import.entries()) {
      const at = member.locate?.('secrets', 'import', index) ?? service.at;
      const name = nameOf(written, member, problems);
      const owner = name === undefined ? undefined : owners.get(name);
      if (name === undefined) continue;
      if (owner === undefined || owner.member === member) {
        if (complete || owner !== undefined) problems.push(nobodyExports(name, service, at, [...owners.keys()]));
        // Whose it is will be known with the missing image; till then it is what the importer takes it for.
        else list.push({ name, kind: kindFor(descriptor, written), from: unknownService });
        continue;
      }
      if (owner.twin !== undefined) {
        const both = `${owner.member.service.name} and ${owner.twin.service.name}`;
        problems.push(
          new SconeError('E_MANIFEST', `${service.name} imports the secret ${name}, which ${both} each have`, {
            at,
            hint: 'both are of one image; leave one of them out, or give each an image of its own',
          }),
        );
        continue;
      }
      const from = owner.member.service.name;
      const mark = (secret: string) => exported.set(from, (exported.get(from) ?? new Set()).add(secret));
      mark(name);
      if (owner.secret.private_key !== undefined && usesKey(descriptor, written)) {
        const key = nameOf(owner.secret.private_key, owner.member, problems);
        if (key !== undefined) mark(key);
      }
      list.push({ name, kind: owner.secret.kind, from });
    }
  }
  return { exported, imported };
}

/** The name of a secret, which may itself be a variable of the mesh. */
function nameOf(written: string, { service, lookup }: Member, problems: SconeError[]): string | undefined {
  if (!written.includes('{{')) return written;
  try {
    const name = renderTemplate(written, lookup, `the secret ${written} of ${service.name}`, service.at);
    if (/^[A-Za-z0-9_.~-]{1,128}$/.test(name)) return name;
    problems.push(
      new SconeError(
        'E_VARIABLE',
        `the secret ${written} of ${service.name} becomes ${JSON.stringify(repeated(name))}`,
        {
          at: service.at,
          expected: 'a name: letters, digits and _ - . ~',
          hint: 'set the variable to the name of a secret',
        },
      ),
    );
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    problems.push(error);
  }
  return undefined;
}

/** Whether a service refers to the private key of a certificate, in any of the spellings that has. */
function usesKey(descriptor: ServiceDescriptor, certificate: string): boolean {
  return refersTo(descriptor, certificate, ['.key', ':privatekey', ':pkcs12']);
}

/** What kind a service takes an imported secret for, by the formats it asks for. */
function kindFor(descriptor: ServiceDescriptor, secret: string): SecretDeclaration['kind'] {
  if (refersTo(descriptor, secret, ['.crt', '.key', '.chain', ':crt', ':chain', ':privatekey', ':pkcs12']))
    return 'x509';
  if (refersTo(descriptor, secret, [':pem', ':der', ':pkcs8'])) return 'private-key';
  return refersTo(descriptor, secret, ['.hex', ':bin', ':hex', ':base']) ? 'binary' : 'ascii';
}

/** Whether a service refers to a secret in one of these formats. */
function refersTo({ argv, environment, injection_files }: ServiceDescriptor, secret: string, ends: string[]): boolean {
  const texts = [
    ...argv,
    ...environment.local.map(({ value }) => value),
    ...environment.global.map(({ value = '' }) => value),
    ...injection_files.map(({ content }) => content ?? ''),
  ];
  return texts.some((text) => ends.some((end) => text.includes(`$$SCONE::${secret}${end}`)));
}

function nobodyExports(name: string, service: MeshService, at: Position, known: readonly string[]): SconeError {
  return new SconeError(
    'E_MANIFEST',
    `${service.name} imports the secret ${name}, which no service of the mesh defines`,
    {
      at,
      hint: `${known.length === 0 ? 'no service defines any' : didYouMean(name, known)}; secrets are defined in secrets.global of a service manifest`,
    },
  );
}
