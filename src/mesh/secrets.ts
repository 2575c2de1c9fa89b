import { fromHex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { MeshService } from '../manifest/meshfile.ts';
import { explicitValueHmac } from '../session/canonical.ts';
import { defaultSecretSize } from '../session/secret.ts';
import type { SessionSecret } from '../session/types.ts';
import type { MeshInput } from './types.ts';

/** Whether this image's session needs a salt, since it declares explicit values. */
export function needsSalt(descriptor: ServiceDescriptor): boolean {
  return descriptor.secrets.global.some(({ explicit }) => explicit === true);
}

/**
 * The secrets of a session. A generated one is only declared; of an explicit one the session has the HMAC, and its
 * value goes into `explicitValues`, to travel beside the session.
 */
export function deriveSecrets(
  input: MeshInput,
  service: MeshService,
  descriptor: ServiceDescriptor,
  salt: string | undefined,
  explicitValues: { [secret: string]: string },
): SessionSecret[] {
  return descriptor.secrets.global.map(({ name, kind, size, explicit, export_public }) => {
    const secret: SessionSecret = {
      name,
      kind,
      size: size ?? defaultSecretSize,
      ...(export_public === undefined ? {} : { export_public }),
    };
    if (explicit === undefined) return secret;
    const value = input.explicit.get(service.image)?.get(name);
    if (value === undefined) {
      throw new SconeError('E_VARIABLE', `the value of the secret ${name} is not known on this machine`, {
        at: service.at,
        hint: `apply the service manifest of ${descriptor.name} here: explicit values are never in an image`,
      });
    }
    if (salt === undefined) throw new SconeError('E_INTERNAL', `no salt was given for the session of ${service.name}`);
    explicitValues[name] = value;
    return { ...secret, value_hmac: explicitValueHmac(fromHex(salt, 16, 'salt'), name, value) };
  });
}
