import { sha256Hex } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { encodePath, isNormal, pathBytes, pathOfText } from '../oci/path.ts';
import { readContent } from '../oci/spool.ts';
import { resolveParent } from '../oci/tree.ts';
import { type Assembly, checkOwnPlace, place } from './assembly.ts';

export interface InjectionFile {
  path: string;
  content: string | null;
}

/** Files whose content container engines own; chart and `run` carry what a manifest says about them. */
const engineFiles = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];

/**
 * Makes each injected file a symbolic link into the memory of the runtime, `/run/scone/files/<first 16 hex digits of
 * SHA-256(path)>` (architecture.md, decision 5). A file that `build.copy` put at that path becomes the template, when
 * the manifest gives no content. Returns the files with their content.
 */
export async function placeInjections(
  assembly: Assembly,
  files: readonly InjectionFile[],
): Promise<{ files: InjectionFile[]; warnings: SconeError[] }> {
  const warnings: SconeError[] = [];
  const done: InjectionFile[] = [];
  for (const { path, content } of files) {
    const bytes = pathOfText(path);
    if (!isNormal(bytes) || bytes === '/') {
      throw new SconeError('E_MANIFEST', `injection_files: ${path} is no path of a file`);
    }
    if (engineFiles.includes(path)) {
      warnings.push(
        new SconeError(
          'E_MANIFEST',
          `injection_files: ${path} belongs to the container engine, so the host controls it`,
          {
            hint: 'Its content goes into the chart and into "sconectl run"; the runtime cannot vouch for it.',
          },
        ),
      );
      done.push({ path, content });
      continue;
    }
    checkOwnPlace(bytes, 'an injected file');
    const at = resolveParent(assembly.places, bytes);
    const template = content ?? (await textAt(assembly, at));
    if (template === undefined) {
      throw new SconeError('E_MANIFEST', `injection_files: ${path} has no content`, {
        expected: 'content in the manifest, or a template that build.copy puts at that path',
      });
    }
    const name = sha256Hex(pathBytes(bytes)).slice(0, 16);
    place(assembly, bytes, {
      type: 'symlink',
      mode: 0o777,
      uid: 0,
      gid: 0,
      target: `/run/scone/files/${name}`,
    });
    done.push({ path, content: template });
  }
  return { files: done, warnings };
}

async function textAt(assembly: Assembly, path: string): Promise<string | undefined> {
  const node = assembly.top.get(path);
  if (node?.type !== 'file') return undefined;
  if (node.size > 1 << 20) throw new SconeError('E_LIMIT', `the template ${encodePath(path)} is larger than 1 MiB`);
  const parts: Uint8Array[] = [];
  for await (const part of readContent(node.content, node.size)) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
