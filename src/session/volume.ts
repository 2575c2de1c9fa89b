import type { CompleteSecret, SessionVolume } from './complete.ts';
import { isFragment } from './fragment.ts';
import type { ParsedVolume } from './image-schema.ts';
import { checkText } from './placeholder-check.ts';
import type { Path, Problems } from './problems.ts';
import { normaliseVolumeExports, normaliseVolumeImport } from './share.ts';

export function normaliseVolume(
  volume: ParsedVolume,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): SessionVolume {
  const { name, fspf_key: key, fspf_tag: tag } = volume;
  const exports = normaliseVolumeExports(volume.export, [...path, 'export'], problems);
  const imported = normaliseVolumeImport(volume.import, name, [...path, 'import'], problems);
  if (imported !== undefined) {
    for (const field of ['fspf_key', 'fspf_tag', 'export', 'files'] as const) {
      if (volume[field] === undefined || volume[field] === null) continue;
      problems.error([...path, field], 'stands beside import', { hint: 'the other session decides it: remove it' });
    }
  } else if ((key === undefined) !== (tag === undefined)) {
    problems.error(path, 'has only one of fspf_key and fspf_tag', {
      hint: 'write both for a volume that exists, none for a new one',
    });
  }
  if (isFragment(key)) checkText([...path, 'fspf_key'], key, secrets, problems);
  return {
    name,
    ...(imported === undefined ? { files: volume.files ?? 'encrypted' } : {}),
    ...(key === undefined ? {} : { fspf_key: isFragment(key) ? key : key.toLowerCase() }),
    ...(tag === undefined ? {} : { fspf_tag: tag.toLowerCase() }),
    ...(exports.length === 0 ? {} : { export: exports }),
    ...(imported === undefined ? {} : { import: imported }),
  };
}
