import { posix } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { declareSecret } from '../manifest/declare.ts';
import type { SecretDeclaration, ServiceDescriptor } from '../manifest/descriptor.ts';
import { notYet } from '../manifest/not-yet.ts';
import type { ServiceManifest } from '../manifest/service.ts';
import { summary } from '../manifest/yaml.ts';
import { parseReference, referenceName } from '../oci/reference.ts';

/** What a manifest asks to be built, checked as far as it can be without a base. */
export interface Plan {
  /** Name of the image, with its tag. */
  name: string;
  /** Working directory, absolute and normal. */
  pwd: string;
  secrets: SecretDeclaration[];
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Refuses by name what cannot be built yet, all of it at once. */
export function planBuild(manifest: ServiceManifest, tee: string): Plan {
  const { build } = manifest;
  if (tee !== 'sim') {
    throw new SconeError('E_NOT_YET', `images for the TEE ${tee} cannot be built yet`, {
      expected: 'sim',
      found: tee,
      hint: 'Leave --tee out: the image is then for the simulation, which is NOT CONFIDENTIAL.',
    });
  }
  const unsupported = notYet(manifest);
  if (unsupported.length > 0) throw summary(manifest.file, 'E_NOT_YET', unsupported);
  const reference = parseReference(build.to);
  return {
    name: referenceName(reference),
    pwd: posix.resolve('/', build.pwd),
    secrets: manifest.secrets.global.map(declareSecret),
  };
}

/** `NAME=value` texts as a map; without a PATH the usual one is added, as engines do, and a HOME. */
export function environmentMap(env: readonly string[]): { [name: string]: string } {
  const map: { [name: string]: string } = Object.create(null);
  map['PATH'] = defaultPath;
  // The only place that a program with a read-only root may write to (conventions, Writable).
  map['HOME'] = '/tmp';
  for (const text of env) {
    const equals = text.indexOf('=');
    if (equals > 0) map[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return map;
}

/** The service descriptor of a plan; it never holds an explicit secret value. */
export function describeService(
  manifest: ServiceManifest,
  plan: Plan,
  made: {
    version: string;
    runtimeSha256: string;
    env: { [name: string]: string };
    injectionFiles: ServiceDescriptor['injection_files'];
  },
): ServiceDescriptor {
  const { build, environment, secrets } = manifest;
  return {
    v: 1,
    flavour: 'sim',
    sconectl: made.version,
    runtime: { version: made.version, sha256: made.runtimeSha256 },
    name: build.name,
    kind: 'python',
    argv: [...build.argv],
    pwd: plan.pwd,
    user: { uid: build.user.uid, gid: build.user.gid },
    env: made.env,
    environment: {
      local: environment.local.map(({ name, value }) => ({ name, value })),
      global: environment.global.map(({ name, value }) => (value === undefined ? { name } : { name, value })),
    },
    secrets: { global: plan.secrets, import: [...secrets.import] },
    injection_files: made.injectionFiles.map(({ path, content }) => ({ path, content })),
    volumes: [],
  };
}
