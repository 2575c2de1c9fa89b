import { fromHex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { SecretDeclaration, ServiceDescriptor } from '../manifest/descriptor.ts';
import type { MeshService } from '../manifest/meshfile.ts';
import { explicitValueHmac } from '../session/canonical.ts';
import type { CompleteSecret } from '../session/complete.ts';
import { defaultSecretSize } from '../session/secret.ts';
import type { Sharing } from './sharing.ts';
import { type Lookup, renderTemplate } from './template.ts';
import type { MeshInput } from './types.ts';

/** Whether this image's session needs a salt, since it declares explicit values. */
export function needsSalt(descriptor: ServiceDescriptor): boolean {
  return descriptor.secrets.global.some(({ explicit }) => explicit === true);
}

/** What the secrets of one service follow from. */
export interface SecretInput {
  input: MeshInput;
  service: MeshService;
  descriptor: ServiceDescriptor;
  sharing: Sharing;
  lookup: Lookup;
  salt: string | undefined;
}

/**
 * The secrets of a session. A generated one is only declared; of an explicit one the session has the HMAC, and its
 * value goes into `explicitValues`, to travel beside the session. One that another service imports is exported to the
 * namespace; one that is imported names the session it is of.
 */
export function deriveSecrets(from: SecretInput, explicitValues: { [secret: string]: string }): CompleteSecret[] {
  const { service, sharing, input } = from;
  const { namespace } = input.meshfile.policy;
  const exported = sharing.exported.get(service.name);
  const own = from.descriptor.secrets.global.map((declared): CompleteSecret => {
    const secret = declaredSecret(from, declared);
    const shared = exported?.has(secret.name) === true ? { ...secret, export: [{ namespace }] } : secret;
    if (declared.explicit === undefined) return shared;
    return withValue(from, shared, declared, explicitValues);
  });
  const others = (sharing.imported.get(service.name) ?? []).map(
    ({ name, kind, from: owner }): CompleteSecret => ({
      name,
      kind,
      import: { session: `${namespace}/${owner}`, secret: name },
    }),
  );
  return [...own, ...others];
}

/** A declared secret with the variables of the mesh in its texts. */
function declaredSecret({ service, lookup }: SecretInput, declared: SecretDeclaration): CompleteSecret {
  const text = (field: string, value: string) =>
    renderTemplate(value, lookup, `${field} of the secret ${declared.name} of ${service.name}`, service.at);
  const { name, kind, size, explicit: _, ...fields } = declared;
  const rendered = Object.entries(fields).map(([field, value]) => [
    field,
    typeof value === 'string'
      ? text(field, value)
      : Array.isArray(value)
        ? value.map((one) => text(field, one))
        : value,
  ]);
  const sized = kind === 'ascii' || kind === 'binary';
  return {
    name: text('name', name),
    kind,
    ...(sized ? { size: size ?? defaultSecretSize } : {}),
    ...(Object.fromEntries(rendered) as Omit<CompleteSecret, 'name'>),
  };
}

function withValue(
  { input, service, descriptor, salt }: SecretInput,
  secret: CompleteSecret,
  { name }: SecretDeclaration,
  explicitValues: { [secret: string]: string },
): CompleteSecret {
  const value = input.explicit.get(service.image)?.get(name);
  if (value === undefined) {
    throw new SconeError('E_VARIABLE', `the value of the secret ${name} is not known on this machine`, {
      at: service.at,
      hint: `apply the service manifest of ${descriptor.name} here: explicit values are never in an image`,
    });
  }
  if (secret.kind === 'aad-token') return { ...secret, application_secret: value };
  if (salt === undefined) throw new SconeError('E_INTERNAL', `no salt was given for the session of ${service.name}`);
  explicitValues[secret.name] = value;
  return { ...secret, value_hmac: explicitValueHmac(fromHex(salt, 16, 'salt'), secret.name, value) };
}
