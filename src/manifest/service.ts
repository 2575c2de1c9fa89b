import type { Position } from '../core/errors.ts';
import type { VolumePolicy } from '../language/vocabulary.ts';

/** Engines that service manifests have named; only `python` can be built so far. */
export const buildKinds = [
  'python',
  'java',
  'java8',
  'java15',
  'java17',
  'java21',
  'java-glibc',
  'java17-glibc',
  'java17-bullseye',
  'java21-ubuntu',
  'sconify_image',
] as const;
export type BuildKind = (typeof buildKinds)[number];

/** Secret kinds of service manifests; only `ascii` and `binary` are made so far. */
export const secretKinds = ['ascii', 'binary', 'private-key', 'x509', 'x509-ca', 'aad-token'] as const;
export type SecretKind = (typeof secretKinds)[number];

/** Where a key or entry of the file stands; a path that does not exist answers with its nearest parent. */
export type Locate = (...path: readonly (string | number)[]) => Position;

/** A field or value that is known, was given and is not supported yet; see `notYet`. */
export interface Unsupported {
  /** By name: `build.volumes`. */
  what: string;
  at: Position;
  /** What to do instead, where there is something. */
  hint?: string;
}

/** A secret that a service defines. Numbers and booleans are text, as everywhere in a manifest. */
export interface SecretSource {
  name: string;
  kind: SecretKind;
  /** ascii: characters, binary: bytes; decimal, default 20. */
  size?: string;
  /** The explicit value: ascii text, binary hex. Never leaves the owner's machine with the image. */
  value?: string;
  export_public?: boolean;
  key_type?: string;
  private_key?: string;
  issuer?: string;
  common_name?: string;
  dns?: string[];
  endpoint?: string;
  valid_for?: string;
  migrate?: boolean;
  tenant_id?: string;
  client_id?: string;
  application_secret?: string;
  certificate_thumbprint?: string;
}

/** A volume of a service. */
export interface Volume {
  name: string;
  /** Where it is mounted, absolute. */
  path: string;
  export?: { session: string; session_hash?: string; update_policy?: VolumePolicy; volume_alias?: string }[];
  import?: { session: string; volume: string };
}

/** The user that the program runs as; the runtime runs as it from the start. */
export interface User {
  uid: number;
  gid: number;
}

export interface Build {
  name: string;
  kind: BuildKind;
  /** Name of the image to make, with or without a tag. */
  to: string;
  /** The command as written. */
  commandText: string;
  /** The command, split at blanks with `'` and `"`. Empty only in a manifest of 2022, which no image is made of yet. */
  argv: string[];
  /** Working directory inside the image, absolute; `/` where none is given. */
  pwd: string;
  /** Files and folders beside the manifest, to be copied below `pwd` under their relative path. */
  copy: string[];
  /** Base: `debian:bookworm` (default) or the path of an OCI layout (`oci:<folder>[:<tag>]`). */
  from: string;
  user: User;
  /** Requirements file of pip. */
  requirements?: string;
  /** Commands to run while the image is built, each whole. */
  run: string[];
  binaries: string[];
  /** Folders to encrypt. */
  dirs: string[];
  plains: string[];
  plain_files: string[];
  host_paths: string[];
  volumes: Volume[];
  /** Image of the latest stable release. */
  stable?: string;
  /** File of the key that signs the image. */
  signingKey?: string;
  /** File of a policy template. */
  policyTemplate?: string;
}

/** A service manifest (`kind: genservice`) in its normal form. */
export interface ServiceManifest {
  /** Name of the file it came from, as given. */
  file: string;
  apiVersion: string;
  build: Build;
  environment: {
    local: { name: string; value: string }[];
    global: { name: string; value?: string }[];
  };
  injection_files: { path: string; content: string | null }[];
  secrets: { global: SecretSource[]; import: string[] };
  unsupported: Unsupported[];
  locate: Locate;
}
