import type { SconeError } from '../../core/errors.ts';
import { PlainReporter } from './plain.ts';
import { paint, printable } from './render.ts';
import type { Outcome } from './reporter.ts';

const clearLine = '\r\u001b[2K';
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** For a terminal: the step in work moves at the bottom, with its seconds; a finished one stays with its time. */
export class InteractiveReporter extends PlainReporter {
  private step: { text: string; began: number; frame: number } | undefined;
  private timer: NodeJS.Timeout | undefined;

  override progress(text: string): void {
    this.end('✓', 'green');
    this.step = { text: printable(text), began: performance.now(), frame: 0 };
    this.draw();
    this.timer ??= setInterval(() => this.draw(), 100).unref();
  }

  override notice(text: string): void {
    this.above(() => super.notice(text));
  }

  override warning(warning: SconeError): void {
    this.above(() => super.warning(warning));
  }

  override success(outcome: Outcome): void {
    this.end('✓', 'green');
    super.success(outcome);
  }

  override failure(error: SconeError): void {
    this.end('✗', 'red');
    super.failure(error);
  }

  override pause(): void {
    this.end('✓', 'green');
  }

  private draw(): void {
    if (this.step === undefined) return;
    const { text, began, frame } = this.step;
    this.step.frame++;
    const seconds = (performance.now() - began) / 1000;
    const time = seconds < 1 ? '' : ` ${seconds.toFixed(0)} s`;
    const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
    const line = `${frames[frame % frames.length]} ${text}`.slice(0, width - time.length);
    this.streams.err(`${clearLine}${line}${time}`);
  }

  private end(mark: string, colour: 'green' | 'red'): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (this.step === undefined) return;
    const { text, began } = this.step;
    this.step = undefined;
    const seconds = (performance.now() - began) / 1000;
    const time = seconds < 0.1 ? '' : paint(this.streams, 'dim', ` ${seconds.toFixed(1)} s`);
    this.streams.err(`${clearLine}${paint(this.streams, colour, mark)} ${text}${time}\n`);
  }

  /** Writes above the line of the step in work. */
  private above(write: () => void): void {
    if (this.step !== undefined) this.streams.err(clearLine);
    write();
    this.draw();
  }
}
