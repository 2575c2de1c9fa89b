import type { CompleteImage, CompleteSecret, CompleteService, CompleteVariant, UnsupportedPart } from './complete.ts';
import { isFragment } from './fragment.ts';
import { unsupportedText } from './placeholder-check.ts';
import { parseVariable } from './placeholders.ts';
import type { Path } from './problems.ts';

const laterServiceFields = [
  'fspf_path',
  'fspf_key',
  'fspf_tag',
  'fspf_update_policy',
  'platforms',
  'one_time_password_shared_secret',
] as const;

/** What of a service is not supported. */
export function serviceParts(
  service: CompleteService,
  path: Path,
  secrets: readonly CompleteSecret[],
): UnsupportedPart[] {
  const parts: UnsupportedPart[] = laterServiceFields
    .filter((field) => service[field] !== undefined)
    .map((field) => ({ path: [...path, field], what: `${field} of a service` }));
  if (service.command.length === 0) {
    parts.push({ path, what: 'a service without a command', hint: 'write command: [python3, app.py]' });
  }
  service.command.forEach((word, index) => parts.push(...unsupportedText([...path, 'command', index], word, secrets)));
  for (const [name, value] of Object.entries(service.environment)) {
    const fromHost = parseVariable(name, '').name !== name;
    if (!fromHost) parts.push(...unsupportedText([...path, 'environment', name], value, secrets));
  }
  service.attestation.forEach((variant, index) => {
    const what = variantPart(variant);
    if (what !== undefined) parts.push({ path: [...path, 'attestation', index], what });
  });
  return parts;
}

function variantPart(variant: CompleteVariant): string | undefined {
  if (typeof variant === 'string') return 'a fragment in attestation';
  if ('tdx' in variant) return 'attestation of tdx';
  if ('snp' in variant) return 'attestation of snp';
  const { mrenclave, ...signer } = 'sim' in variant ? variant.sim : (variant.sgx as { [field: string]: unknown });
  if (Array.isArray(mrenclave) && mrenclave.some(isFragment)) return 'a placeholder in mrenclave';
  if (Object.values(signer).some(isFragment)) return 'a placeholder in a signer';
  if (mrenclave !== undefined && Object.keys(signer).length > 0) return 'mrenclave beside a signer';
  if ('isvsvn' in signer) return 'isvsvn of a signer';
  if ('isvsvn_max' in signer) return 'isvsvn_max of a signer';
  if ('mrsigner' in signer && !('isvsvn_min' in signer)) return 'a signer without isvsvn_min';
  return undefined;
}

/** What of an image is not supported. */
export function imageParts(image: CompleteImage, path: Path, secrets: readonly CompleteSecret[]): UnsupportedPart[] {
  const parts: UnsupportedPart[] = [];
  image.injection_files.forEach((file, index) => {
    const at = [...path, 'injection_files', index];
    if (typeof file !== 'string') {
      parts.push(...unsupportedText([...at, 'content'], file.content ?? '', secrets, true));
      return;
    }
    parts.push({
      path: at,
      what: 'an injection file whose template lies in the file system',
      hint: 'write {path, content}',
    });
  });
  for (const field of ['volumes', 'provide_secrets'] as const) {
    if (image[field] !== undefined) parts.push({ path: [...path, field], what: `${field} of an image` });
  }
  return parts;
}
