import type { Position } from '../core/errors.ts';
import type { Locate, Unsupported } from './service.ts';
import type { TreeMap } from './tree.ts';

/** The roles that CAS instances take; one entry may have several. */
export const casRoles = ['cas', 'image', 'security', 'access', 'attestation'] as const;
export type CasRole = (typeof casRoles)[number];

/** What the client accepts when it attests a CAS; the flags of `cas[].tolerance` and of `sconectl cas attest`. */
export interface Tolerance {
  /** `-C`, `--accept-configuration-needed` */
  configurationNeeded: boolean;
  /** `-G`, `--accept-group-out-of-date` */
  groupOutOfDate: boolean;
  /** `-S`, `--accept-sw-hardening-needed` */
  swHardeningNeeded: boolean;
  /** `--only_for_testing-debug` */
  debug: boolean;
  /** `--only_for_testing-ignore-signer` */
  ignoreSigner: boolean;
  /** `--only_for_testing-trust-any` */
  trustAny: boolean;
}

/** The default of `cas_url`'s port: the one that clients talk to. */
export const clientPort = 8081;

/** How policies reach the CAS. `SignOnline` is known from scripts only. */
export const uploadModes = [
  'Upload',
  'SignedManifest',
  'EncryptedManifest',
  'NoUpload',
  'EncryptedOnly',
  'SignOnline',
] as const;
export type UploadMode = (typeof uploadModes)[number];

export interface CasEntry {
  name: string;
  /** All its roles: its name, where that is one, and its aliases. */
  roles: CasRole[];
  /** `cas_url` as written: `host[:port]`. */
  url: string;
  host: string;
  /** Client port. */
  port: number;
  /** The key hash it must have. */
  key?: string;
  tolerance: Tolerance;
  mode: UploadMode;
  /** Key to encrypt sessions with, hex. */
  encryptionKey?: string;
}

/** One value of `env`, after `$VAR`; `{{…}}` is still in it. */
export interface EnvValue {
  /** `global`, `helm`, or the name of a service. */
  scope: string;
  name: string;
  value: string;
  at: Position;
}

export interface MeshService {
  /** Unique in the mesh; the session is `<namespace>/<name>`. */
  name: string;
  /** Image reference as written. */
  image: string;
  /** Files that replace what the image brings, and further values of its chart. */
  overrides: {
    image_policy?: string;
    image_secrets?: string;
    env?: string;
    helm_chart?: string;
    helm_extra_values?: TreeMap | string;
  };
  at: Position;
}

/** A Meshfile (`kind: mesh`) in its normal form. */
export interface Meshfile {
  /** Name of the file it came from, as given. */
  file: string;
  apiVersion: string;
  cas: CasEntry[];
  policy: {
    namespace: string;
    /** Names of tolerated weaknesses, for `security.attestation.tolerate`. */
    tolerate: string[];
    ignore_advisories: string[] | '*';
    /** Address of an attestation service of Azure. */
    maa?: string;
    /** Sessions that parts of the policies are imported from. */
    access_policy_name?: string;
    attestation_policy_name?: string;
    security_policy_name?: string;
    /** Namespace of the image policies. */
    image_policy_namespace: string;
  };
  /** In the order of the file; of two with the same scope and name the later counts. */
  env: EnvValue[];
  services: MeshService[];
  /** Further values of the chart, by sub-chart; as text where that is not YAML of a map. */
  helmExtraValues?: TreeMap | string;
  /** The same as of 2022: `a.b=c`. */
  helm: string[];
  extraPolicies: { name: string; mode?: UploadMode }[];
  repo?: { destination: string; push: boolean; squash: boolean; strip: boolean; config_id?: string; key_file?: string };
  unsupported: Unsupported[];
  locate: Locate;
}
