import { declareSecret } from './declare.ts';
import type { ServiceDescriptor } from './descriptor.ts';
import type { ServiceManifest } from './service.ts';

/**
 * The descriptor that the image of a manifest will have, as far as that can be known before it is built: without the
 * variables of its base and without the runtime. For checks; no image is made of it.
 */
export function previewDescriptor(manifest: ServiceManifest): ServiceDescriptor {
  const { build, environment, secrets, injection_files } = manifest;
  return {
    v: 1,
    flavour: 'sim',
    sconectl: '',
    runtime: { version: '', sha256: '00'.repeat(32) },
    name: build.name,
    kind: 'python',
    argv: build.argv,
    pwd: build.pwd,
    user: build.user,
    env: Object.create(null),
    environment,
    secrets: { global: secrets.global.map(declareSecret), import: secrets.import },
    injection_files,
    volumes: build.volumes,
  };
}
