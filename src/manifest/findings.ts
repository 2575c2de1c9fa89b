import { type ErrorDetails, SconeError } from '../core/errors.ts';
import { pathText } from './problems.ts';
import type { Unsupported } from './service.ts';
import type { Path, YamlSource } from './yaml.ts';

/** More than anybody will read; what is found beyond is dropped, so that hostile files take no time. */
const most = 300;

/** What came to light about one file: errors, warnings, and known fields that are not supported yet. */
export class Findings {
  readonly problems: SconeError[] = [];
  readonly warnings: SconeError[] = [];
  readonly unsupported: Unsupported[] = [];
  readonly source: YamlSource;
  private readonly what: string;

  /** @param what how to call the whole document: `a service manifest` */
  constructor(source: YamlSource, what: string) {
    this.source = source;
    this.what = what;
  }

  /** Whether nothing more is taken. */
  get full(): boolean {
    return this.problems.length >= most;
  }

  /**
   * `rule` completes a sentence that begins with the field.
   *
   * @param details a function where they take time to make
   */
  problem(path: Path, rule: string, details: ErrorDetails | (() => ErrorDetails) = {}): void {
    if (this.full) return;
    this.problems.push(this.error(path, rule, typeof details === 'function' ? details() : details));
  }

  warning(path: Path, rule: string, details: ErrorDetails = {}): void {
    if (this.warnings.length < most) this.warnings.push(this.error(path, rule, details));
  }

  /**
   * @param what the field or value by name: `build.volumes`, `the secret kind x509`
   * @param hint what to do instead, where there is something
   */
  notYet(path: Path, what: string, hint?: string): void {
    if (this.unsupported.length < most)
      this.unsupported.push({ what, at: this.source.keyAt(path), ...(hint === undefined ? {} : { hint }) });
  }

  /** Names that stand in a list more than once; `rule` completes a sentence that begins with the entry. */
  repeated(paths: readonly { name: string; path: Path }[], say: (path: Path, name: string) => void): void {
    const seen = new Set<string>();
    for (const { name, path } of paths) {
      if (seen.has(name)) say(path, name);
      seen.add(name);
    }
  }

  private error(path: Path, rule: string, details: ErrorDetails): SconeError {
    return new SconeError(this.source.code, `${pathText(path, this.what)} ${rule}`, {
      at: this.source.at(path),
      ...details,
    });
  }
}
