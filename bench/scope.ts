import type { TestContext } from 'node:test';

/**
 * What one subject gives back when it is over: files, processes, mounts. The same form as a test's context, so that the
 * helpers of tests serve here too.
 */
export class Scope implements Pick<TestContext, 'after'> {
  private readonly steps: (() => unknown)[] = [];

  after(step?: unknown): void {
    if (typeof step === 'function') this.steps.push(step as () => unknown);
  }

  /** Undoes everything, the last thing first; a step that fails does not keep the others from being done. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'something was left behind');
  }
}
