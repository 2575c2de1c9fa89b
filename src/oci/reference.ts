import { SconeError } from '../core/errors.ts';

/**
 * The name of an image: `[registry/]repository[:tag][@digest]`, read as Docker's reference grammar has it
 * (`distribution/reference`): the first part is a registry when it holds `.` or `:` or is `localhost`; without one it is
 * `docker.io`, and there a single name means `library/<name>`.
 */
export interface Reference {
  registry: string;
  repository: string;
  /** `latest` when neither tag nor digest was written. */
  tag?: string;
  /** `sha256:<hex>`. */
  digest?: string;
}

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const registryForm = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const repositoryForm = new RegExp(`^${part}(?:/${part})*$`);
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestForm = /^sha256:[0-9a-f]{64}$/;

/** Reads an image name; anything else is an `E_IMAGE`. */
export function parseReference(text: string): Reference {
  const problem = (what: string): SconeError =>
    new SconeError('E_IMAGE', `${JSON.stringify(text.slice(0, 300))} is no image name: ${what}`, {
      hint: 'Write it as registry.example/path/name:tag, in lower case.',
    });
  const [name = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestForm.test(digest))) {
    throw problem('what stands behind "@" is no sha256 digest');
  }
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !tagForm.test(tag)) throw problem('the tag is malformed');
  const path = hasTag ? name.slice(0, colon) : name;
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const named = /[.:]/.test(first) || first === 'localhost';
  const registry = named ? first : 'docker.io';
  const rest = named ? path.slice(slash + 1) : path;
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (!registryForm.test(registry)) throw problem('the registry is malformed');
  if (!repositoryForm.test(repository) || repository.length > 255) throw problem('the path is malformed');
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The one short form of an image name without its digest: `docker.io/` and `library/` left out, the tag always there. */
export function referenceName(reference: Reference): string {
  const { registry, repository, tag = 'latest' } = reference;
  const short = repository.startsWith('library/') ? repository.slice('library/'.length) : repository;
  return `${registry === 'docker.io' ? short : `${registry}/${repository}`}:${tag}`;
}
