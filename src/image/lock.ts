import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { SconeError, systemCode } from '../core/errors.ts';
import { writeDurably } from '../oci/layout.ts';
import type { Package } from './apt.ts';
import type { BaseSource } from './base.ts';
import { writtenByUs } from './withheld.ts';

/** What `service.lock.yml` pins: the same lock gives the same bytes on another machine and another day. */
export interface Lock {
  /** Version of sconectl; another one may make other bytes of the same inputs. */
  sconectl: string;
  base: {
    from: string;
    /** Of a Debian base: which packages, for which architecture. */
    architecture?: string;
    packages?: Package[];
    /** Of a Debian base the diff id of the base layer; of an OCI layout the digest of the manifest. */
    digest: string;
  };
  runtime: { flavour: string; go: string; sha256: string };
}

/** `service.yml` → `service.lock.yml`. */
export function lockFile(manifest: string): string {
  return `${manifest.replace(/\.ya?ml$/, '')}.lock.yml`;
}

export function lockText(lock: Lock): string {
  const { sconectl, base, runtime } = lock;
  const lines = [
    `${writtenByUs}. Keep it in version control: it pins what the image is built from.`,
    '# Remove it to take the present versions; the image then gets another digest.',
    'version: 1',
    `sconectl: ${sconectl}`,
    'base:',
    `  from: ${JSON.stringify(base.from)}`,
    ...(base.architecture === undefined ? [] : [`  architecture: ${base.architecture}`]),
    `  digest: ${base.digest}`,
    ...(base.packages === undefined ? [] : ['  packages:']),
    ...(base.packages ?? []).map(
      ({ name, version, architecture, sha256 }) => `    - "${name} ${version} ${architecture} sha256:${sha256}"`,
    ),
    'runtime:',
    `  flavour: ${runtime.flavour}`,
    `  go: ${runtime.go}`,
    `  sha256: ${runtime.sha256}`,
    '',
  ];
  return lines.join('\n');
}

/** The lock beside a manifest, where there is one. A malformed one is an `E_LOCK`. */
export async function readLock(file: string): Promise<Lock | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new SconeError('E_LOCK', `${file} cannot be read`, { cause: error });
  }
  return parseLock(text, file);
}

/** Takes only what {@link lockText} would have written; comments and blanks are free. */
export function parseLock(text: string, file: string): Lock {
  const malformed = (cause?: unknown): SconeError =>
    new SconeError('E_LOCK', `${file} is no lock file of this version`, {
      at: { file },
      ...(cause === undefined ? {} : { cause }),
      hint: wayOut(file),
    });
  let value: unknown;
  try {
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true });
    if (document.errors[0] !== undefined) throw document.errors[0];
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw malformed(error);
  }
  const root = members(value, ['version', 'sconectl', 'base', 'runtime']);
  const base = members(root?.['base'], ['from', 'architecture', 'digest', 'packages']);
  const runtime = members(root?.['runtime'], ['flavour', 'go', 'sha256']);
  const sconectl = textOf(root?.['sconectl'], /^[0-9A-Za-z.+-]+$/);
  const from = textOf(base?.['from']);
  const digest = textOf(base?.['digest'], /^sha256:[0-9a-f]{64}$/);
  const flavour = textOf(runtime?.['flavour'], /^(?:sim|sgx|tdx|snp)$/);
  const go = textOf(runtime?.['go'], /^go[0-9][\w.-]*$/);
  const sha256 = textOf(runtime?.['sha256'], /^[0-9a-f]{64}$/);
  const architecture = textOf(base?.['architecture'], /^[a-z0-9]+$/);
  const packages = base?.['packages'] === undefined ? undefined : packagesOf(base['packages']);
  if (
    root?.['version'] !== '1' ||
    sconectl === undefined ||
    from === undefined ||
    digest === undefined ||
    flavour === undefined ||
    go === undefined ||
    sha256 === undefined ||
    (base?.['architecture'] !== undefined && architecture === undefined) ||
    (base?.['packages'] !== undefined && packages === undefined)
  ) {
    throw malformed();
  }
  return {
    sconectl,
    base: {
      from,
      digest,
      ...(architecture === undefined ? {} : { architecture }),
      ...(packages === undefined ? {} : { packages }),
    },
    runtime: { flavour, go, sha256 },
  };
}

/** Refuses a lock that was made for another `build.from` or another architecture. */
export function checkLockedBase(lock: Lock, from: string, architecture: string, file: string): void {
  if (lock.base.from !== from) {
    throw new SconeError('E_LOCK', 'the lock file was made for another base', {
      at: { file },
      expected: lock.base.from,
      found: from,
      hint: wayOut(file),
    });
  }
  if (lock.base.architecture !== undefined && lock.base.architecture !== architecture) {
    throw new SconeError('E_LOCK', 'the lock file was made for another processor architecture', {
      at: { file },
      expected: lock.base.architecture,
      found: architecture,
      hint: wayOut(file),
    });
  }
}

/** Refuses what differs from the lock once base and runtime are known. */
export function checkLock(lock: Lock, made: Lock, file: string): void {
  const differs = (what: string, expected: string, found: string, hint: string): never => {
    throw new SconeError('E_LOCK', `${what} is not the one in the lock file`, { at: { file }, expected, found, hint });
  };
  if (lock.sconectl !== made.sconectl) {
    differs('sconectl', lock.sconectl, made.sconectl, `Use sconectl ${lock.sconectl}, or: ${wayOut(file)}`);
  }
  if (lock.base.digest !== made.base.digest) {
    differs(
      'the base',
      lock.base.digest,
      made.base.digest,
      lock.base.packages === undefined
        ? `The image in the folder changed. Put the old one back, or: ${wayOut(file)}`
        : `This sconectl makes another base of the same packages. Use the one that wrote the lock, or: ${wayOut(file)}`,
    );
  }
  if (lock.runtime.flavour !== made.runtime.flavour) {
    differs('the flavour', lock.runtime.flavour, made.runtime.flavour, wayOut(file));
  }
  if (lock.runtime.sha256 !== made.runtime.sha256) {
    differs(
      'the runtime',
      `${lock.runtime.sha256}, compiled with ${lock.runtime.go}`,
      `${made.runtime.sha256}, compiled with ${made.runtime.go}`,
      lock.runtime.go === made.runtime.go
        ? `This sconectl has another runtime. Use the one that wrote the lock, or: ${wayOut(file)}`
        : `Use ${lock.runtime.go}, or: ${wayOut(file)}`,
    );
  }
}

export function lockOf(sconectl: string, source: BaseSource, digest: string, runtime: Lock['runtime']): Lock {
  const { from, architecture } = source;
  if ('image' in source) return { sconectl, base: { from, digest: source.image.digest }, runtime };
  return { sconectl, base: { from, architecture, digest, packages: [...source.packages] }, runtime };
}

export async function writeLock(file: string, lock: Lock): Promise<void> {
  await writeDurably(file, Buffer.from(lockText(lock)));
}

function wayOut(file: string): string {
  return `remove ${file} to build with what there is now; the image then gets another digest, and its sessions change.`;
}

function members(value: unknown, names: readonly string[]): { [name: string]: unknown } | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const object = new Map(Object.entries(value));
  if ([...object.keys()].some((name) => !names.includes(name))) return undefined;
  return Object.fromEntries(object);
}

function textOf(value: unknown, form = /^[^\n]+$/): string | undefined {
  return typeof value === 'string' && form.test(value) ? value : undefined;
}

function packagesOf(value: unknown): Package[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const packages: Package[] = [];
  for (const line of value) {
    const form = /^([a-z0-9][a-z0-9+.-]*) ([A-Za-z0-9.+:~-]+) ([a-z0-9]+) sha256:([0-9a-f]{64})$/;
    const [, name, version, architecture, sha256] = form.exec(String(line)) ?? [];
    if (name === undefined || version === undefined || architecture === undefined || sha256 === undefined)
      return undefined;
    packages.push({ name, version, architecture, sha256 });
  }
  return packages;
}
