import type { SecretDeclaration } from './descriptor.ts';
import { present } from './present.ts';
import type { SecretSource } from './service.ts';

/** A secret of a manifest as its image declares it: without the value, and without the secret of an application. */
export function declareSecret(secret: SecretSource): SecretDeclaration {
  const { value, application_secret, export_public, migrate, name, kind, ...fields } = secret;
  return {
    name,
    kind,
    ...present(fields),
    ...(value === undefined && application_secret === undefined ? {} : { explicit: true }),
    ...(export_public === true ? { export_public: true } : {}),
    ...(migrate === true ? { migrate: true } : {}),
  };
}
