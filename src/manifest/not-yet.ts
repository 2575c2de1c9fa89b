import { SconeError } from '../core/errors.ts';
import type { Meshfile } from './meshfile.ts';
import type { ServiceManifest } from './service.ts';

/**
 * What a manifest asks for and this version cannot honour yet, by name and position (`E_NOT_YET`). `apply` refuses a
 * manifest for which this is not empty: nothing is dropped silently.
 */
export function notYet(manifest: ServiceManifest | Meshfile): SconeError[] {
  return manifest.unsupported.map(
    ({ what, at, hint = 'remove it, or wait for a version of sconectl that supports it' }) =>
      new SconeError('E_NOT_YET', `${what} is known, and not supported yet`, {
        at,
        hint,
      }),
  );
}
