import { z } from 'zod';
import type { CompleteFile, CompleteImage, CompleteSecret, SessionVolume } from './complete.ts';
import { text } from './fields.ts';
import { injectionFileSchema, type ParsedImage } from './image-schema.ts';
import { checkText } from './placeholder-check.ts';
import type { Path, Problems } from './problems.ts';

const fileSchema = z.union([text, injectionFileSchema], {
  error: 'must be {path, content, permission} with an absolute path and octal permission, or a path',
});

export function normaliseImage(
  image: ParsedImage,
  path: Path,
  secrets: readonly CompleteSecret[],
  volumes: readonly SessionVolume[],
  problems: Problems,
): CompleteImage {
  if (image.mrenclaves !== undefined) {
    problems.error([...path, 'mrenclaves'], 'belongs to the service since 0.3', {
      hint: 'move it to the services that have this image: attestation',
    });
  }
  if (image.tags !== undefined) problems.ignored([...path, 'tags']);
  const files = image.injection_files.flatMap((file, index): CompleteImage['injection_files'] => {
    const at = [...path, 'injection_files', index];
    const checked = problems.check(fileSchema, file, at);
    if (checked === undefined) return [];
    return [typeof checked === 'string' ? checked : normaliseFile(checked, at, secrets, problems)];
  });
  const pathOf = (file: CompleteFile | string) => (typeof file === 'string' ? file : file.path);
  repeated(files.map(pathOf), (index, name) =>
    problems.error([...path, 'injection_files', index], `repeats the path ${name}`),
  );
  const volumeNames = new Set(volumes.map(({ name }) => name));
  const secretNames = new Set(secrets.map(({ name }) => name));
  image.volumes?.forEach(({ name }, index) => {
    if (volumeNames.has(name)) return;
    problems.error([...path, 'volumes', index, 'name'], `is ${name}, which volumes does not define`);
  });
  repeated(image.volumes?.map((mount) => mount.path) ?? [], (index, name) =>
    problems.error([...path, 'volumes', index, 'path'], `is ${name} a second time`),
  );
  image.provide_secrets?.forEach((name, index) => {
    if (secretNames.has(name)) return;
    problems.error([...path, 'provide_secrets', index], `is ${name}, which secrets does not define`);
  });
  return {
    name: image.name,
    injection_files: files,
    ...(image.volumes === undefined
      ? {}
      : {
          volumes: image.volumes.map(({ name, path: where, update_policy = 'rollback_protected' }) => ({
            name,
            path: where,
            update_policy,
          })),
        }),
    ...(image.provide_secrets === undefined ? {} : { provide_secrets: image.provide_secrets }),
  };
}

function normaliseFile(
  file: z.infer<typeof injectionFileSchema>,
  at: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteFile {
  const { content, permission } = file;
  if (content !== undefined) checkText(at, content, secrets, problems);
  return {
    path: file.path,
    ...(content === undefined ? {} : { content }),
    ...(permission === undefined ? {} : { permission: `0${permission.slice(-3)}` }),
  };
}

function repeated(names: readonly string[], say: (index: number, name: string) => void): void {
  const seen = new Set<string>();
  names.forEach((name, index) => {
    if (seen.has(name)) say(index, name);
    seen.add(name);
  });
}
