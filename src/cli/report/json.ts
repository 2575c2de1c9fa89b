import type { SconeError } from '../../core/errors.ts';
import { PlainReporter } from './plain.ts';
import { problemsOf } from './render.ts';
import type { Outcome } from './reporter.ts';

/** For programs: exactly one document, in one line, on standard output; progress, notices and warnings stay on standard error. */
export class JsonReporter extends PlainReporter {
  override success(outcome: Outcome): void {
    if (outcome.streamed !== true) this.document({ ok: true, result: outcome.result });
  }

  override failure(error: SconeError): void {
    this.document({ ok: false, errors: problemsOf(error) });
  }

  private document(value: unknown): void {
    this.streams.out(`${JSON.stringify(value)}\n`);
  }
}
