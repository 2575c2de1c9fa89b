import type { SconeError } from '../../core/errors.ts';
import { paint, printable, problemsOf, renderError } from './render.ts';
import type { Outcome, Reporter, Streams } from './reporter.ts';

/** For logs and pipes: one line for each thing that happens, nothing is ever overwritten. */
export class PlainReporter implements Reporter {
  protected readonly streams: Streams;

  constructor(streams: Streams) {
    this.streams = streams;
  }

  progress(text: string): void {
    this.streams.err(`${printable(text)}\n`);
  }

  notice(text: string): void {
    this.streams.err(`${paint(this.streams, ['bold', 'yellow'], printable(text))}\n`);
  }

  warning(warning: SconeError): void {
    this.streams.err(renderError(this.streams, warning, 'warning'));
  }

  success(outcome: Outcome): void {
    if (outcome.streamed !== true && outcome.text !== '') this.streams.out(`${printable(outcome.text)}\n`);
  }

  failure(error: SconeError): void {
    for (const problem of problemsOf(error)) this.streams.err(renderError(this.streams, problem, 'error'));
  }

  pause(): void {
    // Every line is complete already.
  }
}
