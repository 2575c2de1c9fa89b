/** One finished test, of Node or of Go. */
export interface Result {
  /** File or Go package, relative to the project. */
  where: string;
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  seconds: number;
  /** Why it failed, or why it was skipped. */
  why?: string;
}

/** Whether a test judged evidence that real hardware produced. */
export function isGenuine(name: string): boolean {
  return name.startsWith('genuine:');
}

/** All results of a run, and what they add up to. */
export class Tally {
  readonly results: Result[] = [];
  private readonly skipFails: boolean;

  /** @param skipFails a skipped test counts as a failure (`SCONECTL_REQUIRE=all`) */
  constructor(skipFails: boolean) {
    this.skipFails = skipFails;
  }

  add(result: Result): void {
    this.results.push(result);
  }

  get failures(): Result[] {
    return this.results.filter(({ outcome }) => outcome === 'failed' || (this.skipFails && outcome === 'skipped'));
  }

  get skipped(): Result[] {
    return this.skipFails ? [] : this.results.filter(({ outcome }) => outcome === 'skipped');
  }

  get passed(): number {
    return this.results.filter(({ outcome }) => outcome === 'passed').length;
  }

  get genuine(): number {
    return this.results.filter(({ outcome, name }) => outcome === 'passed' && isGenuine(name)).length;
  }

  /** The closing lines: skipped and failed tests by name, then the counts that a CI reads. */
  summary(): string {
    const lines: string[] = [];
    for (const { where, name, why } of this.skipped)
      lines.push(`skipped  ${where}: ${name} (${why ?? 'no reason given'})`);
    for (const { where, name, outcome } of this.failures) {
      lines.push(
        `FAILED   ${where}: ${name}${outcome === 'skipped' ? ' (skipped, and SCONECTL_REQUIRE=all is set)' : ''}`,
      );
    }
    lines.push(`genuine-evidence tests run: ${this.genuine}`);
    const skips = this.skipped.length === 0 ? '' : `, ${this.skipped.length} skipped`;
    lines.push(`${this.passed} passed, ${this.failures.length} failed${skips}`);
    return lines.join('\n');
  }
}
