import type { SconeError } from '../../core/errors.ts';
import { PlainReporter } from './plain.ts';
import { problemsOf } from './render.ts';
import type { Outcome } from './reporter.ts';

/**
 * For programs: exactly one document, in one line, on standard output, with the warnings where there are any. Progress,
 * notices and warnings for people stay on standard error.
 */
export class JsonReporter extends PlainReporter {
  private readonly warnings: SconeError[] = [];

  override warning(warning: SconeError): void {
    this.warnings.push(warning);
    super.warning(warning);
  }

  override success(outcome: Outcome): void {
    if (outcome.streamed !== true) this.document({ ok: true, result: outcome.result, ...this.told() });
  }

  override failure(error: SconeError): void {
    this.document({ ok: false, errors: problemsOf(error), ...this.told() });
  }

  private told(): { warnings?: readonly SconeError[] } {
    return this.warnings.length === 0 ? {} : { warnings: this.warnings };
  }

  private document(value: unknown): void {
    this.streams.out(`${JSON.stringify(value)}\n`);
  }
}
