import type { Position } from '../core/errors.ts';
import type { Locate } from './service.ts';

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
  mode: 'Upload';
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
  };
  /** In the order of the file; of two with the same scope and name the later counts. */
  env: EnvValue[];
  services: MeshService[];
  /** Fields that are known, were given and are not supported yet; see `notYet`. */
  unsupported: { what: string; at: Position }[];
  locate: Locate;
}
