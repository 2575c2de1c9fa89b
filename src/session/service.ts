import { normaliseAttestation } from './attestation.ts';
import { checkParts } from './placeholder-check.ts';
import { parseArgument, parseVariable } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import type { ParsedService } from './schema.ts';
import type { SessionImage, SessionSecret, SessionService } from './types.ts';

const laterServiceFields = [
  'fspf_path',
  'fspf_key',
  'fspf_tag',
  'fspf_update_policy',
  'platforms',
  'one_time_password_shared_secret',
  'tags',
] as const;

export function normaliseService(
  service: ParsedService,
  path: Path,
  secrets: readonly SessionSecret[],
  images: readonly SessionImage[],
  problems: Problems,
): SessionService {
  for (const field of laterServiceFields) {
    if (service[field] !== undefined) problems.notYet([...path, field], `${field} of a service`);
  }
  const { pwd, image_name } = service;
  const environment = service.environment ?? (Object.create(null) as { [name: string]: string });
  if (typeof service.command === 'string') {
    problems.notYet([...path, 'command'], 'a command as one text', 'write a list: command: [python3, print_env.py]');
  }
  const command = typeof service.command === 'string' ? [service.command] : service.command;
  command.forEach((word, index) =>
    checkParts([...path, 'command', index], () => parseArgument(word), secrets, false, problems),
  );
  for (const [name, value] of Object.entries(environment)) {
    checkParts([...path, 'environment', name], () => parseVariable(name, value).parts, secrets, false, problems);
  }
  if (image_name !== undefined && !images.some((image) => image.name === image_name)) {
    problems.error([...path, 'image_name'], `is ${image_name}, which images does not define`);
  }
  return {
    name: service.name,
    command,
    ...(pwd === undefined ? {} : { pwd }),
    environment,
    init_data: service.init_data ?? [],
    attestation: normaliseAttestation(service, path, problems),
    ...(image_name === undefined ? {} : { image_name }),
  };
}
