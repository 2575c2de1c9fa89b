import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fileError, readIfThere, writeWhole } from '../client/file.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';

const texts = z.record(z.string(), z.string());
const document = z.strictObject({
  v: z.literal(1),
  /** By image name, then by secret. */
  explicit: z.record(z.string(), texts),
  /** By session name: 32 hex digits. */
  salts: texts,
});
type Document = z.infer<typeof document>;

/**
 * `target/private/`: what only the owner may read. Explicit secret values, which an image must not carry, and the
 * salts under which sessions hold their HMACs (architecture, decision 12).
 */
export class PrivateValues {
  private readonly folder: string;
  private readonly path: string;

  constructor(target: string) {
    this.folder = join(target, 'private');
    this.path = join(this.folder, 'values.json');
  }

  async read(): Promise<Document> {
    const bytes = await readIfThere(this.path);
    if (bytes === undefined) return { v: 1, explicit: {}, salts: {} };
    const parsed = document.safeParse(parseJson(bytes, this.path));
    if (parsed.success) return parsed.data;
    throw new SconeError('E_STORE', `${this.path} is damaged`, {
      hint: 'remove it and apply the service manifests again; the salts come back from the CAS',
    });
  }

  /** The explicit values of an image; none at all forgets those of an earlier build. */
  async keepExplicit(image: string, values: { [secret: string]: string }): Promise<void> {
    const { explicit, ...rest } = await this.read();
    if (Object.keys(values).length === 0 && !Object.hasOwn(explicit, image)) return;
    const { [image]: _, ...others } = explicit;
    await this.write({ ...rest, explicit: Object.keys(values).length === 0 ? others : { ...others, [image]: values } });
  }

  async keepSalts(salts: { [session: string]: string }): Promise<void> {
    const before = await this.read();
    const after = { ...before.salts, ...salts };
    if (JSON.stringify(after) !== JSON.stringify(before.salts)) await this.write({ ...before, salts: after });
  }

  private async write(values: Document): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      // A link that a repository brings would lead the values to where others read them.
      if (!(await lstat(this.folder)).isDirectory()) throw new Error('it is a link');
      await chmod(this.folder, 0o700);
    } catch (error) {
      throw fileError(this.folder, 'made', error);
    }
    await writeWhole(this.path, `${JSON.stringify(values, null, 2)}\n`, { mode: 0o600 });
  }
}
