import { SconeError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';

/** Media types of the OCI image specification 1.1. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** The annotation of an index entry that carries the image's name. */
export const refName = 'org.opencontainers.image.ref.name';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string; os: string; variant?: string };
  annotations?: { [name: string]: string };
}

export interface Index {
  schemaVersion: 2;
  mediaType: string;
  manifests: Descriptor[];
}

export interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: { [name: string]: string };
}

export interface ImageConfig {
  architecture: string;
  os: string;
  config: {
    User?: string;
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    WorkingDir?: string;
    Labels?: { [name: string]: string };
  };
  rootfs: { type: 'layers'; diff_ids: string[] };
}

/** Reads an index; what is malformed is an `E_IMAGE`. Unknown members are left alone, as the specification asks. */
export function parseIndex(value: Json): Index {
  const object = asObject(value, 'index');
  return {
    schemaVersion: schemaVersion(object),
    mediaType: mediaTypes.index,
    manifests: asArray(object['manifests'], 'manifests').map(parseDescriptor),
  };
}

export function parseManifest(value: Json): Manifest {
  const object = asObject(value, 'manifest');
  const annotations = textMap(object['annotations'], 'annotations');
  return {
    schemaVersion: schemaVersion(object),
    mediaType: mediaTypes.manifest,
    config: parseDescriptor(object['config'] ?? null),
    layers: asArray(object['layers'], 'layers').map(parseDescriptor),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

export function parseConfig(value: Json): ImageConfig {
  const object = asObject(value, 'configuration');
  const rootfs = asObject(object['rootfs'] ?? null, 'rootfs');
  const config = isNothing(object['config']) ? Object.create(null) : asObject(object['config'], 'config');
  const labels = textMap(config['Labels'], 'Labels');
  if (rootfs['type'] !== 'layers') throw malformed('rootfs.type');
  return {
    architecture: asText(object['architecture'], 'architecture'),
    os: asText(object['os'], 'os'),
    config: {
      ...optional('User', config['User'], asText),
      ...optional('Env', config['Env'], textArray),
      ...optional('Entrypoint', config['Entrypoint'], textArray),
      ...optional('Cmd', config['Cmd'], textArray),
      ...optional('WorkingDir', config['WorkingDir'], asText),
      ...(labels === undefined ? {} : { Labels: labels }),
    },
    rootfs: { type: 'layers', diff_ids: textArray(rootfs['diff_ids'], 'rootfs.diff_ids') },
  };
}

function parseDescriptor(value: Json): Descriptor {
  const object = asObject(value, 'descriptor');
  const size = object['size'];
  const digest = asText(object['digest'], 'digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw malformed('size');
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw malformed('digest');
  const annotations = textMap(object['annotations'], 'annotations');
  const platform = isNothing(object['platform']) ? undefined : asObject(object['platform'], 'platform');
  return {
    mediaType: asText(object['mediaType'], 'mediaType'),
    digest,
    size,
    ...(platform === undefined
      ? {}
      : {
          platform: {
            architecture: asText(platform['architecture'], 'architecture'),
            os: asText(platform['os'], 'os'),
            ...optional('variant', platform['variant'], asText),
          },
        }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function schemaVersion(object: JsonObject): 2 {
  if (object['schemaVersion'] !== 2) throw malformed('schemaVersion');
  return 2;
}

/** Writers in Go leave a member out or write null. */
function isNothing(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function malformed(what: string): SconeError {
  return new SconeError('E_IMAGE', `an image's ${what} is malformed`);
}

function asObject(value: Json, what: string): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed(what);
  return value;
}

function asArray(value: Json | undefined, what: string): Json[] {
  if (!Array.isArray(value) || value.length > 10_000) throw malformed(what);
  return value;
}

function asText(value: Json | undefined, what: string): string {
  if (typeof value !== 'string') throw malformed(what);
  return value;
}

function textArray(value: Json | undefined, what: string): string[] {
  return asArray(value, what).map((item) => asText(item, what));
}

function textMap(value: Json | undefined, what: string): { [name: string]: string } | undefined {
  if (isNothing(value)) return undefined;
  const map: { [name: string]: string } = Object.create(null);
  for (const [name, text] of Object.entries(asObject(value, what))) map[name] = asText(text, what);
  return map;
}

/** A member that may be absent or null. */
function optional<Name extends string, Value>(
  name: Name,
  value: Json | undefined,
  read: (value: Json | undefined, what: string) => Value,
): { [name in Name]?: Value } {
  return isNothing(value) ? {} : ({ [name]: read(value, name) } as { [name in Name]?: Value });
}
