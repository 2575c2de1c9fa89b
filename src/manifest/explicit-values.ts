import type { ServiceManifest } from './service.ts';

/**
 * The explicit secret values of a manifest by name, without a prototype. They stay on the owner's machine, in
 * `target/private/`, until they travel beside a session; an image only says that there is one.
 */
export function explicitValues(manifest: ServiceManifest): { [secret: string]: string } {
  const values: { [secret: string]: string } = Object.create(null);
  for (const { name, value, application_secret } of manifest.secrets.global) {
    const given = value ?? application_secret;
    if (given !== undefined) values[name] = given;
  }
  return values;
}
