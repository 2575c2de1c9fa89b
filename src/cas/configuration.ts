import type { AttestAnswer, Element } from '../api/answers.ts';
import type { Ability } from '../api/claims.ts';
import { base64, concat, utf8, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type Part, parseArgument, parsePlaceholders, parseVariable } from '../session/placeholders.ts';
import { resolveReference, secretBytes } from '../session/secret-text.ts';
import type { InjectionFile, Session, SessionService } from '../session/types.ts';

/** What a service is given, except what says where it came from. */
export type Configuration = Pick<AttestAnswer, 'argv' | 'pwd' | 'environment' | 'files'>;

/** The user services run as unless their image says otherwise; the runtime writes files as itself. */
const serviceUser = 65_532;
const privateMode = '0400';

/**
 * Refuses host arguments that no runtime has, and variables of the host that the session sets itself: one of the two
 * would silently count. The session room checks everything else about placeholders.
 */
export function demandHostArguments(session: Session): void {
  for (const service of session.services) {
    if (
      service.command.some((argument) =>
        parseArgument(argument).some((part) => 'host_arg' in part && part.host_arg < 1),
      )
    ) {
      throw new SconeError('E_SESSION', `the command of ${service.name} names the host argument 0`, {
        expected: '@@1 or higher',
        found: '@@0',
        hint: 'the host has no part in what argv[0] is; its arguments count from 1',
      });
    }
    for (const [key, value] of Object.entries(service.environment)) {
      const { name } = parseVariable(key, value);
      if (name === key || !Object.hasOwn(service.environment, name)) continue;
      throw new SconeError(
        'E_SESSION',
        `${service.name} sets the variable ${name}, and takes it from the host as well`,
        {
          hint: `remove ${name} or ${key}`,
        },
      );
    }
  }
}

/** What a runtime must be able to do for a service (H13). */
export function needsOf(session: Session, service: SessionService): Set<Ability> {
  const needs = new Set<Ability>();
  const parts = [
    ...service.command.flatMap((argument) => parseArgument(argument)),
    ...Object.entries(service.environment).flatMap(([name, value]) => parseVariable(name, value).parts),
  ];
  for (const part of parts) {
    if ('host_arg' in part) needs.add('argv-host');
    if ('host_env' in part) needs.add('env-host');
  }
  if (filesOf(session, service).length > 0) needs.add('files');
  return needs;
}

/**
 * Puts secrets in the places of placeholders. Each text is taken apart once, before any value is known, and no result
 * is looked at again (items 45 and 72): a value that reads like a placeholder or like `@@1` stays text.
 */
export function resolveService(
  session: Session,
  service: SessionService,
  secrets: ReadonlyMap<string, Uint8Array>,
): Configuration {
  const bytesOf = (part: Part): Uint8Array => {
    if ('text' in part) return utf8(part.text);
    if (!('secret' in part)) throw new SconeError('E_INTERNAL', 'a host value cannot be part of a text');
    const resolved = resolveReference(part, session.secrets);
    const value = secrets.get(resolved.secret.name);
    if (value === undefined) throw new SconeError('E_INTERNAL', `the secret ${resolved.secret.name} has no value`);
    return secretBytes(resolved, value);
  };
  const element = (parts: readonly Part[]): Element => {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      if ('host_arg' in only) return { host_arg: only.host_arg };
      if ('host_env' in only) return { host_env: only.host_env };
    }
    return { text: utf8Text(concat(...parts.map(bytesOf)), 'a resolved text') };
  };
  const environment: { [name: string]: Element } = Object.create(null);
  for (const [key, value] of Object.entries(service.environment)) {
    const { name, parts } = parseVariable(key, value);
    environment[name] = element(parts);
  }
  return {
    argv: service.command.map((argument) => element(parseArgument(argument))),
    pwd: service.pwd ?? '/',
    environment,
    files: filesOf(session, service).map((file) => ({
      path: file.path,
      mode: file.permission ?? privateMode,
      uid: serviceUser,
      gid: serviceUser,
      content: base64(concat(...parsePlaceholders(file.content ?? '').map(bytesOf))),
    })),
  };
}

function filesOf(session: Session, service: SessionService): readonly InjectionFile[] {
  return session.images.find(({ name }) => name === service.image_name)?.injection_files ?? [];
}
