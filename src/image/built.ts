import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SconeError, systemCode } from '../core/errors.ts';
import { canonicalJson, type JsonObject, parseJson } from '../core/json.ts';
import { exclusively } from '../oci/exclusive.ts';
import { writeDurably } from '../oci/layout.ts';
import { refusalHint } from '../oci/storing.ts';

/** What this owner built under a name; an image of a registry is accepted when it has this digest. */
export interface BuiltImage {
  /** Of the manifest, `sha256:<hex>`. */
  digest: string;
  /** Rootfs digest, hex. */
  rootfs: string;
}

const fileName = 'images.json';

/** Makes `target/` with a `.gitignore` that keeps everything in it out of version control, before anything else. */
export async function makeTarget(target: string): Promise<void> {
  try {
    await mkdir(target, { recursive: true });
    await writeFile(join(target, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
  } catch (error) {
    const hint = refusalHint(error);
    throw new SconeError('E_STORE', `the folder ${target} cannot be written`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** Records an image in `target/images.json`. */
export async function recordBuilt(target: string, name: string, image: BuiltImage): Promise<void> {
  await makeTarget(target);
  await exclusively(target, async () => {
    const images = await readBuilt(target);
    images.set(name, image);
    const sorted = [...images].sort(([a], [b]) => (a < b ? -1 : 1));
    const document: { [name: string]: BuiltImage } = Object.create(null);
    for (const [other, built] of sorted) document[other] = built;
    await writeDurably(join(target, fileName), Buffer.from(`${canonicalJson({ v: 1, images: document })}\n`));
  });
}

/** The images that this owner built, by name. A damaged record is an `E_STORE`. */
export async function readBuilt(target: string): Promise<Map<string, BuiltImage>> {
  const file = join(target, fileName);
  const images = new Map<string, BuiltImage>();
  try {
    const bytes = await readFile(file);
    const document = parseJson(bytes, 'record of built images') as JsonObject;
    for (const [name, value] of Object.entries(document['images'] as JsonObject)) {
      const { digest, rootfs } = value as JsonObject;
      if (typeof digest !== 'string' || typeof rootfs !== 'string') throw new Error(`the entry ${name} is malformed`);
      images.set(name, { digest, rootfs });
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return images;
    throw new SconeError('E_STORE', `${file} is damaged`, { cause: error, hint: 'Remove it and build again.' });
  }
  return images;
}
