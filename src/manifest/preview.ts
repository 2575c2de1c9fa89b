import { declareSecret } from './declare.ts';
import type { ServiceDescriptor } from './descriptor.ts';
import { withoutWrongReferences } from './references.ts';
import type { ServiceManifest } from './service.ts';

/**
 * The descriptor that the image of a manifest will have, as far as that can be known before it is built: without the
 * variables of its base, the runtime, and placeholders that are not closed or misspelt, which the check of the file itself tells.
 * For checks; no image is made of it.
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
    // Only a manifest of 2022 has none; what follows from it is checked as if it were called like its service.
    argv: build.argv.length === 0 ? [build.name] : build.argv.map(withoutWrongReferences),
    pwd: build.pwd,
    user: build.user,
    env: Object.create(null),
    environment: {
      local: environment.local.map(({ name, value }) => ({ name, value: withoutWrongReferences(value) })),
      global: environment.global.map(({ name, value }) =>
        value === undefined ? { name } : { name, value: withoutWrongReferences(value) },
      ),
    },
    secrets: { global: secrets.global.map(declareSecret), import: secrets.import },
    injection_files: injection_files.map(({ path, content }) => ({
      path,
      content: content === null ? null : withoutWrongReferences(content),
    })),
    volumes: build.volumes,
  };
}
