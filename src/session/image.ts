import { checkParts } from './placeholder-check.ts';
import { parsePlaceholders } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import type { ParsedSessionDocument } from './schema.ts';
import type { SessionImage, SessionSecret } from './types.ts';

export function normaliseImage(
  image: ParsedSessionDocument['images'][number],
  path: Path,
  secrets: readonly SessionSecret[],
  problems: Problems,
): SessionImage {
  for (const field of ['volumes', 'provide_secrets', 'mrenclaves', 'tags'] as const) {
    if (image[field] !== undefined) problems.notYet([...path, field], `${field} of an image`);
  }
  const files = image.injection_files.flatMap((file, index): SessionImage['injection_files'] => {
    const at = [...path, 'injection_files', index];
    if (typeof file === 'string') {
      problems.notYet(at, 'an injection file whose template lies in the file system', 'write {path, content}');
      return [];
    }
    const { content, permission } = file;
    if (content !== undefined) checkParts(at, () => parsePlaceholders(content), secrets, true, problems);
    return [
      {
        path: file.path,
        ...(content === undefined ? {} : { content }),
        ...(permission === undefined ? {} : { permission: `0${permission.slice(-3)}` }),
      },
    ];
  });
  const seen = new Set<string>();
  files.forEach((file, index) => {
    if (seen.has(file.path)) problems.error([...path, 'injection_files', index], `repeats the path ${file.path}`);
    seen.add(file.path);
  });
  return { name: image.name, injection_files: files };
}
