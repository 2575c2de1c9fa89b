import type { SconeError } from '../core/errors.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { Meshfile } from '../manifest/meshfile.ts';
import type { Locate } from '../manifest/service.ts';
import type { CompleteSession } from '../session/complete.ts';
import type { Session } from '../session/types.ts';

/** An image as it lies in the store. */
export interface MeshImage {
  descriptor: ServiceDescriptor;
  /** Hex; recomputed from the layers, not read from a label. */
  rootfsDigest: string;
  /** `sha256:<hex>` of the image's manifest. */
  digest: string;
  /** Where the parts of its service manifest stand, where that is known: for checks. */
  locate?: Locate;
}

export interface MeshInput {
  meshfile: Meshfile;
  /** By `services[].image` as written. */
  images: ReadonlyMap<string, MeshImage>;
  cas: {
    /** Key hashes of the attested CAS, one or two; their version says whether it is a simulated one. */
    keys: readonly string[];
    /** `host:port` of its attestation port. */
    serviceAddress: string;
  };
  /** By session name: 32 hex digits, made once and kept. Needed where an image declares an explicit secret. */
  salts: ReadonlyMap<string, string>;
  /** By `services[].image` as written, then by secret: the explicit values that `apply` of the service kept. */
  explicit: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What the chart takes from the Meshfile for one service: a closed list. */
export interface ChartValues {
  /** Image by digest: `<repository>@sha256:<hex>`. */
  image: string;
  /** Names that Kubernetes accepts. */
  imagePullSecrets: string[];
  /** From PYTHON_SERVICE_PORT of the service manifest, or else from APP_SERVICE_PORT. */
  servicePort?: number;
  /** From restartPolicy. */
  restartPolicy: 'Always';
}

export interface DerivedService {
  /** Name in the Meshfile. */
  service: string;
  session: Session;
  /** Values of the explicit secrets, to travel beside the session; without a prototype. */
  explicitValues: { [secret: string]: string };
  initData: Uint8Array<ArrayBuffer>;
  /** CONFIGID for this init data: 128 hex digits. */
  configId: string;
  /** Image reference as written. */
  image: string;
  /** `sha256:<hex>` of the image's manifest. */
  digest: string;
  descriptor: ServiceDescriptor;
  chart: ChartValues;
}

/** A service whose session may hold what is not supported yet. */
export interface CompleteDerivedService extends Omit<DerivedService, 'session'> {
  session: CompleteSession;
}

/** What follows from a Meshfile, with everything that is wrong with it. */
export interface CompleteMesh {
  /** Those without problems. */
  services: CompleteDerivedService[];
  problems: SconeError[];
  /** Known, and not supported yet: `E_NOT_YET`. */
  unsupported: SconeError[];
  warnings: SconeError[];
}

/** Everything that follows from a Meshfile and its images; the same input gives the same bytes. */
export interface DerivedMesh {
  namespace: string;
  /** Uploaded first. */
  namespaceSession: Session;
  /** In the order of the Meshfile. */
  services: DerivedService[];
  warnings: SconeError[];
}
