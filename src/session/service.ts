import { z } from 'zod';
import { splitWords } from '../language/words.ts';
import { normaliseAttestation, type Surroundings } from './attestation.ts';
import type { CompleteImage, CompleteSecret, CompleteService } from './complete.ts';
import { text } from './fields.ts';
import { checkFragments, isFragment } from './fragment.ts';
import { checkText } from './placeholder-check.ts';
import { parseVariable } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { passwordPattern } from './security-schema.ts';
import type { ParsedService } from './service-schema.ts';
import { withoutNothing } from './share.ts';

const commandSchema = z.union([text, z.array(text)], {
  error: 'must be a list of texts, the program first',
});

export function normaliseService(
  service: ParsedService,
  path: Path,
  images: readonly CompleteImage[],
  surroundings: Surroundings,
  problems: Problems,
): CompleteService {
  const { secrets } = surroundings;
  const { pwd, image_name, fspf_key, platforms, one_time_password_shared_secret: password } = service;
  const environment = service.environment ?? (Object.create(null) as { [name: string]: string });
  const command = commandOf(service.command, [...path, 'command'], problems);
  command.forEach((word, index) => checkText([...path, 'command', index], word, secrets, problems));
  for (const [name, value] of Object.entries(environment)) {
    const fromHost = parseVariable(name, '').name !== name;
    if (!fromHost) checkText([...path, 'environment', name], value, secrets, problems);
  }
  if (image_name !== undefined && !images.some((image) => image.name === image_name)) {
    problems.error([...path, 'image_name'], `is ${image_name}, which images does not define`);
  }
  checkFragments(platforms ?? [], [...path, 'platforms'], secrets, problems);
  if (isFragment(fspf_key)) checkText([...path, 'fspf_key'], fspf_key, secrets, problems);
  if (
    service.fspf_tag === undefined &&
    service.fspf_path !== undefined &&
    service.fspf_update_policy !== 'no_rollback_protection'
  ) {
    problems.error(path, 'lacks "fspf_tag"', {
      hint: 'write it, or fspf_update_policy: no_rollback_protection, which protects from nothing older',
    });
  }
  if (password !== undefined) checkPassword(password, [...path, 'one_time_password_shared_secret'], secrets, problems);
  for (const field of ['persistency', 'tags'] as const) {
    if (service[field] !== undefined) problems.ignored([...path, field]);
  }
  return {
    name: service.name,
    command,
    ...(pwd === undefined ? {} : { pwd }),
    environment,
    init_data: service.init_data ?? [],
    attestation: normaliseAttestation(service, path, surroundings, problems),
    ...(image_name === undefined ? {} : { image_name }),
    ...withoutNothing({
      fspf_path: service.fspf_path,
      fspf_key: isFragment(fspf_key) ? fspf_key : fspf_key?.toLowerCase(),
      fspf_tag: service.fspf_tag?.toLowerCase(),
      fspf_update_policy:
        service.fspf_update_policy ??
        (service.fspf_path === undefined ? undefined : 'rollback_protected_reinitializable'),
      platforms: platforms?.map((platform) => (/^[0-9a-fA-F]{64}$/.test(platform) ? platform.toLowerCase() : platform)),
      one_time_password_shared_secret: password,
    }),
  };
}

/** The secret of one-time passwords: base32 of at least 128 bits, or a placeholder in that form. */
export function checkPassword(value: string, path: Path, secrets: readonly CompleteSecret[], problems: Problems): void {
  if (value.includes('$$SCONE::')) {
    checkText(path, value, secrets, problems);
    return;
  }
  if (passwordPattern.test(value)) return;
  problems.error(path, 'must be base32 of at least 128 bits, or a placeholder', {
    expected: '26 or more of A-Z 2-7, or $$SCONE::name:base32nopad$$',
  });
}

/** A text is split at blanks, with quotes; there is no shell. Nothing where there is no command. */
function commandOf(given: unknown, path: Path, problems: Problems): string[] {
  if (given === undefined || given === null) return [];
  const command = problems.check(commandSchema, given, path);
  if (typeof command !== 'string') return command ?? [];
  const words = splitWords(command);
  if (words === undefined)
    problems.error(path, 'has a quote that is not closed', { hint: 'close it with the same quote' });
  else if (words.argv.length === 0) problems.error(path, 'is empty; it begins with the program');
  return words?.argv ?? [];
}
