import { after, type TestContext } from 'node:test';

/** What a whole test file shares and gives back when its last test is over; call it at the top of the file. */
export function fileScope(): Pick<TestContext, 'after'> {
  const undo: (() => unknown)[] = [];
  after(async () => {
    for (const step of undo.reverse()) await step();
  });
  return {
    after: (step) => {
      if (step !== undefined) undo.push(step as () => unknown);
    },
  };
}
