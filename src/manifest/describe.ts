import { SconeError } from '../core/errors.ts';
import type { Flavour, SecretDeclaration, ServiceDescriptor } from './descriptor.ts';
import { notYet } from './not-yet.ts';
import type { SecretSource, ServiceManifest } from './service.ts';
import { summary } from './yaml.ts';

/** What the build knows beside the manifest. */
export interface BuildFacts {
  flavour: Flavour;
  /** Version of sconectl. */
  sconectl: string;
  /** The runtime that goes into the image; SHA-256 in hex. */
  runtime: { version: string; sha256: string };
  /** The image's own `Env`. */
  env: { readonly [name: string]: string };
}

/**
 * The service descriptor of a manifest: everything a Meshfile needs to know, and no explicit secret value. Throws
 * `E_NOT_YET` with all that the manifest asks for and that is not supported.
 */
export function describeService(manifest: ServiceManifest, facts: BuildFacts): ServiceDescriptor {
  const refused = notYet(manifest);
  if (refused.length > 0) throw summary(manifest.file, 'E_NOT_YET', refused);
  const { build, environment, secrets, injection_files } = manifest;
  if (build.kind !== 'python') throw new SconeError('E_INTERNAL', `build.kind ${build.kind} was let through`);
  return {
    v: 1,
    flavour: facts.flavour,
    sconectl: facts.sconectl,
    runtime: facts.runtime,
    name: build.name,
    kind: build.kind,
    argv: build.argv,
    pwd: build.pwd,
    user: build.user,
    env: Object.assign(Object.create(null), facts.env),
    environment,
    secrets: { global: secrets.global.map(declare), import: secrets.import },
    injection_files,
    volumes: [],
  };
}

/**
 * The explicit secret values of a manifest by name, without a prototype. They stay on the owner's machine, in
 * `target/private/`, until they travel beside a session.
 */
export function explicitValues(manifest: ServiceManifest): { [secret: string]: string } {
  const values: { [secret: string]: string } = Object.create(null);
  for (const { name, value } of manifest.secrets.global) if (value !== undefined) values[name] = value;
  return values;
}

function declare({ name, kind, size, value, export_public }: SecretSource): SecretDeclaration {
  if (kind !== 'ascii' && kind !== 'binary') throw new SconeError('E_INTERNAL', `the kind ${kind} was let through`);
  return {
    name,
    kind,
    ...(size === undefined ? {} : { size }),
    ...(value === undefined ? {} : { explicit: true }),
    ...(export_public === true ? { export_public: true } : {}),
  };
}
