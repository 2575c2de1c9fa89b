import { z } from 'zod';
import { volumePolicies } from '../language/vocabulary.ts';
import {
  absolutePath,
  choice,
  folderPath,
  freeName,
  list,
  matching,
  optional,
  orPlaceholder,
  shapes,
  text,
  words,
} from './fields.ts';
import { has, lacks, some, when } from './rules.ts';
import { volumeExportSchema, volumeExportUrl, volumeImportSchema, volumeImportUrl } from './share-schema.ts';

export const injectionFileSchema = z.strictObject({
  path: absolutePath({ description: 'where the program finds it', example: '/etc/app/password' }),
  content: optional(words({ description: 'its text; may hold placeholders', default: 'empty' })),
  permission: optional(
    matching(/^0?o?0?[0-7]{3}$/, 'must be octal, such as 0400', { description: 'its permissions', example: '0o400' }),
  ),
});

const mount = z.strictObject({
  name: words({ description: 'a volume' }),
  path: folderPath({ description: 'where it is mounted', example: '/data' }),
  update_policy: optional(
    choice(volumePolicies, { description: 'what happens when its content changes', default: 'rollback_protected' }),
  ),
});

export const imageSchema = z.strictObject({
  name: freeName({ description: 'name for image_name' }),
  injection_files: list(
    shapes({ description: 'a file, or the path of one in the file system that is a template' }, () => [
      injectionFileSchema,
      text,
    ]),
    { description: 'files that only the program sees' },
  ),
  volumes: optional(z.array(mount).meta({ description: 'volumes and where they are mounted', support: 'refused' })),
  provide_secrets: optional(
    z.array(words({ description: 'name of a secret' })).meta({
      description: 'secrets for templates in the file system and for the program itself',
      default: 'all for templates, none for the program',
      since: '0.3.11',
      support: 'refused',
    }),
  ),
  mrenclaves: optional(z.unknown().meta({ description: 'of versions 0.1 and 0.2; an error since 0.3', not: {} })),
  tags: optional(z.unknown().meta({ description: 'of versions 0.1 and 0.2', support: 'ignored' })),
});

const volumeFields = z.strictObject({
  name: freeName({ description: 'name of the volume', example: 'data' }),
  files: optional(
    choice(['encrypted', 'authenticated-only'], {
      description: 'how its files are protected',
      default: 'encrypted',
      since: '0.3.11',
    }),
  ),
  fspf_key: optional(
    orPlaceholder(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits', { description: 'key of a volume that exists' }),
  ),
  fspf_tag: optional(
    matching(/^[0-9a-fA-F]{32}$/, 'must be 32 hex digits', { description: 'tag of a volume that exists' }),
  ),
  export: shapes({ description: 'sessions that may use it: one of these or a list' }, () => [
    volumeExportSchema,
    volumeExportUrl,
    z.array(z.union([volumeExportSchema, volumeExportUrl])),
  ]).optional(),
  import: shapes({ description: 'the volume is of another session' }, () => [
    volumeImportSchema,
    volumeImportUrl,
  ]).optional(),
});

export const volumeSchema = volumeFields.meta({
  also: {
    allOf: [
      when(has('import'), lacks('fspf_key', 'fspf_tag', 'export', 'files')),
      some(has('fspf_key', 'fspf_tag'), lacks('fspf_key', 'fspf_tag')),
    ],
  },
});

export const images = list(imageSchema, { description: 'files and volumes of services' });
export const volumes = optional(z.array(volumeSchema).meta({ description: 'encrypted volumes', support: 'refused' }));
export type ParsedImage = z.infer<typeof imageSchema>;
export type ParsedVolume = z.infer<typeof volumeSchema>;
