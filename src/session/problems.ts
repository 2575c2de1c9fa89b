import type { z } from 'zod';
import { type ErrorDetails, type Position, SconeError } from '../core/errors.ts';
import { repeated } from '../language/repeat.ts';
import type { UnsupportedPart } from './complete.ts';

export type Path = readonly (string | number)[];

/**
 * A session as it was given: a value, and where its parts stand, if it came from a file. A reader of files may bring
 * a better `check`, which knows positions and what was probably meant.
 */
export interface SessionSource {
  /** A name for messages: that of the file. */
  readonly file: string;
  readonly value: unknown;
  /** It was sent or stored, and nobody wrote it by hand: other spellings than the normal one are refused. */
  readonly sent?: true;
  at?(path: Path): Position;
  check?<T>(schema: z.ZodType<T>, path: Path): { value?: T; problems: SconeError[] };
}

/** More than anybody will read. */
const mostProblems = 100;

/** What is wrong with a session; everything at once, up to a limit. */
export class Problems {
  readonly warnings: SconeError[] = [];
  private readonly errors: SconeError[] = [];
  private more = 0;
  private readonly source: SessionSource;

  constructor(source: SessionSource) {
    this.source = source;
  }

  /** The session, or the part of it at a path, by a schema; nothing where more is wrong than unknown keys. */
  check<T>(schema: z.ZodType<T>, value: unknown, path: Path = []): T | undefined {
    if (this.source.check !== undefined) {
      const { value: checked, problems } = this.source.check(schema, path);
      for (const problem of problems) this.add(problem);
      return checked;
    }
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const at = [...path, ...issue.path.filter((step) => typeof step !== 'symbol')];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys)
          this.error(at, `has the key "${repeated(key)}", which the language does not know`);
      } else this.error(at, sentence(issue));
    }
    return undefined;
  }

  /** `rule` completes a sentence that begins with the field. */
  error(path: Path, rule: string, details: ErrorDetails = {}): void {
    if (this.full()) return;
    this.errors.push(this.make('E_SESSION', path, rule, details));
  }

  warning(path: Path, rule: string, details: ErrorDetails = {}): void {
    if (this.warnings.length > mostProblems) return;
    this.warnings.push(
      this.warnings.length < mostProblems
        ? this.make('E_SESSION', path, rule, details)
        : new SconeError('E_SESSION', `${this.source.file} has more warnings, which are not listed`),
    );
  }

  notYet(part: UnsupportedPart): void {
    this.add(this.notYetError(part));
  }

  /** The error for something known that is not supported yet. */
  notYetError({
    path,
    what,
    rule,
    hint = 'remove it, or wait for a version of sconectl that supports it',
  }: UnsupportedPart): SconeError {
    const at = this.source.at?.(path);
    const message = rule === undefined ? `${what} is known, and not supported yet` : `${pathText(path)} ${rule}`;
    return new SconeError('E_NOT_YET', message, { hint, ...(at === undefined ? {} : { at }) });
  }

  /** A spelling that only files may have, where the warning is seen. */
  alias(path: Path, rule: string, hint: string): void {
    if (this.source.sent === true) this.error(path, 'has a form that only session files may have', { hint });
    else this.warning(path, rule, { hint });
  }

  /** A key that was harmless in older files and has no effect. */
  ignored(path: Path): void {
    this.alias(path, 'is ignored: it has no effect', 'remove it');
  }

  /** Records what a parser of one field throws. */
  attempt<T>(path: Path, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof SconeError)) throw error;
      const { expected, found, hint } = error;
      this.error(path, `is refused: ${error.message}`, {
        ...(expected === undefined ? {} : { expected }),
        ...(found === undefined ? {} : { found }),
        ...(hint === undefined ? {} : { hint }),
      });
      return undefined;
    }
  }

  /** Throws if anything was wrong: one problem as it is, several as one error with all of them. */
  settle(): void {
    const [first] = this.errors;
    if (first === undefined) return;
    const errors = this.errors.toSorted(byPosition);
    const code = errors.every((error) => error.code === 'E_NOT_YET') ? 'E_NOT_YET' : 'E_SESSION';
    const at = errors[0]?.at;
    const count = errors.length + this.more;
    if (this.more > 0) {
      errors.push(new SconeError(code, `${this.source.file} has ${this.more} problems more, which are not listed`));
    }
    throw new SconeError(code, `${this.source.file} has ${count === 1 ? 'a problem' : `${count} problems`}`, {
      errors,
      // The API carries no list of errors: there the causes say what is wrong.
      causes: errors.slice(0, 20).map((error) => error.message),
      ...(at === undefined ? {} : { at }),
      ...(first.hint === undefined ? {} : { hint: first.hint }),
    });
  }

  private add(problem: SconeError): void {
    if (!this.full()) this.errors.push(problem);
  }

  /** Counts what finds no place any more: a position costs time, and there may be very many. */
  private full(): boolean {
    if (this.errors.length < mostProblems) return false;
    this.more++;
    return true;
  }

  private make(code: 'E_SESSION', path: Path, rule: string, details: ErrorDetails): SconeError {
    const at = this.source.at?.(path);
    return new SconeError(code, `${pathText(path)} ${rule}`, { ...(at === undefined ? {} : { at }), ...details });
  }
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    const expected = { string: 'text', array: 'list', object: 'map' }[String(issue.expected)] ?? issue.expected;
    return `must be a ${expected}`;
  }
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`;
  return issue.message;
}

function pathText(path: Path): string {
  const text = path.reduce<string>((text, step) => text + (typeof step === 'number' ? `[${step}]` : `.${step}`), '');
  return text === '' ? 'the session' : text.slice(1);
}

function byPosition(a: SconeError, b: SconeError): number {
  return (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0);
}
