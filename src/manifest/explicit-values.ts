import type { ServiceManifest } from './service.ts';

/**
 * The explicit secret values of a manifest by name, without a prototype. They stay on the owner's machine, in
 * `target/private/`, until they travel beside a session; an image only says that there is one.
 */
export function explicitValues(manifest: ServiceManifest): { [secret: string]: string } {
  const values: { [secret: string]: string } = Object.create(null);
  for (const { name, value } of manifest.secrets.global) if (value !== undefined) values[name] = value;
  return values;
}
